import { endsTurn, type FactOf, isKnown, type RecordedFact } from "../protocol/facts.ts"
import type { TurnReceipt } from "../protocol/replies.ts"
import type { Outcome } from "../protocol/session.ts"
import type { ControlClient } from "./control-client.ts"
import { followSession, whole } from "./follow-session.ts"

/**
 * Waits until the turn has its outcome, however long that takes.
 * @param from number of an event before the turn's first one.
 */
export async function followTurn(
  client: ControlClient,
  receipt: TurnReceipt,
  from: number,
): Promise<Outcome> {
  const leaving = new AbortController()
  const { session } = receipt
  try {
    for await (const batch of followSession({ client, session, after: from, signal: leaving.signal })) {
      if (batch.kind !== "news") continue
      const end = batch.events.map((record) => endIn(record, receipt)).find((found) => found !== null)
      if (end) return outcomeOf(end)
      // It ended while nobody was told: the runtime was away, or too much came at once.
      if (batch.isGap) {
        const missed = await findEnd(client, receipt, from)
        if (missed) return outcomeOf(missed)
      }
    }
  } finally {
    leaving.abort()
  }
  throw new Error("the session was no longer followed")
}

type End = FactOf<"turn.ended" | "turn.dropped" | "turn.steered">

const endIn = ({ turn, fact }: RecordedFact, receipt: TurnReceipt): End | null =>
  turn === receipt.turn && endsTurn(fact) ? fact : null

async function findEnd(client: ControlClient, receipt: TurnReceipt, from: number): Promise<End | null> {
  const { session } = receipt
  for (let after = from; ; ) {
    const { events, hasMore } = await client.call("event.page", { session, after })
    for (const record of events.filter(isKnown)) {
      if (endIn(record, receipt)) return endIn(await whole(client, record), receipt)
    }
    const last = events.at(-1)?.seq
    if (!hasMore || last === undefined) return null
    after = last
  }
}

/** One that became part of another turn is answered there. */
function outcomeOf(fact: End): Outcome {
  if (fact.kind === "turn.ended") return fact.outcome
  return { kind: fact.kind === "turn.dropped" ? "stopped" : "completed", text: "" }
}
