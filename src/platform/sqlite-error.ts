/** SQLite's primary result codes, as far as they tell apart whose fault an error is. */

/** BUSY 5, LOCKED 6, NOMEM 7, READONLY 8, IOERR 10, FULL 13, CANTOPEN 14: the file's surroundings, not its content. */
const STORAGE = [5, 6, 7, 8, 10, 13, 14]
/** BUSY 5, LOCKED 6 */
const HELD = [5, 6]
/** CORRUPT 11, NOTADB 26: a file that is not, or no longer, a database. */
const DAMAGE = [11, 26]

/** Whether the disk did not take, or give, what was wanted: worth another try later. */
export function isSqliteStorageFailure(error: unknown): boolean {
  return STORAGE.includes(sqliteResult(error))
}

/** Whether another program holds the file. */
export function isHeld(error: unknown): boolean {
  return HELD.includes(sqliteResult(error))
}

export function isDamage(error: unknown): boolean {
  return DAMAGE.includes(sqliteResult(error))
}

/** -1 for an error that is not SQLite's. */
export function sqliteResult(error: unknown): number {
  return error instanceof Error && "errcode" in error && typeof error.errcode === "number"
    ? error.errcode & 0xff
    : -1
}
