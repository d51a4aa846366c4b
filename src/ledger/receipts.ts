import type { DatabaseSync } from "node:sqlite"
import type { Instant } from "../protocol/ids.ts"

/** That something a client wanted was done, and what it was told. */
export interface Receipt {
  /** Of what was wanted. */
  readonly hash: string
  readonly reply: unknown
}

/** `client` names who wanted it and which of its wishes it was. */
export function receiptsTable(db: DatabaseSync) {
  const get = db.prepare("SELECT hash, reply FROM receipts WHERE client = ?")
  const insert = db.prepare("INSERT INTO receipts (client, hash, reply, at) VALUES (?, ?, ?, ?)")
  const purge = db.prepare(`DELETE FROM receipts WHERE client IN
    (SELECT client FROM receipts WHERE at < ? ORDER BY at LIMIT ?)`)
  return {
    find(client: string): Receipt | null {
      const row = get.get(client)
      return row ? { hash: row.hash as string, reply: JSON.parse(row.reply as string) } : null
    },
    add(client: string, { hash, reply }: Receipt, now: Instant): void {
      insert.run(client, hash, JSON.stringify(reply), now)
    },
    /** At most `limit` rows; how many went. */
    purgeBefore: (time: Instant, limit: number): number => Number(purge.run(time, limit).changes),
  }
}
