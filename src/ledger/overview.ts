import type { DatabaseSync } from "node:sqlite"

export const overviewSql = {
  openSessions: "SELECT count(*) AS n FROM sessions WHERE state = 'open'",
} as const

/** Numbers of the whole ledger. */
export function overviewQueries(db: DatabaseSync) {
  const openSessions = db.prepare(overviewSql.openSessions)
  const pages = db.prepare("SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size")
  return {
    openSessions: (): number => openSessions.get()?.n as number,
    /** Size of the database file, its write-ahead log not counted. */
    sizeBytes: (): number => pages.get()?.bytes as number,
  }
}
