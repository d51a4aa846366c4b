import type { Turn } from "../ledger/turns.ts"
import type { FactOf } from "../protocol/facts.ts"
import type { Outcome } from "../protocol/session.ts"

/**
 * The last fact of a turn, as it was before it ended. One that was taken out of the queue before any agent began with it
 * was dropped, and nothing is answered; one that was on its way to an agent is answered with its end.
 */
export function endOf(turn: Turn, outcome: Outcome): FactOf<"turn.ended" | "turn.dropped"> {
  return turn.state === "queued" && turn.startedAt === null && outcome.kind === "stopped"
    ? { kind: "turn.dropped", held: turn.hold?.kind ?? null }
    : { kind: "turn.ended", outcome }
}
