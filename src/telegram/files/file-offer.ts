import type { SessionId } from "../../protocol/ids.ts"
import type { Offer } from "../../runtime/commands/action.ts"

/** To send a file that does not go by itself. @param identity the file that the owner is asked about. */
export function fileOffer(session: SessionId, path: string, identity: string): Offer {
  return { of: "file", verb: "send", session, args: { path, identity } }
}
