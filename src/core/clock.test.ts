import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { systemClock } from "./clock.ts"

const MINUTE = 60_000
const HOUR = 60 * MINUTE

describe("a wait", () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  function waiting(ms: number): { isOver: boolean; cancel(): void } {
    const wait = { isOver: false, cancel: () => timer.cancel() }
    const timer = systemClock.after(ms, () => {
      wait.isOver = true
    })
    return wait
  }

  it("ends when its time has passed, and not before, however long it is", async () => {
    for (const ms of [0, 1, 29_999, 30_001, 10 * MINUTE, 60 * 24 * HOUR]) {
      const wait = waiting(ms)
      await vi.advanceTimersByTimeAsync(Math.max(ms - 1, 0))
      expect([ms, wait.isOver]).toEqual([ms, ms === 0])
      await vi.advanceTimersByTimeAsync(1)
      expect([ms, wait.isOver]).toEqual([ms, true])
    }
  })

  it("that ended while the machine slept is over within 30 s of its waking", async () => {
    const wait = waiting(HOUR)
    await vi.advanceTimersByTimeAsync(MINUTE)
    vi.setSystemTime(Date.now() + HOUR)
    await vi.advanceTimersByTimeAsync(30_000)
    expect(wait.isOver).toBe(true)
  })

  it("is not made longer by a wall clock that is set back", async () => {
    const wait = waiting(HOUR)
    await vi.advanceTimersByTimeAsync(MINUTE)
    vi.setSystemTime(Date.now() - HOUR)
    await vi.advanceTimersByTimeAsync(59 * MINUTE)
    expect(wait.isOver).toBe(true)
  })

  it("that was cancelled never ends, also after it was looked at", async () => {
    const wait = waiting(HOUR)
    await vi.advanceTimersByTimeAsync(10 * MINUTE)
    wait.cancel()
    await vi.advanceTimersByTimeAsync(2 * HOUR)
    expect(wait.isOver).toBe(false)
  })
})
