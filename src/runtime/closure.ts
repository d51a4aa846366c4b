/** Why an agent does not wait for an answer any more. */
import type { Ledger } from "../ledger/ledger.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Closure } from "../protocol/facts.ts"

interface Known {
  readonly turns: Pick<Ledger["turns"], "find">
  readonly facts: Pick<Ledger["facts"], "closuresOf">
}

/** Nobody waits any more, and not because it was answered here. */
export type Unanswered = Exclude<Closure, "answered">

export function closureOf(ledger: Known, request: StoredRequest): Unanswered {
  if (ledger.facts.closuresOf(request.id).includes("elsewhere")) return "elsewhere"
  const turn = ledger.turns.find(request.turn)
  if (!turn) return "ended"
  return turn.outcome ? afterOutcome(turn.outcome) : whileOpen(turn, request)
}

function afterOutcome(outcome: NonNullable<Turn["outcome"]>): Unanswered {
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
function whileOpen({ state, attempt, stopRequestedAt }: Turn, request: StoredRequest): Unanswered {
  if (stopRequestedAt !== null) return "stopped"
  return state === "queued" || attempt !== request.attempt ? "restarted" : "withdrawn"
}
