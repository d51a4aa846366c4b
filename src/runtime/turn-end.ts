import type { Turn } from "../ledger/turns.ts"
import type { FactOf } from "../protocol/facts.ts"
import type { Outcome } from "../protocol/session.ts"

/** The last fact of a turn. Where no agent ever began with it and it is stopped, nothing is answered: it was dropped. */
export function endOf(turn: Turn, outcome: Outcome): FactOf<"turn.ended" | "turn.dropped"> {
  return turn.startedAt === null && outcome.kind === "stopped"
    ? { kind: "turn.dropped", held: turn.hold?.kind ?? null }
    : { kind: "turn.ended", outcome }
}
