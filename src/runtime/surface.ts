/**
 * The port between the runtime and whatever the owner looks at. Facts are told inside the transaction that makes them
 * true, so that what a surface owes its channels is written with them or not at all.
 */
import type { StoredRequest } from "../ledger/requests.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Fact, RecordedFact } from "../protocol/facts.ts"
import type { RequestId } from "../protocol/ids.ts"

/** What the ledger knows around a fact: read once, at the first question, for all who are told. */
export interface About {
  readonly record: RecordedFact
  /** @throws when the fact belongs to no turn. */
  readonly turn: Turn
  /** @throws when the fact belongs to no session. */
  readonly session: Session
  request(id: RequestId): StoredRequest
}

export interface Surface {
  readonly name: string
  /**
   * Write rows, do nothing else; `ledger.afterCommit` is for consequences. What it throws takes back what it wrote for
   * this fact, and nothing else: the fact stands and the other surfaces are told.
   */
  onFact(fact: Fact, about: About): void
  /** Owes something plain instead of what `onFact` could not; the log has the fault under `logId`. */
  onFault?(fact: Fact, about: About, logId: string): void
}
