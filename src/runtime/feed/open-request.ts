/** What an agent waits for, as every surface shows it. */
import type { Ledger } from "../../ledger/ledger.ts"
import { cutLong } from "../../ledger/long-texts.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import type { ToldRequest } from "../../protocol/live.ts"
import type { OpenRequest } from "../../protocol/replies.ts"
import { riskOf } from "../approval-card.ts"

/** UTF-16 units of one string that is told along. */
const STRING_SHOWN = 16 * 1024

export function openRequest(
  { sessions }: Pick<Ledger, "sessions">,
  { id, session, turn, version, createdAt, body }: StoredRequest,
): OpenRequest {
  const found = sessions.find(session)
  const risk = found && riskOf(body, found)
  return { id, session, turn, version, at: createdAt, body, risk }
}

/** Bounded, for the live protocol. */
export function toldRequest(ledger: Pick<Ledger, "sessions">, request: StoredRequest): ToldRequest {
  const { value, cut } = cutLong(openRequest(ledger, request), STRING_SHOWN)
  return cut.length === 0 ? value : { ...value, cut }
}
