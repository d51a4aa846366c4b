import type { Clock, Valve } from "./provider.ts"

export const DEFAULT_NOTICE_MS = 60_000
export const DEFAULT_LIMIT_MS = 15 * 60_000
/** A build or a test run is silent for long; it is given this many times the limit. */
const TOOL_FACTOR = 4
/** How often we look, so that time in which this process did not run is noticed, in ms. */
const LONGEST_LOOK_MS = 10_000

interface Parts {
  readonly clock: Clock
  readonly valve: Pick<Valve, "isClosed">
  readonly noticeMs: number
  readonly limitMs: number
  /** Silence means nothing now: the owner is being asked, or a command runs that may take as long as it takes. */
  isPaused(): boolean
  /** Silence is to be expected now, but not for ever. */
  toolIsRunning(): boolean
  onNotice(seconds: number): void
  onLimit(): void
}

/**
 * Tells once when an agent has been silent for a while, and gives up at the limit. Only time counts in which we could
 * have heard it: not while this process was stopped or the machine slept, which shows in a timer that is late.
 */
export class SilenceWatch {
  readonly #parts: Parts
  #timer: { cancel(): void } | null = null
  /** Silence counted so far, in ms, and up to when, by the monotonic clock. */
  #silentMs = 0
  #countedTo: number
  #dueAt = 0
  #noticed = false
  #stopped = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#countedTo = parts.clock.monotonic()
    this.#schedule()
  }

  heard(): void {
    this.#forget()
    if (!this.#noticed) return
    this.#noticed = false
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  #forget(): void {
    this.#silentMs = 0
    this.#countedTo = this.#parts.clock.monotonic()
  }

  /** To the next moment that could matter; what was heard meanwhile only moves that moment. */
  #schedule(): void {
    this.#timer?.cancel()
    if (this.#stopped) return
    const { clock, noticeMs, limitMs } = this.#parts
    const next = this.#noticed ? this.#limitMs() : Math.min(noticeMs, this.#limitMs())
    const look = Math.min(LONGEST_LOOK_MS, noticeMs / 4, limitMs / 4)
    const wait = Math.max(1, Math.min(look, next - this.#silentMs))
    this.#dueAt = clock.monotonic() + wait
    this.#timer = clock.after(wait, () => this.#check())
  }

  #check(): void {
    if (this.#stopped) return
    this.#count()
    if (this.#parts.valve.isClosed || this.#parts.isPaused()) this.#forget()
    if (this.#silentMs >= this.#limitMs()) {
      this.stop()
      return this.#parts.onLimit()
    }
    if (!this.#noticed && this.#silentMs >= this.#parts.noticeMs) {
      this.#noticed = true
      this.#parts.onNotice(Math.round(this.#silentMs / 1000))
    }
    this.#schedule()
  }

  /** Since the timer was due this process did not run, or was busy: no silence of the agent's. */
  #count(): void {
    const now = this.#parts.clock.monotonic()
    this.#silentMs += Math.max(0, Math.min(now, this.#dueAt) - this.#countedTo)
    this.#countedTo = now
  }

  #limitMs(): number {
    return this.#parts.limitMs * (this.#parts.toolIsRunning() ? TOOL_FACTOR : 1)
  }
}
