/** The life of a turn, decided without I/O: what runs next, and what follows when an attempt ended. */
import type { AttemptHold } from "../protocol/facts.ts"
import type { Instant } from "../protocol/ids.ts"
import type { Outcome, TurnState } from "../protocol/session.ts"
import { LONGEST_RETRY_MS, retryPolicy } from "./failure.ts"

export type OpenTurnState = Exclude<TurnState, Outcome["kind"]>

/** An agent has it, or is about to be given it. The others wait, or have ended. */
export const isAtWork = ({ state }: { readonly state: TurnState }): boolean =>
  state === "dispatching" || state === "running" || state === "waiting"

/**
 * Why a queued turn is not handed over yet. `confirm`: it arrived while the runtime was away and the owner decides;
 * later turns pass it. The others hold them back.
 */
export type Hold = { readonly kind: "confirm"; readonly sentAt: Instant } | AttemptHold

interface Queued {
  readonly state: TurnState
  readonly hold: Hold | null
}

export type Next<T> =
  | { readonly kind: "busy"; readonly turn: T }
  | { readonly kind: "run"; readonly turn: T }
  | { readonly kind: "wait"; readonly until: Instant; readonly turn: T }
  | { readonly kind: "idle" }

/** Which of a session's open turns, in queue order, has the floor. One runs at a time. */
export function nextInQueue<T extends Queued>(open: readonly T[], now: Instant): Next<T> {
  const working = open.find(isAtWork)
  if (working) return { kind: "busy", turn: working }
  const head = open.find((turn) => turn.state === "queued" && turn.hold?.kind !== "confirm")
  if (!head) return { kind: "idle" }
  const until = head.hold ? endOf(head.hold, now) : 0
  return until > now ? { kind: "wait", until, turn: head } : { kind: "run", turn: head }
}

/** Clocks are set back: a pause of our own is never waited for longer than the longest there is. */
function endOf(hold: Hold, now: Instant): Instant {
  if (hold.kind === "confirm") return 0
  const isOurs = hold.kind === "retry" && hold.failure.resetsAt === undefined
  return isOurs && hold.until - now > LONGEST_RETRY_MS ? 0 : hold.until
}

export interface EndedAttempt {
  readonly outcome: Outcome
  /** How many attempts were made, this one included. */
  readonly attempts: number
  readonly stopRequested: boolean
  readonly now: Instant
  /** In [0, 1): spreads retries. */
  readonly random: number
}

export type AfterAttempt =
  | { readonly kind: "end"; readonly outcome: Outcome }
  | { readonly kind: "hold"; readonly hold: AttemptHold }

/** Retryable failures wait and come again, within the bounds of their class; everything else is the outcome. */
export function afterAttempt({ outcome, attempts, stopRequested, now, random }: EndedAttempt): AfterAttempt {
  if (outcome.kind !== "failed") return { kind: "end", outcome }
  if (stopRequested) return { kind: "end", outcome: { kind: "stopped", text: outcome.text } }
  const { failure } = outcome
  if (failure.class === "usage_limit" && failure.resetsAt !== undefined && failure.resetsAt > now) {
    return { kind: "hold", hold: { kind: "limit", until: failure.resetsAt, failure } }
  }
  const policy = retryPolicy(failure.class)
  if (!policy.retry || attempts >= policy.maxAttempts) return { kind: "end", outcome }
  const until = Math.max(now + policy.delayMs(attempts, random), failure.resetsAt ?? 0)
  return {
    kind: "hold",
    hold: { kind: "retry", until, attempt: attempts + 1, of: policy.maxAttempts, failure },
  }
}

/** What a first line says of a session, short enough for a list or a topic's name; empty when there is no text. */
export function titleFrom(text: string): string {
  const line = text.trim().split("\n", 1)[0]?.trim().replaceAll(/\s+/g, " ") ?? ""
  const graphemes = [...new Intl.Segmenter().segment(line)].map((part) => part.segment)
  return graphemes.length <= 60 ? line : `${graphemes.slice(0, 59).join("").trimEnd()}…`
}
