import type { Ledger } from "../ledger/ledger.ts"
import type { Instant, RequestId } from "../protocol/ids.ts"

/**
 * An answer need not be told to the host any more: it has it, or nobody waits. Only inside a transaction; false when
 * that was known before.
 */
export function answerDone(ledger: Ledger, request: RequestId, now: Instant): boolean {
  const isNews = ledger.handOvers.answerDone(request, now)
  if (isNews) ledger.requests.forgetSecrets(request)
  return isNews
}
