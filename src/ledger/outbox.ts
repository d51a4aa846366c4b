import type { DatabaseSync } from "node:sqlite"
import type { Instant, RequestId, SessionId, TurnId } from "../protocol/ids.ts"

/** Smaller is sooner. */
export const PRIORITY = { answer: 0, request: 1, final: 2, status: 3 } as const
export type Priority = keyof typeof PRIORITY

export interface OutboxRow {
  readonly id: number
  /** Two rows with one key are one delivery; null when repeats are meant. */
  readonly key: string | null
  readonly lane: string
  readonly priority: Priority
  readonly payload: unknown
  readonly state: "pending" | "sending" | "sent" | "failed" | "dropped"
  readonly attempts: number
  /** How often the outcome of a send stayed unknown. */
  readonly ambiguous: number
  readonly notBefore: Instant
  readonly session: SessionId | null
  readonly turn: TurnId | null
  readonly request: RequestId | null
  /** The surface's id of the delivered message. */
  readonly message: string | null
  readonly error: string | null
  readonly createdAt: Instant
  readonly updatedAt: Instant
}

export interface Owed {
  readonly key: string | null
  readonly lane: string
  readonly priority: Priority
  readonly payload: unknown
  readonly session?: SessionId | null
  readonly turn?: TurnId | null
  readonly request?: RequestId | null
}

export interface Attempted {
  readonly payload: unknown
  readonly priority: Priority
  readonly at: Instant
}

const priorities = Object.keys(PRIORITY) as Priority[]

const toRow = (row: Record<string, unknown>): OutboxRow => ({
  id: row.id as number,
  key: row.key as string | null,
  lane: row.lane as string,
  priority: priorities[row.priority as number] ?? "status",
  payload: JSON.parse(row.payload as string),
  state: row.state as OutboxRow["state"],
  attempts: row.attempts as number,
  ambiguous: row.ambiguous as number,
  notBefore: row.not_before as Instant,
  session: row.session as SessionId | null,
  turn: row.turn as TurnId | null,
  request: row.request as RequestId | null,
  message: row.message as string | null,
  error: row.error as string | null,
  createdAt: row.created_at as Instant,
  updatedAt: row.updated_at as Instant,
})

/** Owed and not yet delivered. */
export function outboxTable(db: DatabaseSync) {
  const insert = db.prepare(`INSERT INTO outbox
    (key, lane, priority, payload, state, session, turn, request, created_at, updated_at)
    VALUES (?, ?, ?, ?, 'pending', ?, ?, ?, ?, ?) ON CONFLICT (key) DO NOTHING RETURNING id`)
  const get = db.prepare("SELECT * FROM outbox WHERE id = ?")
  const byKey = db.prepare("SELECT * FROM outbox WHERE key = ?")
  const byMessage = db.prepare("SELECT * FROM outbox WHERE lane = ? AND message = ? ORDER BY id DESC")
  const byTurn = db.prepare("SELECT * FROM outbox WHERE turn = ? ORDER BY id")
  const byRequest = db.prepare("SELECT * FROM outbox WHERE request = ? ORDER BY id")
  const openOf = db.prepare(`SELECT * FROM outbox WHERE lane = ? AND state IN ('pending', 'sending')
    ORDER BY priority, id LIMIT ?`)
  const lanes = db.prepare(
    `SELECT DISTINCT lane FROM outbox INDEXED BY outbox_open WHERE state IN ('pending', 'sending')`,
  )
  const sending = db.prepare(
    "UPDATE outbox SET state = 'sending', attempts = attempts + 1, updated_at = ? WHERE id = ?",
  )
  const sent = db.prepare(
    "UPDATE outbox SET state = 'sent', message = ?, error = NULL, updated_at = ? WHERE id = ?",
  )
  const later =
    db.prepare(`UPDATE outbox SET state = 'pending', not_before = ?, ambiguous = ambiguous + ?, error = ?,
    updated_at = ? WHERE id = ?`)
  const finish = db.prepare("UPDATE outbox SET state = ?, error = ?, updated_at = ? WHERE id = ?")
  const rewrite = db.prepare(
    "UPDATE outbox SET payload = ?, updated_at = ? WHERE id = ? AND state = 'pending'",
  )
  const move =
    db.prepare(`UPDATE outbox SET lane = ?, key = ?, payload = ?, ambiguous = ambiguous + (state = 'sending'),
    state = 'pending', not_before = 0, updated_at = ? WHERE id = ? AND state IN ('pending', 'sending')`)
  const interrupted = db.prepare(`SELECT * FROM outbox INDEXED BY outbox_open
    WHERE state IN ('pending', 'sending') AND state = 'sending'`)
  const purge = db.prepare(`DELETE FROM outbox WHERE id IN (SELECT id FROM outbox
    WHERE updated_at < ? AND state IN ('sent', 'failed', 'dropped') ORDER BY updated_at LIMIT ?)`)
  const depth = db.prepare(
    "SELECT count(*) AS n FROM outbox INDEXED BY outbox_open WHERE state IN ('pending', 'sending')",
  )

  const attempted = db.prepare(`SELECT payload, priority, updated_at FROM outbox
    WHERE updated_at > ? AND lane = ? AND attempts > 0 ORDER BY updated_at`)

  const one = (row: Record<string, unknown> | undefined): OutboxRow | null => (row ? toRow(row) : null)

  return {
    /** The new row's id, or null when its key is owed or delivered already. */
    owe(owed: Owed, now: Instant): number | null {
      const { key, lane, priority, payload, session, turn, request } = owed
      const values = [
        key,
        lane,
        PRIORITY[priority],
        JSON.stringify(payload),
        session ?? null,
        turn ?? null,
        request ?? null,
      ]
      return (insert.get(...values, now, now)?.id as number | undefined) ?? null
    },
    find: (id: number): OutboxRow | null => one(get.get(id)),
    findByKey: (key: string): OutboxRow | null => one(byKey.get(key)),
    /** The row that became this message of a lane. */
    findByMessage: (lane: string, message: string): OutboxRow | null => one(byMessage.get(lane, message)),
    ofTurn: (turn: TurnId): readonly OutboxRow[] => byTurn.all(turn).map(toRow),
    ofRequest: (request: RequestId): readonly OutboxRow[] => byRequest.all(request).map(toRow),
    /** Most urgent first. */
    openOf: (lane: string, limit: number): readonly OutboxRow[] => openOf.all(lane, limit).map(toRow),
    openLanes: (): readonly string[] => lanes.all().map((row) => row.lane as string),
    /** Rows whose sending a crash interrupted: nobody knows whether they arrived. */
    interrupted: (): readonly OutboxRow[] => interrupted.all().map(toRow),
    sending(id: number, now: Instant): void {
      sending.run(now, id)
    },
    sent(id: number, message: string | null, now: Instant): void {
      sent.run(message, now, id)
    },
    retry(id: number, how: { notBefore: Instant; ambiguous: boolean; error: string }, now: Instant): void {
      later.run(how.notBefore, how.ambiguous ? 1 : 0, how.error, now, id)
    },
    /** `failed`: undeliverable, and shown as such; `dropped`: no longer worth sending. */
    finish(id: number, state: "failed" | "dropped", error: string, now: Instant): void {
      finish.run(state, error, now, id)
    },
    rewrite: (id: number, payload: unknown, now: Instant): boolean =>
      rewrite.run(JSON.stringify(payload), now, id).changes === 1,
    /** What is still owed goes to another lane; what was being sent may have arrived in the old one. */
    move(id: number, moved: Pick<OutboxRow, "lane" | "key" | "payload">, now: Instant): void {
      move.run(moved.lane, moved.key, JSON.stringify(moved.payload), now, id)
    },
    /** At most `limit` rows; how many went. */
    purgeBefore: (time: Instant, limit: number): number => Number(purge.run(time, limit).changes),
    /** What a lane tried after `time`, whatever became of it; oldest first. */
    attemptedSince: (lane: string, time: Instant): readonly Attempted[] =>
      attempted.all(time, lane).map((row) => ({
        payload: JSON.parse(row.payload as string),
        priority: priorities[row.priority as number] ?? "status",
        at: row.updated_at as Instant,
      })),
    depth: (): number => depth.get()?.n as number,
  }
}
