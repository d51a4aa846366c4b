/**
 * The port between the runtime and whatever the owner looks at. Facts are told inside the transaction that makes them
 * true, so that what a surface owes its channels is written with them or not at all.
 */
import type { AttemptHold, Hold } from "../core/turn.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Outcome } from "../protocol/session.ts"

export type Fact =
  | { readonly kind: "turn.queued"; readonly turn: Turn; readonly behind: Turn | null }
  | { readonly kind: "turn.edited"; readonly turn: Turn }
  | { readonly kind: "turn.started"; readonly turn: Turn }
  /** `steered`: the turn ended by becoming part of the running one. Otherwise it waits in the queue, first. */
  | {
      readonly kind: "turn.steered"
      readonly turn: Turn
      readonly outcome: "steered" | "too_late" | "unsupported"
    }
  /** An attempt failed and comes again, or waits for a limit to reset. */
  | { readonly kind: "turn.held"; readonly turn: Turn; readonly hold: AttemptHold }
  /** Exactly one per turn. `turn` shows it ended; `held`: what it had still waited for. */
  | {
      readonly kind: "turn.ended"
      readonly turn: Turn
      readonly outcome: Outcome
      readonly held?: Hold["kind"]
    }
  | { readonly kind: "request.opened"; readonly turn: Turn; readonly request: StoredRequest }
  /** Answered (`request.answeredBy` says by whom) or withdrawn. */
  | { readonly kind: "request.closed"; readonly turn: Turn; readonly request: StoredRequest }
  /** It was answered here, but the agent did not wait for it any more: the answer changed nothing. */
  | { readonly kind: "request.missed"; readonly turn: Turn; readonly request: StoredRequest }
  | { readonly kind: "session.changed"; readonly session: Session }

export interface Surface {
  readonly name: string
  /** Called inside a transaction: write rows, do nothing else. Use `ledger.afterCommit` for consequences. */
  onFact(fact: Fact): void
}
