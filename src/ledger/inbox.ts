import type { DatabaseSync } from "node:sqlite"
import type { Instant } from "../protocol/ids.ts"

export interface InboxRow {
  readonly id: number
  readonly bot: number
  readonly updateId: number
  /** Rows of one lane are handled in order. */
  readonly lane: string
  readonly body: unknown
  readonly receivedAt: Instant
  /** How long it had waited before that because nobody asked for it, in ms. */
  readonly waitedMs: number
}

const toRow = (row: Record<string, unknown>): InboxRow => ({
  id: row.id as number,
  bot: row.bot as number,
  updateId: row.update_id as number,
  lane: row.lane as string,
  body: JSON.parse(row.body as string),
  receivedAt: row.received_at as Instant,
  waitedMs: row.waited_ms as number,
})

/** Received and not yet handled. An update takes effect once: identity is (bot, update id), never an order. */
export function inboxTable(db: DatabaseSync) {
  const insert =
    db.prepare(`INSERT INTO inbox (bot, update_id, lane, body, state, note, received_at, handled_at,
    waited_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (bot, update_id) DO NOTHING`)
  const open = db.prepare(
    "SELECT * FROM inbox INDEXED BY inbox_open WHERE state = 'received' ORDER BY lane, id",
  )
  const openOf = db.prepare("SELECT * FROM inbox WHERE lane = ? AND state = 'received' ORDER BY id LIMIT ?")
  const handle = db.prepare(
    "UPDATE inbox SET state = 'handled', note = ?, handled_at = ? WHERE id = ? AND state = 'received'",
  )
  const handled = db.prepare(
    "SELECT id, body FROM inbox WHERE bot = ? AND update_id = ? AND state = 'handled'",
  )
  const retire = db.prepare("UPDATE inbox SET update_id = -id WHERE id = ?")
  const ofMessage = db.prepare(`SELECT * FROM inbox WHERE lane = ? AND coalesce(json_extract(body,
    '$.message.message_id'), json_extract(body, '$.edited_message.message_id')) = ? AND id < ?
    ORDER BY id DESC LIMIT 1`)
  const purge = db.prepare(`DELETE FROM inbox WHERE id IN
    (SELECT id FROM inbox WHERE received_at < ? AND state <> 'received' ORDER BY received_at LIMIT ?)`)
  return {
    /** False when this update was received before. `ignored`: recorded as seen, its content not kept. */
    receive(
      row: {
        bot: number
        updateId: number
        lane: string
        body: unknown
        ignored?: string
        waitedMs?: number
        /** Whether an update that is known under this id is the same one: Telegram may begin to number anew. */
        isSame?: (known: unknown) => boolean
      },
      now: Instant,
    ): boolean {
      const { bot, updateId, lane, body, ignored, waitedMs = 0, isSame } = row
      const known = isSame ? handled.get(bot, updateId) : undefined
      if (known && !isSame?.(JSON.parse(known.body as string))) retire.run(known.id as number)
      const kept = ignored === undefined ? JSON.stringify(body) : "null"
      const state = ignored === undefined ? "received" : "ignored"
      const handledAt = ignored === undefined ? null : now
      const note = ignored ?? null
      return insert.run(bot, updateId, lane, kept, state, note, now, handledAt, waitedMs).changes === 1
    },
    open: (): readonly InboxRow[] => open.all().map(toRow),
    openOf: (lane: string, limit: number): readonly InboxRow[] => openOf.all(lane, limit).map(toRow),
    /** What was received last about a message of a lane before a row; null when that is no longer kept. */
    lastOfMessage(lane: string, message: number, before: number): InboxRow | null {
      const row = ofMessage.get(lane, message, before)
      return row ? toRow(row) : null
    },
    /** False when it was handled already; the caller must then do nothing. */
    handle: (id: number, note: string, now: Instant): boolean => handle.run(note, now, id).changes === 1,
    /** At most `limit` rows; how many went. */
    purgeBefore: (time: Instant, limit: number): number => Number(purge.run(time, limit).changes),
  }
}
