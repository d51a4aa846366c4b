import { isAtWork } from "../../core/turn.ts"
import type { RuntimeStatus } from "../../protocol/replies.ts"
import type { Kernel } from "../kernel.ts"

/** What the runtime is at, as far as its ledger and its link to the host tell. */
export type WorkStatus = Pick<
  RuntimeStatus,
  "host" | "sessions" | "queuedTurns" | "openRequests" | "undelivered"
>

export function readStatus({ ledger, hostPid }: Pick<Kernel, "ledger" | "hostPid">): WorkStatus {
  const open = ledger.turns.allOpen()
  const working = new Set(open.filter(isAtWork).map((turn) => turn.session))
  return {
    host: hostStatus(hostPid, working.size > 0),
    sessions: { open: ledger.overview.openSessions(), working: working.size },
    queuedTurns: open.filter((turn) => !isAtWork(turn)).length,
    openRequests: ledger.requests.allOpen().length,
    undelivered: ledger.outbox.depth(),
  }
}

/** Without work a host may leave, and nothing is wrong. */
function hostStatus(pid: number | null, isNeeded: boolean): RuntimeStatus["host"] {
  if (pid !== null) return { state: "connected", pid }
  return { state: isNeeded ? "disconnected" : "not_started" }
}
