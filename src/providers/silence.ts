import type { Clock, Valve } from "./provider.ts"

export const DEFAULT_NOTICE_MS = 60_000
export const DEFAULT_LIMIT_MS = 15 * 60_000
/** A build or a test run is silent for long; it is given this many times the limit. */
const TOOL_FACTOR = 4

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

/** Tells once when an agent has been silent for a while, and gives up at the limit. */
export class SilenceWatch {
  readonly #parts: Parts
  #timer: { cancel(): void } | null = null
  #heardAt: number
  #noticed = false
  #stopped = false

  constructor(parts: Parts) {
    this.#parts = parts
    this.#heardAt = parts.clock.now()
    this.#schedule()
  }

  heard(): void {
    this.#heardAt = this.#parts.clock.now()
    if (!this.#noticed) return
    this.#noticed = false
    this.#schedule()
  }

  stop(): void {
    this.#stopped = true
    this.#timer?.cancel()
  }

  /** The timer runs to the next moment that could matter; what was heard meanwhile only moves that moment. */
  #schedule(): void {
    this.#timer?.cancel()
    if (this.#stopped) return
    const limitMs = this.#limitMs()
    const due = this.#heardAt + (this.#noticed ? limitMs : Math.min(this.#parts.noticeMs, limitMs))
    this.#timer = this.#parts.clock.after(Math.max(0, due - this.#parts.clock.now()), () => this.#check())
  }

  #check(): void {
    if (this.#stopped) return
    if (this.#parts.valve.isClosed || this.#parts.isPaused()) this.#heardAt = this.#parts.clock.now()
    const silentMs = this.#parts.clock.now() - this.#heardAt
    if (silentMs >= this.#limitMs()) {
      this.stop()
      return this.#parts.onLimit()
    }
    if (!this.#noticed && silentMs >= this.#parts.noticeMs) {
      this.#noticed = true
      this.#parts.onNotice(Math.round(silentMs / 1000))
    }
    this.#schedule()
  }

  #limitMs(): number {
    return this.#parts.limitMs * (this.#parts.toolIsRunning() ? TOOL_FACTOR : 1)
  }
}
