/** What becomes of a row whose call failed. Pure; the whole delivery policy is here. */
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { SendFailure } from "../wire/call-error.ts"
import { describeFailure } from "../wire/call-error.ts"
import { safer } from "./fallback.ts"
import { type Payload, repeatability } from "./payload.ts"

export type Settlement =
  /** Not needed after all: it is as it should be. */
  | { readonly kind: "done" }
  /** `ambiguous`: it may have arrived. */
  | { readonly kind: "retry"; readonly delayMs: number; readonly ambiguous: boolean; readonly error: string }
  /** Certainly not sent, and nothing else for this chat would be: all of it waits. */
  | { readonly kind: "pause"; readonly delayMs: number; readonly error: string }
  /** Again at once, in a form that Telegram takes. */
  | {
      readonly kind: "rewrite"
      readonly payload: Payload
      readonly topicGone: boolean
      readonly error: string
    }
  | { readonly kind: "drop"; readonly error: string; readonly topicGone?: boolean }
  | { readonly kind: "fail"; readonly error: string }

export interface Attempted {
  readonly row: Pick<OutboxRow, "priority" | "ambiguous">
  readonly payload: Payload
  /** Put before a text that goes to the chat instead of its session's topic. */
  readonly sessionTag: string
  /** The call was cut off by the end of our own process: there is nothing to wait for. */
  readonly wasCut: boolean
  /** How often in a row this chat could not be reached, this time included. */
  readonly unreached: number
  /** The chat is the owner's own with the bot. */
  readonly isPrivate: boolean
}

const REVOKED_RETRY_MS = 60_000
/** The owner's next sign of life ends this wait; Telegram may have lost it. */
const SHUT_OUT_RETRY_MS = 60 * 60_000
const UNREACHABLE = { firstMs: 100, mostMs: 3_000 }
const AMBIGUOUS = { firstMs: 500, mostMs: 60_000 }
const STATUS_AMBIGUOUS_TRIES = 3

export function settle(attempted: Attempted, failure: SendFailure): Settlement {
  const error = describeFailure(failure)
  switch (failure.kind) {
    case "flood":
      return { kind: "retry", delayMs: failure.retryAfterSeconds * 1000, ambiguous: false, error }
    case "unreachable":
    case "revoked":
    case "conflict":
      return { kind: "pause", delayMs: pauseAfter(failure, attempted.unreached), error }
    case "ambiguous":
      return afterAmbiguity(attempted, error)
    case "migrated":
      return { kind: "pause", delayMs: 0, error }
    case "blocked":
    case "rejected":
      if (isShutOut(failure, attempted)) return { kind: "pause", delayMs: SHUT_OUT_RETRY_MS, error }
      if (failure.kind === "rejected") return afterRejection(attempted, failure.description)
      // Nothing is lost by leaving a change of something that is there.
      return repeatability(attempted.payload) === "once" ? { kind: "fail", error } : { kind: "drop", error }
  }
}

/**
 * The owner has blocked the bot, or never opened it: it can write to them again once they do. Only what was to become a
 * message tells: a reaction or a draft may be forbidden for reasons of its own.
 */
export function isShutOut(
  failure: SendFailure,
  { isPrivate, payload: { kind } }: Pick<Attempted, "isPrivate" | "payload">,
): boolean {
  if (!isPrivate || (kind !== "text" && kind !== "file" && kind !== "edit")) return false
  if (failure.kind === "blocked") return BLOCKED.test(failure.description)
  return failure.kind === "rejected" && NO_CHAT.test(failure.description)
}

/** How long a chat waits when nothing can be sent at all, in ms; `count` is how often in a row that was so. */
export function pauseAfter({ kind }: SendFailure, count: number): number {
  if (kind === "blocked" || kind === "rejected") return SHUT_OUT_RETRY_MS
  return kind === "unreachable" ? grow(UNREACHABLE, count) : REVOKED_RETRY_MS
}

/**
 * Finals, requests and answers go on until Telegram says yes or no: a duplicate, marked as such, beats a loss.
 * Status is not worth a duplicate.
 */
function afterAmbiguity({ row, payload, wasCut }: Attempted, error: string): Settlement {
  const retry = {
    kind: "retry",
    delayMs: wasCut ? 0 : grow(AMBIGUOUS, row.ambiguous + 1),
    ambiguous: true,
    error,
  } as const
  if (row.priority !== "status") return retry
  if (repeatability(payload) === "once") return { kind: "drop", error }
  return row.ambiguous < STATUS_AMBIGUOUS_TRIES ? retry : { kind: "drop", error }
}

/** Telegram's refusal of a change that would change nothing. */
export function isAsItShouldBe(description: string): boolean {
  return AS_IT_SHOULD_BE.test(description)
}

/** Telegram's refusal of a topic that is no longer there. */
export function isTopicGone(description: string): boolean {
  return TOPIC_GONE.test(description)
}

const AS_IT_SHOULD_BE = /message is not modified|TOPIC_NOT_MODIFIED/i
/** Its object is gone or its time is over: nothing is lost by leaving it. */
const POINTLESS =
  /message to (edit|delete|react|be edited) not found|message not found|MESSAGE_ID_INVALID|message can't be (edited|deleted)|query is too old|QUERY_ID_INVALID|query ID is invalid/i
const BLOCKED = /blocked by the user|user is deactivated|can't initiate conversation/i
const NO_CHAT = /chat not found/i
/** It may be opened again. */
const TOPIC_CLOSED = /TOPIC_CLOSED/i
const TOPIC_GONE = /message thread not found|chat is not a forum|TOPIC_(DELETED|ID_INVALID)/i

function afterRejection({ payload, sessionTag }: Attempted, description: string): Settlement {
  const isRepeatable = repeatability(payload) === "repeatable"
  if (isRepeatable && isAsItShouldBe(description)) return { kind: "done" }
  if (isRepeatable && POINTLESS.test(description)) return { kind: "drop", error: description }
  // Only for this message: a topic that is closed may be opened again.
  const topicGone = isTopicGone(description) || TOPIC_CLOSED.test(description)
  const payloadNow = safer(payload, { description, topicGone, sessionTag })
  const isMissing = isTopicGone(description)
  if (payloadNow) return { kind: "rewrite", payload: payloadNow, topicGone: isMissing, error: description }
  if (topicGone && isRepeatable) return { kind: "drop", error: description, topicGone: isMissing }
  return { kind: "fail", error: description }
}

function grow({ firstMs, mostMs }: { firstMs: number; mostMs: number }, count: number): number {
  return Math.min(mostMs, firstMs * 2 ** Math.max(0, count - 1))
}
