/** All sessions at a glance: a window of rows, what agents wait for, and how the machine is. */
import type { Clock } from "../../core/clock.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { ServerFrame, SessionRow } from "../../protocol/live.ts"
import { toldRequest } from "./open-request.ts"
import { sessionRow } from "./rows.ts"

/** Newest sessions. */
const ROWS = 60
/** UTF-16 units of all requests that are told along; further ones follow one by one. */
const REQUESTS_SHOWN = 64 * 1024

/** The kernel, or as much of it as is needed. */
export interface OverviewSource {
  readonly ledger: Ledger
  readonly clock: Pick<Clock, "now">
  readonly hostPid: number | null
  readonly isHostSilent?: boolean
}

type Overview = Omit<ServerFrame<"overview">, "n">

export interface OverviewRead {
  readonly frame: Overview
  /** Those for which there was no room. */
  readonly further: readonly ReturnType<typeof toldRequest>[]
}

export function readOverview(source: OverviewSource): OverviewRead {
  const { ledger, clock } = source
  const sessions = ledger.sessions.window({ before: null, limit: ROWS + 1, archived: false })
  const queues = Map.groupBy(ledger.glance.queues(), ({ session }) => session)
  const waiting = ledger.glance.waiting()
  const rows = sessions.slice(0, ROWS).map((session) =>
    sessionRow(ledger, session, {
      ...{ queue: queues.get(session.id) ?? [], waiting: waiting.get(session.id) ?? 0, now: clock.now() },
    }),
  )
  const told = ledger.requests.allOpen().map((request) => toldRequest(ledger, request))
  const requests = fitting(told)
  return {
    frame: {
      ...{ type: "overview", rows, requests, more: sessions.length > ROWS },
      status: readWorkStatus(source),
    },
    further: told.slice(requests.length),
  }
}

/** Null: there is no such session. */
export function readRow({ ledger, clock }: OverviewSource, id: SessionId): SessionRow | null {
  const session = ledger.sessions.find(id)
  if (!session) return null
  const queue = ledger.glance.queue(id)
  return sessionRow(ledger, session, { queue, waiting: ledger.glance.waitingOf(id), now: clock.now() })
}

type Observed = Pick<OverviewSource, "ledger" | "hostPid" | "isHostSilent">
type Status = ServerFrame<"status">["status"]

export function readWorkStatus({ ledger, hostPid, isHostSilent = false }: Observed): Status {
  const { working, queued, requests } = ledger.glance.counts()
  return {
    host: isHostSilent ? { state: "silent" } : hostStatus(hostPid, working > 0),
    sessions: { open: ledger.overview.openSessions(), working },
    queuedTurns: queued,
    openRequests: requests,
  }
}

/** Without work a host may leave, and nothing is wrong. */
function hostStatus(pid: number | null, isNeeded: boolean): Status["host"] {
  if (pid !== null) return { state: "connected", pid }
  return { state: isNeeded ? "disconnected" : "not_started" }
}

function fitting<T>(all: readonly T[]): readonly T[] {
  let room = REQUESTS_SHOWN
  const first = all.findIndex((one) => {
    room -= JSON.stringify(one).length
    return room < 0
  })
  return first === -1 ? all : all.slice(0, first)
}
