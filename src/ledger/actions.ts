import type { DatabaseSync } from "node:sqlite"
import type { Instant } from "../protocol/ids.ts"

/** What a button does: stored under an opaque random id, bound to one channel, one-shot, expiring. */
export interface Action {
  readonly id: string
  readonly address: string
  readonly body: unknown
  readonly usedAt: Instant | null
  readonly expiresAt: Instant
}

export function actionsTable(db: DatabaseSync) {
  const insert = db.prepare(
    "INSERT INTO actions (id, address, body, created_at, expires_at) VALUES (?, ?, ?, ?, ?)",
  )
  const get = db.prepare("SELECT * FROM actions WHERE id = ?")
  const use = db.prepare("UPDATE actions SET used_at = ? WHERE id = ? AND used_at IS NULL")
  const move = db.prepare("UPDATE actions SET address = ? WHERE id = ?")
  const purge = db.prepare(`DELETE FROM actions WHERE id IN
    (SELECT id FROM actions WHERE expires_at < ? ORDER BY expires_at LIMIT ?)`)
  return {
    add(action: Omit<Action, "usedAt">, now: Instant): void {
      insert.run(action.id, action.address, JSON.stringify(action.body), now, action.expiresAt)
    },
    find(id: string): Action | null {
      const row = get.get(id)
      if (!row) return null
      return {
        id: row.id as string,
        address: row.address as string,
        body: JSON.parse(row.body as string),
        usedAt: row.used_at as Instant | null,
        expiresAt: row.expires_at as Instant,
      }
    },
    /** False when it was used before. */
    use: (id: string, now: Instant): boolean => use.run(now, id).changes === 1,
    /** The same button, on a message in another chat. */
    move(id: string, address: string): void {
      move.run(address, id)
    },
    /** At most `limit` rows; how many went. */
    purgeBefore: (time: Instant, limit: number): number => Number(purge.run(time, limit).changes),
  }
}
