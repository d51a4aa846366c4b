import type { DatabaseSync } from "node:sqlite"
import type { Hold, OpenTurnState } from "../core/turn.ts"
import type { TurnOrigin } from "../protocol/facts.ts"
import type { AttemptId, Instant, MachineId, SessionId, TurnId } from "../protocol/ids.ts"
import type { Outcome, Prompt, TurnState, Usage } from "../protocol/session.ts"

/** How a turn ended; what was said at its end is in the fact `turn.ended`. */
export type Ending = { [K in Outcome["kind"]]: Omit<Extract<Outcome, { kind: K }>, "text"> }[Outcome["kind"]]

export interface Turn {
  readonly id: TurnId
  readonly session: SessionId
  readonly position: number
  readonly state: TurnState
  readonly origin: TurnOrigin
  /** Where it came from and is answered; null for local clients, which read the session itself. */
  readonly channel: number | null
  readonly sourceMessage: string | null
  readonly prompt: Prompt
  readonly hold: Hold | null
  readonly attempt: AttemptId | null
  readonly attempts: number
  readonly stopRequestedAt: Instant | null
  readonly outcome: Ending | null
  readonly usage: Usage | null
  readonly createdAt: Instant
  readonly startedAt: Instant | null
  readonly endedAt: Instant | null
}

export type NewTurn = Pick<
  Turn,
  "id" | "session" | "origin" | "channel" | "sourceMessage" | "prompt" | "hold"
> & {
  readonly clientId: string | null
}

export interface AttemptPlace {
  readonly id: TurnId
  readonly session: SessionId
  readonly machine: MachineId
}

type Row = Record<string, unknown>
const json = <T>(value: unknown): T | null => (value === null ? null : (JSON.parse(value as string) as T))

const toTurn = (row: Row): Turn => ({
  id: row.id as TurnId,
  session: row.session as SessionId,
  position: row.position as number,
  state: row.state as TurnState,
  origin: row.origin as Turn["origin"],
  channel: row.channel as number | null,
  sourceMessage: row.source_message as string | null,
  prompt: JSON.parse(row.prompt as string) as Prompt,
  hold: json<Hold>(row.hold),
  attempt: row.attempt as AttemptId | null,
  attempts: row.attempts as number,
  stopRequestedAt: row.stop_requested_at as Instant | null,
  outcome: json<Ending>(row.outcome),
  usage: json<Usage>(row.usage),
  createdAt: row.created_at as Instant,
  startedAt: row.started_at as Instant | null,
  endedAt: row.ended_at as Instant | null,
})

const OPEN = "state IN ('queued', 'steering', 'dispatching', 'running', 'waiting')"

export function turnsTable(db: DatabaseSync) {
  const insert = db.prepare(`INSERT INTO turns
    (id, session, position, state, origin, channel, source_message, client_id, prompt, hold, created_at)
    VALUES (?, ?, (SELECT coalesce(max(position), 0) + 1 FROM turns WHERE session = ? AND ${OPEN}),
      'queued', ?, ?, ?, ?, ?, ?, ?)`)
  const get = db.prepare("SELECT * FROM turns WHERE id = ?")
  const byClient = db.prepare("SELECT * FROM turns WHERE client_id = ?")
  const byAttempt = db.prepare("SELECT * FROM turns WHERE attempt = ?")
  const atWork =
    db.prepare(`SELECT t.id, t.session, s.machine FROM turns t JOIN sessions s ON s.id = t.session
    WHERE t.attempt = ? AND t.ended_at IS NULL`)
  const byMessage = db.prepare(
    "SELECT * FROM turns WHERE channel = ? AND source_message = ? ORDER BY created_at DESC",
  )
  const openOf = db.prepare(
    `SELECT * FROM turns WHERE session = ? AND ${OPEN} ORDER BY state IN ('queued', 'steering'), position`,
  )
  const openAll = db.prepare(
    `SELECT * FROM turns INDEXED BY turns_open WHERE ${OPEN} ORDER BY session, position`,
  )
  const lastOf = db.prepare("SELECT * FROM turns WHERE session = ? ORDER BY created_at DESC LIMIT ?")
  const dispatch = db.prepare(
    "UPDATE turns SET state = 'dispatching', attempt = ?, attempts = attempts + 1, hold = NULL WHERE id = ?",
  )
  const steer = db.prepare("UPDATE turns SET state = 'steering', hold = NULL WHERE id = ?")
  const setState = db.prepare("UPDATE turns SET state = ?, started_at = coalesce(started_at, ?) WHERE id = ?")
  const requeue = db.prepare("UPDATE turns SET state = 'queued', hold = ? WHERE id = ?")
  const setHold = db.prepare("UPDATE turns SET hold = ? WHERE id = ?")
  const setPrompt = db.prepare("UPDATE turns SET prompt = ? WHERE id = ? AND state = 'queued'")
  const forgetSource = db.prepare("UPDATE turns SET source_message = NULL WHERE id = ?")
  const setPosition = db.prepare("UPDATE turns SET position = ? WHERE id = ?")
  const setUsage = db.prepare("UPDATE turns SET usage = ? WHERE id = ?")
  const setStop = db.prepare(
    "UPDATE turns SET stop_requested_at = coalesce(stop_requested_at, ?) WHERE id = ?",
  )
  const end = db.prepare("UPDATE turns SET state = ?, outcome = ?, hold = NULL, ended_at = ? WHERE id = ?")

  const one = (row: Row | undefined): Turn | null => (row ? toTurn(row) : null)

  return {
    /** Appends to the session's queue. The same `clientId` twice is a constraint error: look it up first. */
    add(turn: NewTurn, now: Instant): void {
      const { id, session, origin, channel, sourceMessage, clientId, prompt, hold } = turn
      const holdJson = hold && JSON.stringify(hold)
      insert.run(
        id,
        session,
        session,
        origin,
        channel,
        sourceMessage,
        clientId,
        JSON.stringify(prompt),
        holdJson,
        now,
      )
    },
    find: (id: TurnId): Turn | null => one(get.get(id)),
    findByClientId: (clientId: string): Turn | null => one(byClient.get(clientId)),
    /** Where an attempt's turn belongs, without reading the whole of it; null when there is none, or it is over. */
    atWork: (attempt: AttemptId): AttemptPlace | null =>
      (atWork.get(attempt) as unknown as AttemptPlace | undefined) ?? null,
    findByAttempt: (attempt: AttemptId): Turn | null => one(byAttempt.get(attempt)),
    /** The newest turn made from this message of a channel. */
    findByMessage: (channel: number, message: string): Turn | null => one(byMessage.get(channel, message)),
    /** In running order: the turn at work, if any, comes first. */
    open: (session: SessionId): readonly Turn[] => openOf.all(session).map(toTurn),
    allOpen: (): readonly Turn[] => openAll.all().map(toTurn),
    /** Newest first. */
    recent: (session: SessionId, limit: number): readonly Turn[] => lastOf.all(session, limit).map(toTurn),
    dispatch(id: TurnId, attempt: AttemptId): void {
      dispatch.run(attempt, id)
    },
    steer(id: TurnId): void {
      steer.run(id)
    },
    setState(id: TurnId, state: OpenTurnState, at: Instant): void {
      setState.run(state, state === "queued" ? null : at, id)
    },
    requeue(id: TurnId, hold: Hold | null): void {
      requeue.run(hold && JSON.stringify(hold), id)
    },
    setHold(id: TurnId, hold: Hold | null): void {
      setHold.run(hold && JSON.stringify(hold), id)
    },
    /** False when the turn was no longer waiting in the queue. */
    edit: (id: TurnId, prompt: Prompt): boolean => setPrompt.run(JSON.stringify(prompt), id).changes === 1,
    /** The message it came from can no longer be named. */
    forgetSource(id: TurnId): void {
      forgetSource.run(id)
    },
    place(id: TurnId, position: number): void {
      setPosition.run(position, id)
    },
    setUsage(id: TurnId, usage: Usage): void {
      setUsage.run(JSON.stringify(usage), id)
    },
    requestStop(id: TurnId, now: Instant): void {
      setStop.run(now, id)
    },
    end(id: TurnId, { text: _, ...ending }: Outcome, at: Instant): void {
      end.run(ending.kind, JSON.stringify(ending), at, id)
    },
  }
}
