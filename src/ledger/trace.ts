/** What is left of one message's way through the runtime; only questions, and none that reads a whole table. */
import type { DatabaseSync } from "node:sqlite"
import type { Instant, RequestId, TurnId } from "../protocol/ids.ts"
import type { InboxRow } from "./inbox.ts"

/** An update as it was received; `note` says what became of it. */
export interface TracedUpdate extends Pick<InboxRow, "bot" | "updateId" | "receivedAt"> {
  readonly state: "received" | "handled" | "ignored"
  readonly note: string | null
  readonly handledAt: Instant | null
}

export interface TracedRequest {
  readonly id: RequestId
  readonly state: "open" | "answered" | "closed"
  /** Whether the answer, or its end, is with the host. */
  readonly isDelivered: boolean
  readonly closedAt: Instant | null
}

export const traceSql = {
  clientId: "SELECT client_id FROM turns WHERE id = ?",
  requests: `SELECT r.id, r.state, r.closed_at, h.id IS NULL AS delivered FROM requests r
    LEFT JOIN hand_overs h ON h.request = r.id AND h.state = 'owed' WHERE r.turn = ?`,
  update: `SELECT bot, update_id, state, note, received_at, handled_at FROM inbox
    WHERE bot = ? AND update_id = ?`,
} as const

export function traceQueries(db: DatabaseSync) {
  const clientId = db.prepare(traceSql.clientId)
  const requests = db.prepare(traceSql.requests)
  const update = db.prepare(traceSql.update)
  return {
    clientIdOf: (turn: TurnId): string | null =>
      (clientId.get(turn)?.client_id as string | null | undefined) ?? null,
    requests: (turn: TurnId): readonly TracedRequest[] =>
      requests.all(turn).map((row) => ({
        id: row.id as RequestId,
        state: row.state as TracedRequest["state"],
        isDelivered: row.delivered === 1,
        closedAt: row.closed_at as Instant | null,
      })),
    /** Null when it never came, or was cleared away since. */
    update(bot: number, updateId: number): TracedUpdate | null {
      const row = update.get(bot, updateId)
      if (!row) return null
      return {
        bot: row.bot as number,
        updateId: row.update_id as number,
        state: row.state as TracedUpdate["state"],
        note: row.note as string | null,
        receivedAt: row.received_at as Instant,
        handledAt: row.handled_at as Instant | null,
      }
    },
  }
}
