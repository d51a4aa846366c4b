import type { Instant } from "../protocol/ids.ts"

/** Time as an argument, so that tests own it. */
export interface Clock {
  now(): Instant
  /** Calls back once after `ms`, unless cancelled; does not keep the process alive. */
  after(ms: number, run: () => void): { cancel(): void }
}

/** The longest delay a timer takes, in ms; longer ones are asked for again. */
const LONGEST_TIMER = 2 ** 31 - 1

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, Math.min(Math.max(ms, 0), LONGEST_TIMER))
    timer.unref()
    return { cancel: () => clearTimeout(timer) }
  },
}
