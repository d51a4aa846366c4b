/** Why an agent does not wait for an answer any more. */
import type { Ledger } from "../ledger/ledger.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Closure } from "../protocol/facts.ts"

interface Known {
  readonly turns: Pick<Ledger["turns"], "find">
  readonly facts: Pick<Ledger["facts"], "ofTurn">
}

/** Facts of a turn that are looked through, newest first: what closed a request is among the last. */
const FACTS = 200

/** Nobody waits any more, and not because it was answered here. */
export type Unanswered = Exclude<Closure, "answered">

export function closureOf(ledger: Known, request: StoredRequest): Unanswered {
  if (wasAnsweredElsewhere(ledger, request)) return "elsewhere"
  const turn = ledger.turns.find(request.turn)
  if (!turn) return "ended"
  return turn.outcome ? afterOutcome(turn.outcome) : whileOpen(turn, request)
}

function wasAnsweredElsewhere({ facts }: Pick<Known, "facts">, { id, turn }: StoredRequest): boolean {
  return facts
    .ofTurn(turn, FACTS)
    .some(({ fact }) => "why" in fact && "request" in fact && fact.request === id && fact.why === "elsewhere")
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
