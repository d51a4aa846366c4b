import type { Instant } from "../protocol/ids.ts"

/** Time as an argument, so that tests own it. */
export interface Clock {
  /** The wall clock: for what is shown, stored or meant as a time of day. It may jump either way. */
  now(): Instant
  /** Milliseconds since some fixed moment of this process, for durations: never goes back, and may stand in suspend. */
  monotonic(): number
  /**
   * Calls back once after `ms`, unless cancelled; does not keep the process alive. A machine that slept, or whose clock
   * was set forward, calls back up to 30 s after that: who waits for a moment looks at the clock again.
   */
  after(ms: number, run: () => void): { cancel(): void }
}

/** Timers stand still while the machine sleeps, so none runs longer than this, in ms, without a look at both clocks. */
const LONGEST_SLEEP_MS = 30_000

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, run) {
    const [wallEnd, end] = [Date.now() + ms, performance.now() + ms]
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      const isLast = left <= LONGEST_SLEEP_MS
      timer = setTimeout(isLast ? run : look, isLast ? Math.max(left, 0) : LONGEST_SLEEP_MS)
      timer.unref()
    }
    const look = (): void => {
      const left = Math.min(wallEnd - Date.now(), end - performance.now())
      if (left > 0) wait(left)
      else run()
    }
    wait(ms)
    return { cancel: () => clearTimeout(timer) }
  },
}
