/** Two ways of Codex to wait for ever without saying so: an endpoint that refuses, and one that accepts and is mute. */
import type { Clock } from "../provider.ts"

export interface SilenceOptions {
  readonly clock: Clock
  /** In ms. */
  readonly noticeMs: number
  readonly limitMs: number
  /** While the owner is asked or a command runs, silence means nothing. */
  readonly isExcused: () => boolean
  readonly onNotice: (seconds: number) => void
  readonly onLimit: () => void
}

/** Watches one turn from its start until `stop`. */
export class Silence {
  readonly #options: SilenceOptions
  #heardAt: number
  #wasNoticed = false
  /** The next look at the clock; null once stopped. */
  #timer: { cancel(): void } | null = null

  constructor(options: SilenceOptions) {
    this.#options = options
    this.#heardAt = options.clock.now()
    this.#lookIn(Math.min(options.noticeMs, options.limitMs))
  }

  heard(): void {
    this.#heardAt = this.#options.clock.now()
    if (!this.#wasNoticed || this.#timer === null) return
    this.#wasNoticed = false
    this.#lookIn(Math.min(this.#options.noticeMs, this.#options.limitMs))
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #lookIn(ms: number): void {
    this.#timer?.cancel()
    this.#timer = this.#options.clock.after(ms, () => this.#look())
  }

  #look(): void {
    const { clock, noticeMs, limitMs, isExcused, onNotice, onLimit } = this.#options
    if (isExcused()) this.heard()
    const silent = clock.now() - this.#heardAt
    if (silent >= limitMs) {
      this.stop()
      onLimit()
      return
    }
    if (silent >= noticeMs && !this.#wasNoticed) {
      this.#wasNoticed = true
      onNotice(Math.round(silent / 1000))
    }
    const due = this.#wasNoticed ? limitMs : Math.min(noticeMs, limitMs)
    this.#lookIn(Math.max(1, this.#heardAt + due - clock.now()))
  }
}
