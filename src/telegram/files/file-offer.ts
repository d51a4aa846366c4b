import type { SessionId } from "../../protocol/ids.ts"
import type { Offer } from "../../runtime/commands/action.ts"

/** To send a file that does not go by itself. */
export function fileOffer(session: SessionId, path: string): Offer {
  return { of: "file", verb: "send", session, args: { path } }
}
