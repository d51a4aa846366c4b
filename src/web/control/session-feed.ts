/** Wakes whoever waits for a session: after every commit that concerns it, and whenever its live text changes. */
import type { Clock } from "../../core/clock.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { Fact } from "../../protocol/facts.ts"
import type { Instant, SessionId } from "../../protocol/ids.ts"
import type { LiveChange, LiveTurn, LiveTurns } from "../../runtime/live.ts"
import type { About, Surface } from "../../runtime/surface.ts"

export interface SessionFeedOptions {
  readonly ledger: Ledger
  readonly live: LiveTurns
  readonly clock: Clock
}

export interface Wait {
  readonly until: Instant
  /** Aborts when the reader has gone. */
  readonly signal: AbortSignal
}

export class SessionFeed implements Surface {
  readonly name = "control"
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #readers = new Map<SessionId, Set<() => void>>()
  /** Of the live text of each session that had any. */
  readonly #revisions = new Map<SessionId, number>()
  /** Begins with the time, so that no number of an earlier run is used again. */
  #revision: number
  readonly #unsubscribe: () => void
  #isClosed = false

  constructor({ ledger, live, clock }: SessionFeedOptions) {
    this.#ledger = ledger
    this.#clock = clock
    this.#revision = clock.now()
    this.#unsubscribe = live.subscribe((turn, change) => this.#onLive(turn, change))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  onFact(_: Fact, { record: { stream } }: About): void {
    if (stream !== "machine") this.#ledger.afterCommit(() => this.#wake(stream))
  }

  /** 0 while there was no live text. */
  revision(session: SessionId): number {
    return this.#revisions.get(session) ?? 0
  }

  /** Resolves when something may have changed, at `until`, when the reader has gone, or when the feed closes. */
  next(session: SessionId, { until, signal }: Wait): Promise<void> {
    if (this.#isClosed || signal.aborted) return Promise.resolve()
    const { promise, resolve } = Promise.withResolvers<void>()
    const readers = this.#readers.get(session) ?? new Set()
    const timer = this.#clock.after(until - this.#clock.now(), resolve)
    this.#readers.set(session, readers.add(resolve))
    const leave = () => resolve()
    signal.addEventListener("abort", leave)
    return promise.finally(() => {
      timer.cancel()
      signal.removeEventListener("abort", leave)
      readers.delete(resolve)
      if (readers.size === 0 && this.#readers.get(session) === readers) this.#readers.delete(session)
    })
  }

  /** Lets all who wait go. */
  close(): void {
    this.#isClosed = true
    this.#unsubscribe()
    for (const session of this.#readers.keys()) this.#wake(session)
  }

  #onLive({ session }: LiveTurn, change: LiveChange): void {
    // Text that ends, ends with an event, which brings the reader an answer of its own.
    if (change === "text") {
      this.#revision += 1
      this.#revisions.set(session, this.#revision)
    }
    this.#wake(session)
  }

  #wake(session: SessionId): void {
    for (const wake of this.#readers.get(session) ?? []) wake()
  }
}
