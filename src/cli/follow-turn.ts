import { endsTurn, type FactOf } from "../protocol/facts.ts"
import type { TurnReceipt } from "../protocol/replies.ts"
import type { Outcome } from "../protocol/session.ts"
import type { ControlClient } from "./control-client.ts"

/** Longest the runtime holds one answer back, in ms. */
const patienceMs = 25_000

/**
 * Waits until the turn has its outcome, however long that takes.
 * @param from number of an event before the turn's first one.
 */
export async function followTurn(
  client: ControlClient,
  receipt: TurnReceipt,
  from: number,
): Promise<Outcome> {
  let after = from
  for (;;) {
    const { events, next } = await client.events(receipt.session, { after, wait: patienceMs })
    for (const { turn, fact } of events) {
      if (turn === receipt.turn && endsTurn(fact)) return outcomeOf(fact)
    }
    after = next
  }
}

/** One that became part of another turn is answered there. */
function outcomeOf(fact: FactOf<"turn.ended" | "turn.dropped" | "turn.steered">): Outcome {
  if (fact.kind === "turn.ended") return fact.outcome
  return { kind: fact.kind === "turn.dropped" ? "stopped" : "completed", text: "" }
}
