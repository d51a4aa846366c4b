import type { StoredRequest } from "../../ledger/requests.ts"
import type { OpenRequest } from "../../protocol/replies.ts"

/** What an agent waits for, as every surface shows it. */
export function openRequest({ id, session, turn, version, createdAt, body }: StoredRequest): OpenRequest {
  return { id, session, turn, version, at: createdAt, body }
}
