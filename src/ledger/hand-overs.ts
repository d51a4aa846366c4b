/** What is owed to a host: a turn to start, a prompt to pass on, an answer, a stop. Said until its outcome is known. */
import type { DatabaseSync } from "node:sqlite"
import type { AttemptId, Instant, MachineId, RequestId, SessionId, TurnId } from "../protocol/ids.ts"

interface About {
  /** Of this try and no other; the host knows a repeat by it. That of a start is its attempt. */
  readonly id: string
  readonly machine: MachineId
  readonly session: SessionId
  readonly turn: TurnId
  /** The attempt that is started, or that it goes into. */
  readonly attempt: AttemptId
  /** The host's journal that it was said to; null before the first time. */
  readonly journal: string | null
}

export type HandOver = About &
  ({ readonly kind: "start" | "steer" | "stop" } | { readonly kind: "answer"; readonly request: RequestId })

type Row = Record<string, unknown>

function toHandOver(row: Row): HandOver {
  const about: About = {
    id: row.id as string,
    machine: row.machine as MachineId,
    session: row.session as SessionId,
    turn: row.turn as TurnId,
    attempt: row.attempt as AttemptId,
    journal: row.journal as string | null,
  }
  const kind = row.kind as HandOver["kind"]
  return kind === "answer" ? { ...about, kind, request: row.request as RequestId } : { ...about, kind }
}

export function handOversTable(db: DatabaseSync) {
  const insert = db.prepare(`INSERT INTO hand_overs
    (id, kind, machine, session, turn, attempt, request, journal, state, created_at)
    VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'owed', ?)`)
  const owed = db.prepare(
    `SELECT * FROM hand_overs INDEXED BY hand_overs_owed
    WHERE machine = ? AND state = 'owed' ORDER BY number`,
  )
  const anyOwed = db.prepare(
    "SELECT 1 AS found FROM hand_overs INDEXED BY hand_overs_owed WHERE machine = ? AND state = 'owed' LIMIT 1",
  )
  const setJournal = db.prepare("UPDATE hand_overs SET journal = ? WHERE id = ?")
  const setDone = db.prepare(
    "UPDATE hand_overs SET state = 'done', done_at = ? WHERE id = ? AND state = 'owed'",
  )
  const answerDone = db.prepare(`UPDATE hand_overs SET state = 'done', done_at = ?
    WHERE request = ? AND state = 'owed'`)
  const attemptDone = db.prepare(`UPDATE hand_overs SET state = 'done', done_at = ?
    WHERE turn = ? AND kind IN ('start', 'stop') AND state = 'owed'`)
  const purge = db.prepare(`DELETE FROM hand_overs WHERE number IN (SELECT number FROM hand_overs
    WHERE state = 'done' AND done_at < ? ORDER BY done_at LIMIT ?)`)
  const journalOf = db.prepare("SELECT journal FROM hand_overs WHERE id = ?")
  return {
    add(handOver: HandOver, now: Instant): void {
      const { id, kind, machine, session, turn, attempt, journal } = handOver
      const request = handOver.kind === "answer" ? handOver.request : null
      insert.run(id, kind, machine, session, turn, attempt, request, journal, now)
    },
    /** In the order they came about. */
    owed: (machine: MachineId): readonly HandOver[] => owed.all(machine).map(toHandOver),
    isAnyOwed: (machine: MachineId): boolean => anyOwed.get(machine) !== undefined,
    saidTo(id: string, journal: string): void {
      setJournal.run(journal, id)
    },
    /** False when that was known before. */
    done: (id: string, now: Instant): boolean => setDone.run(now, id).changes === 1,
    /** False when no answer to this request was owed any more. */
    answerDone: (request: RequestId, now: Instant): boolean => answerDone.run(now, request).changes === 1,
    /** The attempt a turn had is over: it need not be started, or stopped, any more. */
    attemptDone(turn: TurnId, now: Instant): void {
      attemptDone.run(now, turn)
    },
    /** At most `limit` rows of what was done before `time`; how many went. */
    purgeBefore: (time: Instant, limit: number): number => Number(purge.run(time, limit).changes),
    /** The host's journal that has, or had, the attempt; null when no host was told of it. */
    journalOf: (attempt: AttemptId): string | null =>
      (journalOf.get(attempt)?.journal as string | null | undefined) ?? null,
  }
}
