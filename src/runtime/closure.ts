/** Why an agent does not wait for an answer any more. */
import type { Ledger } from "../ledger/ledger.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Turn } from "../ledger/turns.ts"

export type Closure =
  /** Answered in the agent itself, by whoever sits at it. */
  | "elsewhere"
  | "stopped"
  | "ended"
  /** The agent's process ended, and what it asked went with it. */
  | "restarted"
  /** The agent took it back. */
  | "withdrawn"

interface Known {
  readonly turns: Pick<Ledger["turns"], "find">
  readonly events: Pick<Ledger["events"], "ofTurn">
}

/** Events of a turn that are looked through, newest first: what closed a request is among the last. */
const EVENTS = 200

export function closureOf(ledger: Known, request: StoredRequest): Closure {
  if (wasAnsweredElsewhere(ledger, request)) return "elsewhere"
  const turn = ledger.turns.find(request.turn)
  if (!turn) return "ended"
  return turn.outcome ? afterOutcome(turn.outcome) : whileOpen(turn, request)
}

function wasAnsweredElsewhere({ events }: Pick<Known, "events">, { id, turn }: StoredRequest): boolean {
  return events.ofTurn(turn, EVENTS).some(({ kind, body }) => {
    if (kind !== "request.closed" && kind !== "request.overtaken") return false
    const { request, why } = body as { readonly request?: unknown; readonly why?: unknown }
    return request === id && why === "answered_elsewhere"
  })
}

function afterOutcome(outcome: NonNullable<Turn["outcome"]>): Closure {
  switch (outcome.kind) {
    case "completed":
      return "ended"
    case "stopped":
      return "stopped"
    case "indeterminate":
      return "restarted"
    case "failed":
      return outcome.failure.class === "crashed" ? "restarted" : "ended"
  }
}

/** Put back, or already at another attempt: the one that asked is over. */
function whileOpen({ state, attempt, stopRequestedAt }: Turn, request: StoredRequest): Closure {
  if (stopRequestedAt !== null) return "stopped"
  return state === "queued" || attempt !== request.attempt ? "restarted" : "withdrawn"
}
