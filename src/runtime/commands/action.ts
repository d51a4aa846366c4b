/** What a button does, whatever surface shows it: stored, never sent, and handled by the module that made it. */
import { z } from "zod"
import { SessionId } from "../../protocol/ids.ts"

export const Action = z.object({
  /** Whose it is: a command's name, or a module of the surface. */
  of: z.string(),
  verb: z.string(),
  /** Understood by whoever it belongs to, which names in them what it holds for: a turn, a request and its version. */
  args: z.record(z.string(), z.unknown()),
  /** The session it is about, wherever the card is looked at later; null when it is about none. */
  session: SessionId.nullable(),
  /** False for what changes nothing and may be asked for again. */
  once: z.boolean(),
})
export type Action = z.infer<typeof Action>

/** An action as it is offered, before it is stored. */
export interface Offer extends Pick<Action, "of" | "verb"> {
  readonly args?: Action["args"]
  readonly session?: SessionId | null
  readonly once?: boolean
  /** How long it can be tapped, in ms. */
  readonly lastsMs?: number
}

/** Buttons outlive any turn, but not for ever. */
export const ACTION_LIFETIME_MS = 30 * 24 * 3_600_000
/** Who confirms something dangerous has just read what it means. */
export const CONFIRMATION_LIFETIME_MS = 5 * 60_000

export function actionOf({ of, verb, args = {}, session = null, once = true }: Offer): Action {
  return { of, verb, args, session, once }
}
