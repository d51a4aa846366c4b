import type { PromptReceipt } from "../protocol/control.ts"
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
  receipt: PromptReceipt,
  from: number,
): Promise<Outcome> {
  let after = from
  for (;;) {
    const { events, next } = await client.events(receipt.session, { after, wait: patienceMs })
    for (const { turn, fact } of events) {
      if (turn === receipt.turn && fact.kind === "turn.ended") return fact.outcome
    }
    after = next
  }
}
