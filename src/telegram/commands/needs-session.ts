import type { Session } from "../../ledger/sessions.ts"
import { NoSessionHere } from "../words/owner-words.ts"
import type { Call } from "./command.ts"

/** @throws NoSessionHere when neither the chat nor the message replied to has a session. */
export function mustHaveSession(call: Call): Session {
  if (!call.session) throw new NoSessionHere()
  return call.session
}
