/** Sessions as a list shows them. */
import { isAtWork, nextInQueue } from "../../core/turn.ts"
import type { QueuedTurn } from "../../ledger/glance.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Instant } from "../../protocol/ids.ts"
import type { SessionRow } from "../../protocol/live.ts"

export interface Around {
  readonly queue: readonly QueuedTurn[]
  /** Open requests. */
  readonly waiting: number
  readonly now: Instant
}

export function sessionRow(ledger: Ledger, session: Session, { queue, waiting, now }: Around): SessionRow {
  const { id, title, provider, workspace, state, updatedAt } = session
  const { isPinned, read, notable, line, lastState } = ledger.glance.find(id)
  const next = nextInQueue(queue, now)
  const until = next.kind === "wait" ? { until: next.until } : {}
  return {
    ...{ id, title, provider, workspace, line, at: updatedAt, ...until },
    archived: state === "archived",
    pinned: isPinned,
    unread: notable > read,
    queued: queue.filter((turn) => !isAtWork(turn)).length,
    requests: waiting,
    lastSeq: ledger.facts.lastSeq(id),
    mark: markOf({ queue, waiting, lastState, isHeld: next.kind === "wait" }),
  }
}

interface Marked extends Pick<Around, "queue" | "waiting"> {
  readonly lastState: QueuedTurn["state"] | null
  readonly isHeld: boolean
}

/** The one thing that matters most of it. */
function markOf({ queue, waiting, lastState, isHeld }: Marked): SessionRow["mark"] {
  if (waiting > 0) return "waits"
  if (queue.some(isAtWork)) return "working"
  if (isHeld) return "limit"
  if (queue.length > 0) return "queued"
  return lastState === "failed" || lastState === "indeterminate" ? "failed" : "idle"
}
