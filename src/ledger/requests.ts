import type { DatabaseSync } from "node:sqlite"
import { withoutSecrets } from "../core/secret-answer.ts"
import type { Answerer } from "../protocol/facts.ts"
import type { AttemptId, Instant, RequestId, SessionId, TurnId } from "../protocol/ids.ts"
import type { Answer, RequestBody } from "../protocol/session.ts"

export interface StoredRequest {
  readonly id: RequestId
  readonly session: SessionId
  readonly turn: TurnId
  readonly attempt: AttemptId
  readonly version: number
  readonly body: RequestBody
  readonly state: "open" | "answered" | "closed"
  readonly answer: Answer | null
  readonly answeredBy: Answerer | null
  readonly createdAt: Instant
  readonly closedAt: Instant | null
}

type Row = Record<string, unknown>
const json = <T>(value: unknown): T | null => (value === null ? null : (JSON.parse(value as string) as T))

const toRequest = (row: Row): StoredRequest => ({
  id: row.id as RequestId,
  session: row.session as SessionId,
  turn: row.turn as TurnId,
  attempt: row.attempt as AttemptId,
  version: row.version as number,
  body: JSON.parse(row.body as string) as RequestBody,
  state: row.state as StoredRequest["state"],
  answer: json<Answer>(row.answer),
  answeredBy: json<Answerer>(row.answered_by),
  createdAt: row.created_at as Instant,
  closedAt: row.closed_at as Instant | null,
})

export function requestsTable(db: DatabaseSync) {
  const insert = db.prepare(`INSERT INTO requests (id, session, turn, attempt, body, state, created_at)
    VALUES (?, ?, ?, ?, ?, 'open', ?) ON CONFLICT (id) DO NOTHING`)
  const reopen = db.prepare(`UPDATE requests SET state = 'open', version = version + 1, turn = ?, attempt = ?,
    body = ?, answer = NULL, answered_by = NULL, closed_at = NULL WHERE id = ? AND state <> 'open'`)
  const get = db.prepare("SELECT * FROM requests WHERE id = ?")
  const openOf = db.prepare("SELECT * FROM requests WHERE session = ? AND state = 'open' ORDER BY created_at")
  const openAll = db.prepare(
    "SELECT * FROM requests INDEXED BY requests_open WHERE state = 'open' ORDER BY created_at",
  )
  const answer =
    db.prepare(`UPDATE requests SET state = 'answered', version = version + 1, answer = ?, answered_by = ?,
    closed_at = ? WHERE id = ? AND state = 'open' AND version = ?`)
  const close = db.prepare(`UPDATE requests SET state = 'closed', version = version + 1, closed_at = ?
    WHERE id = ? AND state = 'open'`)
  const closeOfTurn = db.prepare(`UPDATE requests SET state = 'closed', version = version + 1, closed_at = ?
    WHERE turn = ? AND state = 'open' RETURNING *`)
  const setAnswer = db.prepare("UPDATE requests SET answer = ? WHERE id = ?")
  return {
    /** False when this request is known already (the event was replayed). */
    open(
      request: Pick<StoredRequest, "id" | "session" | "turn" | "attempt" | "body">,
      now: Instant,
    ): boolean {
      const { id, session, turn, attempt, body } = request
      return insert.run(id, session, turn, attempt, JSON.stringify(body), now).changes === 1
    },
    /** It is asked anew, in these words; buttons of before are of another version. */
    reopen({ id, turn, attempt, body }: Pick<StoredRequest, "id" | "turn" | "attempt" | "body">): void {
      reopen.run(turn, attempt, JSON.stringify(body), id)
    },
    find(id: RequestId): StoredRequest | null {
      const row = get.get(id)
      return row ? toRequest(row) : null
    },
    openOf: (session: SessionId): readonly StoredRequest[] => openOf.all(session).map(toRequest),
    allOpen: (): readonly StoredRequest[] => openAll.all().map(toRequest),
    /** Compare-and-set: false when it is no longer open, or was shown in another version. */
    answer(given: { id: RequestId; version: number; answer: Answer; by: Answerer }, now: Instant): boolean {
      const result = answer.run(
        JSON.stringify(given.answer),
        JSON.stringify(given.by),
        now,
        given.id,
        given.version,
      )
      return result.changes === 1
    },
    /** Its answer is where it had to go: what was secret in it is not kept. */
    forgetSecrets(id: RequestId): void {
      const row = get.get(id)
      const request = row && toRequest(row)
      if (!request?.answer) return
      const kept = JSON.stringify(withoutSecrets(request.body, request.answer))
      if (kept !== row?.answer) setAnswer.run(kept, id)
    },
    /** False when it was not open any more. */
    close: (id: RequestId, now: Instant): boolean => close.run(now, id).changes === 1,
    closeOfTurn: (turn: TurnId, now: Instant): readonly StoredRequest[] =>
      closeOfTurn.all(now, turn).map(toRequest),
  }
}
