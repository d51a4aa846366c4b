/** An agent's own names as our ids. What does not fit is hashed: an odd id is no reason to lose what it names. */
import { createHash } from "node:crypto"
import { ItemId, RequestId } from "../protocol/ids.ts"

const LONGEST = 200

/** The same for the same name. */
export function itemId(name: string): ItemId {
  return ItemId.parse(fitting(name))
}

/** For a request that another life of the host must find again under the same id; else ids of our own are used. */
export function requestId(name: string): RequestId {
  return RequestId.parse(fitting(name))
}

function fitting(name: string): string {
  if (name !== "" && name.length <= LONGEST && name.isWellFormed()) return name
  return `hash-${createHash("sha256").update(name).digest("base64url")}`
}
