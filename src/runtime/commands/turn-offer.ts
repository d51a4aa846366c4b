/** What can be done about one turn: each surface handles these under `turn`. */
import { z } from "zod"
import type { Turn } from "../../ledger/turns.ts"
import { TurnId } from "../../protocol/ids.ts"
import type { Offer } from "./action.ts"

export type TurnVerb = "stop" | "release" | "drop" | "next" | "steer" | "edit" | "repeat" | "continue"

/** `waiting`: the turns that go with it, where a stop also clears the queue as it is now. */
export const TurnArgs = z.object({ turn: TurnId, waiting: z.array(TurnId).default([]) })

export function turnOffer(verb: TurnVerb, turn: Turn, waiting: readonly Turn[] = []): Offer {
  const queue = waiting.length > 0 ? { waiting: waiting.map(({ id }) => id) } : {}
  return {
    of: "turn",
    verb,
    args: { turn: turn.id, ...queue },
    session: turn.session,
    // Asking how to change a prompt changes nothing.
    once: verb !== "edit",
  }
}
