/**
 * Text of running items, for whoever watches now. Bounded, never stored, and given out only as fast as it is taken:
 * what comes between two reads is one piece.
 */
import type { RedactedStream } from "../core/known-secrets.ts"
import type { AttemptId, SessionId } from "../protocol/ids.ts"
import type { DeltaChannel } from "../providers/provider.ts"
import type { Delta } from "./open-session.ts"

/** In UTF-16 units; of a longer text the tail is kept. */
const MAX_TEXT = 256 * 1024
const MAX_ITEMS_PER_ATTEMPT = 64

export interface LivePiece {
  readonly session: SessionId
  readonly attempt: AttemptId
  readonly item: string
  readonly channel: DeltaChannel
  readonly offset: number
  readonly text: string
}

interface Running {
  readonly session: SessionId
  readonly attempt: AttemptId
  readonly item: string
  readonly channel: DeltaChannel
  readonly redacted: RedactedStream
  /** Offset of the first unit that is still kept. */
  start: number
  /** Joined only when read: a string grown delta by delta and cut again each time would be copied each time. */
  pieces: string[]
  length: number
  /** Up to where the present reader has it. */
  sent: number
}

export class LiveText {
  readonly #running = new Map<string, Running>()
  readonly #redacted: () => RedactedStream

  /** @param redacted makes what takes the secrets out of one text while it is written. */
  constructor(redacted: () => RedactedStream = () => (piece) => piece) {
    this.#redacted = redacted
  }

  add({ spec, attempt, item, channel, text }: Delta): void {
    const key = `${attempt} ${channel} ${item}`
    let running = this.#running.get(key)
    if (!running) {
      this.#dropOldest(attempt)
      const redacted = this.#redacted()
      const empty = { start: 0, pieces: [], length: 0, sent: 0 }
      running = { session: spec.session, attempt, item, channel, redacted, ...empty }
      this.#running.set(key, running)
    }
    const shown = running.redacted(text)
    running.pieces.push(shown)
    running.length += shown.length
    if (running.length > 2 * MAX_TEXT) trim(running)
  }

  /** The item is told as a whole now, or nothing of the attempt is of use any more (`item` null). */
  drop(attempt: AttemptId, item: string | null): void {
    for (const [key, running] of this.#running) {
      if (running.attempt === attempt && (item === null || running.item === item)) this.#running.delete(key)
    }
  }

  /** A new reader has nothing. */
  startOver(): void {
    for (const running of this.#running.values()) running.sent = 0
  }

  /** The next piece the reader lacks, or null. */
  next(): LivePiece | null {
    for (const running of this.#running.values()) {
      if (running.sent < running.start + running.length) return read(running)
    }
    return null
  }

  #dropOldest(attempt: AttemptId): void {
    const mine = [...this.#running].filter(([, running]) => running.attempt === attempt)
    const oldest = mine.length >= MAX_ITEMS_PER_ATTEMPT ? mine[0] : undefined
    if (oldest) this.#running.delete(oldest[0])
  }
}

function read(running: Running): LivePiece {
  trim(running)
  const { session, attempt, item, channel, start, length } = running
  const offset = Math.max(running.sent, start)
  const text = (running.pieces[0] ?? "").slice(offset - start)
  running.sent = start + length
  return { session, attempt, item, channel, offset, text }
}

function trim(running: Running): void {
  const text = running.pieces.join("")
  const kept = text.length > MAX_TEXT ? text.slice(-MAX_TEXT) : text
  running.start += text.length - kept.length
  running.pieces = [kept]
  running.length = kept.length
}
