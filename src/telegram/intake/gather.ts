/**
 * What belongs together: the photos of an album, what was forwarded together with its comment, and the pieces that
 * Telegram's clients make of one long paste. Ordinary messages never wait.
 */
import type { Message } from "grammy/types"

/** How long an album may still grow after its last part came, in ms. */
const ALBUM_QUIET_MS = 600
/** How long the next piece of a paste may take after a piece that was cut, in ms. */
const PASTE_QUIET_MS = 1_200
/** Clients cut at 4096 UTF-16 units, a little earlier when they look for a word's end. */
const CUT_LENGTH = 3_900

export interface Arrival {
  readonly message: Message | undefined
  /** By the monotonic clock, as all times here. */
  readonly receivedAt: number
}

export type Gathered =
  /** The first `count` arrivals are one. */
  { readonly kind: "ready"; readonly count: number } | { readonly kind: "wait"; readonly until: number }

/** Looks at what a chat has waiting, oldest first; there is at least one. */
export function gather(arrivals: readonly Arrival[], now: number): Gathered {
  const count = groupLength(arrivals)
  const last = arrivals[count - 1]
  const quiet = last ? quietAfter(last.message) : 0
  const isClosed = arrivals.length > count || quiet === 0
  if (isClosed || !last) return { kind: "ready", count }
  const until = last.receivedAt + quiet
  return now >= until ? { kind: "ready", count } : { kind: "wait", until }
}

function groupLength(arrivals: readonly Arrival[]): number {
  let count = 1
  while (count < arrivals.length && continues(arrivals[count - 1]?.message, arrivals[count]?.message))
    count += 1
  return count
}

function continues(before: Message | undefined, next: Message | undefined): boolean {
  if (!before || !next) return false
  if (before.media_group_id !== undefined && before.media_group_id === next.media_group_id) return true
  if (isForwarded(next)) return isTogether(before, next) && (isForwarded(before) || isComment(before))
  if (before.media_group_id !== undefined || next.text === undefined) return false
  return isCut(before) && !next.text.startsWith("/") && isTogether(before, next)
}

function quietAfter(message: Message | undefined): number {
  if (!message) return 0
  if (message.media_group_id !== undefined || isForwarded(message)) return ALBUM_QUIET_MS
  return isCut(message) ? PASTE_QUIET_MS : 0
}

const isCut = (message: Message): boolean =>
  (message.text?.length ?? 0) >= CUT_LENGTH && !isForwarded(message)

const isForwarded = (message: Message): boolean => message.forward_origin !== undefined

/** What the owner writes when they forward something comes before it, as a message of its own. */
const isComment = ({ text, media_group_id: album }: Message): boolean =>
  text !== undefined && !text.startsWith("/") && album === undefined

/** Sent at one stroke: nobody writes two messages within a second. Telegram dates them in seconds. */
const isTogether = (before: Message, next: Message): boolean =>
  Math.abs(next.date - before.date) <= TOGETHER_SECONDS

const TOGETHER_SECONDS = 1
