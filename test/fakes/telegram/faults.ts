import type { MethodName } from "./schema.ts"
import { Signal, waitUntil } from "./signal.ts"

export type FaultEffect =
  /** Answered with an error and not applied. */
  | {
      readonly kind: "status"
      readonly code: number
      readonly description?: string
      readonly retryAfterSeconds?: number
    }
  /** The connection is reset before the call takes effect. */
  | { readonly kind: "drop_before_apply" }
  /** The call takes effect, then the connection is reset: the bot cannot know. */
  | { readonly kind: "drop_after_apply" }
  /** The call takes effect and half of the answer arrives. */
  | { readonly kind: "half_body" }
  /** The call waits for the time given, else until released; then goes on as usual. */
  | { readonly kind: "delay"; readonly ms?: number; readonly phase?: "before_apply" | "after_apply" }

export type FaultSpec = FaultEffect & {
  readonly method: MethodName | "*"
  /** Only calls of this bot. */
  readonly bot?: { readonly id: number }
  /** Only calls whose arguments fit. */
  readonly when?: (args: Readonly<Record<string, unknown>>) => boolean
  /** How many calls are hit; 1 unless told. */
  readonly times?: number
}

/** A fault that a test put in, with what it hit so far. */
export class Fault {
  readonly spec: FaultSpec
  readonly #changed = new Signal()
  readonly #release = Promise.withResolvers<void>()
  #hits = 0
  #isCancelled = false

  constructor(spec: FaultSpec) {
    this.spec = spec
  }

  get hits(): number {
    return this.#hits
  }

  get isSpent(): boolean {
    return this.#isCancelled || this.#hits >= (this.spec.times ?? 1)
  }

  /** Lets delayed calls go on. */
  release(): void {
    this.#release.resolve()
  }

  /** Stops hitting further calls and releases those that wait. */
  cancel(): void {
    this.#isCancelled = true
    this.release()
  }

  /** Resolves once the fault has hit so many calls. */
  async hit(count = 1, { timeoutMs = 15_000 } = {}): Promise<void> {
    await waitUntil({
      signal: this.#changed,
      probe: () => (this.#hits >= count ? true : undefined),
      timeoutMs,
      describe: () =>
        `The fault "${this.spec.kind}" on ${this.spec.method} hit ${this.#hits} calls, not ${count}`,
    })
  }

  fits(call: { method: MethodName; botId: number; args: Readonly<Record<string, unknown>> }): boolean {
    const { method, bot, when } = this.spec
    if (this.isSpent || (method !== "*" && method !== call.method)) return false
    return (bot === undefined || bot.id === call.botId) && (when?.(call.args) ?? true)
  }

  take(): void {
    this.#hits++
    this.#changed.emit()
  }

  /** For a delay: the time to wait. */
  async elapse(): Promise<void> {
    if (this.spec.kind !== "delay") return
    if (this.spec.ms === undefined) return this.#release.promise
    const timer = Promise.withResolvers<void>()
    const handle = setTimeout(timer.resolve, this.spec.ms)
    await Promise.race([timer.promise, this.#release.promise])
    clearTimeout(handle)
  }
}

/** The faults in force; the oldest that fits a call hits it. */
export class FaultBook {
  #faults: Fault[] = []

  add(spec: FaultSpec): Fault {
    const fault = new Fault(spec)
    this.#faults.push(fault)
    return fault
  }

  take(call: {
    method: MethodName
    botId: number
    args: Readonly<Record<string, unknown>>
  }): Fault | undefined {
    this.#faults = this.#faults.filter((fault) => !fault.isSpent)
    const fault = this.#faults.find((candidate) => candidate.fits(call))
    fault?.take()
    return fault
  }

  cancelAll(): void {
    for (const fault of this.#faults) fault.cancel()
    this.#faults = []
  }
}
