/** Opening the ledger's SQLite file: modes, pragmas, migrations, integrity and backups. */
import { chmodSync, existsSync, mkdirSync, readdirSync, renameSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { backup, DatabaseSync } from "node:sqlite"
import type { Instant } from "../protocol/ids.ts"
import { DamagedLedgerError, NewerLedgerError } from "./errors.ts"
import { foundation } from "./migrations/0001-foundation.ts"

const migrations: readonly string[] = [foundation]
const BACKUPS_KEPT = 3

export const LEDGER_FILE = "ledger.db"

export interface OpenedDatabase {
  readonly db: DatabaseSync
  /** Schema version before opening, when migrations ran on existing data. */
  readonly migratedFrom: number | null
}

/**
 * Opens (or creates) the ledger of a data directory. Existing data is backed up before a migration.
 * @throws NewerLedgerError when a newer version wrote it; the file is not touched.
 * @throws DamagedLedgerError when it is not a sound database; the damaged file has been set aside, never replaced.
 */
export async function openDatabase(dataDir: string, now: Instant): Promise<OpenedDatabase> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, LEDGER_FILE)
  const isNew = !existsSync(path)
  if (isNew) refuseSilentReplacement(dataDir)
  const db = openSound(path, now)
  chmodSync(path, 0o600)
  try {
    const found = schemaVersion(db)
    if (found > migrations.length) throw new NewerLedgerError(path, found, migrations.length)
    const mustMigrate = found < migrations.length
    if (mustMigrate && found > 0) await backUp(db, dataDir, `before-schema-${migrations.length}`)
    if (mustMigrate) migrate(db, found)
    return { db, migratedFrom: mustMigrate && found > 0 ? found : null }
  } catch (error) {
    db.close()
    throw error
  }
}

function openSound(path: string, now: Instant): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { enableForeignKeyConstraints: true })
    db.exec(
      "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA busy_timeout = 2000; PRAGMA cache_size = -8000",
    )
    db.exec("PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 8388608")
    db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()
    return db
  } catch (error) {
    db?.close()
    if (!isDamage(error)) throw error
    throw new DamagedLedgerError(setAside(path, now), latestBackup(dirname(path)), { cause: error })
  }
}

/** SQLite's result codes for a file that is not, or no longer, a database: SQLITE_CORRUPT 11, SQLITE_NOTADB 26. */
function isDamage(error: unknown): boolean {
  const code = (error as { errcode?: number }).errcode
  return code !== undefined && [11, 26].includes(code & 0xff)
}

function setAside(path: string, now: Instant): string {
  const target = `${path}.damaged-${new Date(now).toISOString().replaceAll(/[:.]/g, "-")}`
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix)
  }
  return target
}

/** An empty ledger must not quietly take the place of one that was set aside: the owner decides. */
function refuseSilentReplacement(dataDir: string): void {
  const damaged = readdirSync(dataDir)
    .filter((name) => /^ledger\.db\.damaged-[^/]*Z$/.test(name))
    .sort()
  const last = damaged.at(-1)
  if (last && !existsSync(join(dataDir, "accept-new-ledger"))) {
    throw new DamagedLedgerError(join(dataDir, last), latestBackup(dataDir))
  }
  rmSync(join(dataDir, "accept-new-ledger"), { force: true })
}

function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0)
}

function migrate(db: DatabaseSync, from: number): void {
  for (const [index, sql] of migrations.entries()) {
    if (index < from) continue
    db.exec("BEGIN IMMEDIATE")
    try {
      db.exec(sql)
      db.exec(`PRAGMA user_version = ${index + 1}`)
      db.exec("COMMIT")
    } catch (error) {
      db.exec("ROLLBACK")
      throw error
    }
  }
}

/** Writes a consistent copy to `backups/ledger-<label>.db` and keeps the newest few. */
export async function backUp(db: DatabaseSync, dataDir: string, label: string): Promise<string> {
  const directory = join(dataDir, "backups")
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const target = join(directory, `ledger-${label}.db`)
  const unfinished = `${target}.part`
  rmSync(unfinished, { force: true })
  await backup(db, unfinished)
  chmodSync(unfinished, 0o600)
  renameSync(unfinished, target)
  for (const name of listBackups(dataDir).slice(0, -BACKUPS_KEPT)) rmSync(join(directory, name))
  return target
}

function listBackups(dataDir: string): string[] {
  const directory = join(dataDir, "backups")
  if (!existsSync(directory)) return []
  return readdirSync(directory)
    .filter((name) => /^ledger-.*\.db$/.test(name))
    .sort()
}

function latestBackup(dataDir: string): string | null {
  const name = listBackups(dataDir).at(-1)
  return name ? join(dataDir, "backups", name) : null
}

/** Findings of SQLite's own check; empty when sound. Reads the whole file: for `doctor`, not for the owner's path. */
export function integrityProblems(dataDir: string): readonly string[] {
  const db = new DatabaseSync(join(dataDir, LEDGER_FILE), { readOnly: true })
  try {
    const rows = db.prepare("PRAGMA quick_check(20)").all()
    return rows.map((row) => String(row.quick_check)).filter((finding) => finding !== "ok")
  } finally {
    db.close()
  }
}
