import { describe, expect, it } from "vitest"
import type { Clock } from "./provider.ts"
import { SilenceWatch } from "./silence.ts"

class HandClock implements Clock {
  #now = 0
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>()

  /** What the wall clock is ahead of the other one. */
  ahead = 0

  now(): number {
    return this.#now + this.ahead
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, run }
    this.#due.add(timer)
    return { cancel: () => this.#due.delete(timer) }
  }

  /** The process does not run until then: all that was due meanwhile happens at once. */
  sleepTo(time: number): void {
    this.#now = time
    for (const timer of [...this.#due].filter(({ at }) => at <= time)) {
      this.#due.delete(timer)
      timer.run()
    }
  }

  passTo(time: number): void {
    for (;;) {
      const [next] = [...this.#due].filter((timer) => timer.at <= time).toSorted((a, b) => a.at - b.at)
      if (!next) break
      this.#due.delete(next)
      this.#now = next.at
      next.run()
    }
    this.#now = time
  }
}

function watching() {
  const clock = new HandClock()
  const told: string[] = []
  const state = { paused: false, tool: false }
  const valve = { isClosed: false }
  const watch = new SilenceWatch({
    ...{ clock, valve },
    noticeMs: 60_000,
    limitMs: 900_000,
    isPaused: () => state.paused,
    toolIsRunning: () => state.tool,
    onNotice: (seconds) => told.push(`silent ${seconds}`),
    onLimit: () => told.push("given up"),
  })
  return { clock, told, state, valve, watch }
}

describe("watching for silence", () => {
  it("tells once and gives up at the limit", () => {
    const { clock, told } = watching()
    clock.passTo(59_999)
    expect(told).toEqual([])
    clock.passTo(899_999)
    expect(told).toEqual(["silent 60"])
    clock.passTo(10_000_000)
    expect(told).toEqual(["silent 60", "given up"])
  })

  it("counts nothing while nobody listens", () => {
    const { clock, told, valve } = watching()
    valve.isClosed = true
    clock.passTo(10_000_000)
    expect(told).toEqual([])
    valve.isClosed = false
    clock.passTo(10_120_000)
    expect(told).toEqual(["silent 60"])
  })

  it("begins again with every sign of life", () => {
    const { clock, told, watch } = watching()
    for (let time = 50_000; time <= 500_000; time += 50_000) {
      clock.passTo(time)
      watch.heard()
    }
    expect(told).toEqual([])
    clock.passTo(560_000)
    expect(told).toEqual(["silent 60"])
    watch.heard()
    clock.passTo(620_000)
    expect(told).toEqual(["silent 60", "silent 60"])
  })

  it("does not count while the owner is asked", () => {
    const { clock, told, state } = watching()
    state.paused = true
    clock.passTo(5_000_000)
    expect(told).toEqual([])
  })

  it("has more patience while a tool runs", () => {
    const { clock, told, state } = watching()
    state.tool = true
    clock.passTo(3_500_000)
    expect(told).toEqual(["silent 60"])
    clock.passTo(3_600_000)
    expect(told).toEqual(["silent 60", "given up"])
  })

  it("does not count time in which this process did not run", () => {
    const { clock, told } = watching()
    clock.passTo(30_000)
    clock.sleepTo(8 * 3_600_000)
    expect(told).toEqual([])
    clock.passTo(8 * 3_600_000 + 60_000)
    expect(told).toEqual(["silent 60"])
  })

  it.each([25 * 60_000, -25 * 60_000])("does not care about a clock that is set by %d ms", (ahead) => {
    const { clock, told } = watching()
    clock.passTo(30_000)
    clock.ahead = ahead
    clock.passTo(59_000)
    expect(told).toEqual([])
    clock.passTo(60_000)
    expect(told).toEqual(["silent 60"])
  })

  it("is over when stopped", () => {
    const { clock, told, watch } = watching()
    watch.stop()
    clock.passTo(10_000_000)
    expect(told).toEqual([])
  })
})
