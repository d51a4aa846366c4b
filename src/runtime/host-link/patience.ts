/** How long a host that is connected is waited for. */
import type { Clock } from "../../core/clock.ts"
import type { HostCommand } from "../../protocol/host-link.ts"

export interface Patience {
  /** In ms. */
  readonly limit: number
  /**
   * `question`: it alone has failed. `link`: the link is given up, and what was asked comes again over the next one: a
   * host that lives would have answered, and whether it was done is not known.
   */
  readonly beyond: "question" | "link"
}

const AT_ONCE: Patience = { limit: 20_000, beyond: "link" }
/** An agent may take two minutes to show that it hangs. */
const BY_AGENT: Patience = { limit: 180_000, beyond: "link" }
const QUICK_QUESTION: Patience = { limit: 5_000, beyond: "question" }
/** An agent may have to be started for it. */
const QUESTION: Patience = { limit: 60_000, beyond: "question" }

export const patience = {
  "turn.start": AT_ONCE,
  "turn.steer": BY_AGENT,
  "turn.interrupt": BY_AGENT,
  "request.answer": BY_AGENT,
  "session.configure": QUESTION,
  "session.close": QUESTION,
  "provider.list": QUICK_QUESTION,
  "provider.probe": QUESTION,
  "provider.models": QUESTION,
  "provider.native": QUESTION,
  "file.stat": QUICK_QUESTION,
  "file.read": QUICK_QUESTION,
  "host.retire": QUICK_QUESTION,
  "host.stop": QUICK_QUESTION,
} as const satisfies Record<HostCommand["kind"], Patience>

export interface Heartbeat {
  readonly clock: Clock
  /** Asks the far side for a sign of life. */
  readonly ping: () => void
  readonly onSilent: () => void
}

/** Between two questions for a sign of life, and the most one may take, in ms. */
export const BEAT_MS = 10_000

/** Finds out within two beats that nothing is heard any more. */
export class Pulse {
  readonly #options: Heartbeat
  #hasHeard = true
  #timer: { cancel(): void } | null = null

  constructor(options: Heartbeat) {
    this.#options = options
    this.#wait()
  }

  heard(): void {
    this.#hasHeard = true
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = null
  }

  #wait(): void {
    this.#timer = this.#options.clock.after(BEAT_MS, () => setImmediate(() => this.#beat()))
  }

  /** After reading: a process that was held up itself first hears what came meanwhile. */
  #beat(): void {
    if (this.#timer === null) return
    if (!this.#hasHeard) return this.#options.onSilent()
    this.#hasHeard = false
    this.#options.ping()
    this.#wait()
  }
}
