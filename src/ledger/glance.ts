/** Sessions and their queues at a glance: what is shown of many at once, without what is long. */
import type { DatabaseSync } from "node:sqlite"
import type { Hold } from "../core/turn.ts"
import type { Instant, SessionId, TurnId } from "../protocol/ids.ts"
import type { PromptFile, TurnState } from "../protocol/session.ts"
import type { Turn } from "./turns.ts"

export interface Glance {
  readonly isPinned: boolean
  /** The owner has seen everything up to this event; `notable`: the last one that should be seen. */
  readonly read: number
  readonly notable: number
  /** The last that was said. */
  readonly line: string
  /** Of the newest turn; null before the first. */
  readonly lastState: TurnState | null
}

/** A waiting or running turn, with only the beginning of its prompt. */
export interface QueuedTurn extends Pick<Turn, "origin" | "attempts" | "startedAt"> {
  readonly id: TurnId
  readonly session: SessionId
  readonly state: TurnState
  /** Of the channel it came through; null for local clients. */
  readonly surface: string | null
  readonly text: string
  readonly files: readonly PromptFile[]
  readonly hold: Hold | null
}

export interface WorkCounts {
  /** Sessions in which a turn runs. */
  readonly working: number
  readonly queued: number
  readonly requests: number
}

const OPEN = "t.state IN ('queued', 'steering', 'dispatching', 'running', 'waiting')"
const AT_WORK = "state IN ('dispatching', 'running', 'waiting')"
/** UTF-16 units of a prompt. */
const TEXT_SHOWN = 1_000

const queued = `SELECT t.id, t.session, t.state, t.origin, c.surface, t.hold, t.attempts, t.started_at,
    substr(json_extract(t.prompt, '$.text'), 1, ${TEXT_SHOWN}) AS text, json_extract(t.prompt, '$.files') AS files
  FROM turns t INDEXED BY turns_open LEFT JOIN channels c ON c.id = t.channel WHERE ${OPEN}`

const glanceSql = {
  queue: `${queued} AND t.session = ? ORDER BY t.state IN ('queued', 'steering'), t.position`,
  queues: `${queued} ORDER BY t.session, t.position`,
  waiting:
    "SELECT session, count(*) AS n FROM requests INDEXED BY requests_open WHERE state = 'open' GROUP BY session",
  waitingOf:
    "SELECT count(*) AS n FROM requests INDEXED BY requests_open WHERE state = 'open' AND session = ?",
  counts: `SELECT count(DISTINCT CASE WHEN ${AT_WORK} THEN session END) AS working,
      count(CASE WHEN NOT ${AT_WORK} THEN 1 END) AS queued,
      (SELECT count(*) FROM requests INDEXED BY requests_open WHERE state = 'open') AS requests
    FROM turns t INDEXED BY turns_open WHERE ${OPEN}`,
} as const

export function glanceQueries(db: DatabaseSync) {
  const glance = db.prepare(`SELECT pinned_at, read_seq, notable_seq, last_line,
      (SELECT state FROM turns WHERE session = ?1 ORDER BY created_at DESC LIMIT 1) AS last_state
    FROM sessions WHERE id = ?1`)
  const say = db.prepare("UPDATE sessions SET last_line = ? WHERE id = ?")
  const note = db.prepare("UPDATE sessions SET notable_seq = max(notable_seq, ?) WHERE id = ?")
  const read = db.prepare("UPDATE sessions SET read_seq = ?1 WHERE id = ?2 AND read_seq < ?1")
  const pin = db.prepare("UPDATE sessions SET pinned_at = ? WHERE id = ?")
  const queue = db.prepare(glanceSql.queue)
  const queues = db.prepare(glanceSql.queues)
  const waiting = db.prepare(glanceSql.waiting)
  const waitingOf = db.prepare(glanceSql.waitingOf)
  const counts = db.prepare(glanceSql.counts)
  return {
    find(id: SessionId): Glance {
      const row = glance.get(id) ?? {}
      return {
        isPinned: row.pinned_at != null,
        read: Number(row.read_seq ?? 0),
        notable: Number(row.notable_seq ?? 0),
        line: String(row.last_line ?? ""),
        lastState: (row.last_state ?? null) as TurnState | null,
      }
    },
    /** What was said last. */
    say(id: SessionId, line: string): void {
      say.run(line, id)
    },
    /** Something happened that the owner should see. */
    note(id: SessionId, seq: number): void {
      note.run(seq, id)
    },
    /** The owner has seen everything up to `seq`. False when that was known. */
    read: (id: SessionId, seq: number): boolean => read.run(seq, id).changes > 0,
    pin(id: SessionId, at: Instant | null): void {
      pin.run(at, id)
    },
    /** In running order: the turn at work, if any, comes first. */
    queue: (session: SessionId): readonly QueuedTurn[] => queue.all(session).map(toQueued),
    queues: (): readonly QueuedTurn[] => queues.all().map(toQueued),
    /** Open requests. */
    waiting: (): ReadonlyMap<SessionId, number> =>
      new Map(waiting.all().map((row) => [row.session as SessionId, row.n as number])),
    waitingOf: (session: SessionId): number => Number(waitingOf.get(session)?.n ?? 0),
    counts(): WorkCounts {
      const row = counts.get() ?? {}
      return { working: Number(row.working), queued: Number(row.queued), requests: Number(row.requests) }
    },
  }
}

function toQueued(row: Record<string, unknown>): QueuedTurn {
  return {
    id: row.id as TurnId,
    session: row.session as SessionId,
    state: row.state as TurnState,
    origin: row.origin as Turn["origin"],
    surface: row.surface as string | null,
    text: String(row.text ?? ""),
    files: JSON.parse((row.files ?? "[]") as string) as readonly PromptFile[],
    hold: row.hold === null ? null : (JSON.parse(row.hold as string) as Hold),
    attempts: row.attempts as number,
    startedAt: row.started_at as Instant | null,
  }
}
