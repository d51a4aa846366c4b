import type { DatabaseSync } from "node:sqlite"
import type { Instant, SessionId, TurnId } from "../protocol/ids.ts"

export interface StoredEvent {
  readonly seq: number
  readonly turn: TurnId
  readonly at: Instant
  readonly kind: string
  readonly body: unknown
}

/** Appended facts of a session, numbered without gaps. */
export function eventsTable(db: DatabaseSync) {
  const take = db.prepare(
    "UPDATE sessions SET next_seq = next_seq + 1, updated_at = ? WHERE id = ? RETURNING next_seq - 1 AS seq",
  )
  const insert = db.prepare(
    "INSERT INTO events (session, seq, turn, at, kind, body) VALUES (?, ?, ?, ?, ?, ?)",
  )
  const after = db.prepare("SELECT * FROM events WHERE session = ? AND seq > ? ORDER BY seq LIMIT ?")
  const ofTurn = db.prepare("SELECT * FROM events WHERE turn = ? ORDER BY seq DESC LIMIT ?")
  const anyOfKinds = db.prepare(`SELECT 1 AS found FROM events WHERE turn = ? AND kind = 'item'
    AND json_extract(body, '$.item.kind') IN ('command', 'file_change', 'tool') LIMIT 1`)
  const last = db.prepare("SELECT next_seq - 1 AS seq FROM sessions WHERE id = ?")
  const toEvent = (row: Record<string, unknown>): StoredEvent => ({
    seq: row.seq as number,
    turn: row.turn as TurnId,
    at: row.at as Instant,
    kind: row.kind as string,
    body: JSON.parse(row.body as string),
  })
  return {
    append(event: { session: SessionId; turn: TurnId; kind: string; body: unknown }, now: Instant): number {
      const seq = take.get(now, event.session)?.seq as number
      insert.run(event.session, seq, event.turn, now, event.kind, JSON.stringify(event.body))
      return seq
    },
    after: (session: SessionId, seq: number, limit: number): readonly StoredEvent[] =>
      after.all(session, seq, limit).map(toEvent),
    /** Number of the newest event, 0 when there is none. */
    lastSeq: (session: SessionId): number => Number(last.get(session)?.seq ?? 0),
    /** Newest first. */
    ofTurn: (turn: TurnId, limit: number): readonly StoredEvent[] => ofTurn.all(turn, limit).map(toEvent),
    /** Whether the agent did anything in this turn that a second run would do again. */
    hadEffects: (turn: TurnId): boolean => anyOfKinds.get(turn) !== undefined,
  }
}
