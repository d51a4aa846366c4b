import { describe, expect, it } from "vitest"
import { Silence } from "./silence.ts"

/** A clock that a test moves. */
class ManualClock {
  #now = 0
  #timers: { at: number; run: () => void }[] = []
  now = (): number => this.#now
  after = (ms: number, run: () => void) => {
    const timer = { at: this.#now + ms, run }
    this.#timers.push(timer)
    return {
      cancel: () => {
        this.#timers = this.#timers.filter((one) => one !== timer)
      },
    }
  }
  /** To this moment, running what is due on the way. */
  advanceTo(moment: number): void {
    for (;;) {
      const next = this.#timers.toSorted((a, b) => a.at - b.at)[0]
      if (!next || next.at > moment) break
      this.#timers = this.#timers.filter((one) => one !== next)
      this.#now = next.at
      next.run()
    }
    this.#now = moment
  }
}

function watch(isExcused: () => boolean = () => false) {
  const clock = new ManualClock()
  const told: string[] = []
  const silence = new Silence({
    clock,
    noticeMs: 60_000,
    limitMs: 600_000,
    isExcused,
    onNotice: (seconds) => told.push(`${clock.now()}: silent for ${seconds} s`),
    onLimit: () => told.push(`${clock.now()}: given up`),
  })
  return { clock, told, silence }
}

describe("Silence", () => {
  it("is told once, then given up", () => {
    const { clock, told } = watch()
    clock.advanceTo(2_000_000)
    expect(told).toEqual(["60000: silent for 60 s", "600000: given up"])
  })

  it("begins anew with whatever is heard, also after it was told", () => {
    const { clock, told, silence } = watch()
    clock.advanceTo(59_000)
    silence.heard()
    clock.advanceTo(118_000)
    expect(told).toEqual([])
    clock.advanceTo(120_000)
    silence.heard()
    clock.advanceTo(500_000)
    expect(told).toEqual(["119000: silent for 60 s", "180000: silent for 60 s"])
    clock.advanceTo(1_000_000)
    expect(told.at(-1)).toBe("720000: given up")
  })

  it("does not count while it is excused", () => {
    let isExcused = true
    const { clock, told } = watch(() => isExcused)
    clock.advanceTo(3_600_000)
    expect(told).toEqual([])
    isExcused = false
    clock.advanceTo(3_660_000)
    expect(told).toEqual(["3660000: silent for 60 s"])
  })

  it("is over when stopped", () => {
    const { clock, told, silence } = watch()
    silence.stop()
    silence.heard()
    clock.advanceTo(2_000_000)
    expect(told).toEqual([])
  })
})
