import { describe, expect, it } from "vitest"
import { FairShare } from "./fair-share.ts"

/** Steps of five units each, for a share of twelve; what was done is noted with its round of the event loop. */
class Flood {
  #now = 0
  #round = 0
  #isOver = false
  readonly #share = new FairShare(12, () => this.#now)
  readonly done: { readonly step: number; readonly round: number }[] = []

  constructor() {
    this.#count()
  }

  step(step: number): Promise<number> {
    return this.#share.run(() => {
      this.#now += 5
      this.done.push({ step, round: this.#round })
      return step
    })
  }

  async steps(count: number): Promise<void> {
    await Promise.all(Array.from({ length: count }, (_, step) => this.step(step)))
  }

  end(): void {
    this.#isOver = true
  }

  #count(): void {
    this.#round++
    if (!this.#isOver) setImmediate(() => this.#count())
  }
}

describe("a fair share of the event loop", () => {
  it("is used at once, never more of it a round, and in order", async () => {
    const flood = new Flood()
    const all = flood.steps(8)
    expect(flood.done).toHaveLength(3)
    await all
    flood.end()
    expect(flood.done.map(({ step }) => step)).toEqual([0, 1, 2, 3, 4, 5, 6, 7])
    const rounds = Map.groupBy(flood.done, ({ round }) => round)
    expect([...rounds.values()].map((steps) => steps.length)).toEqual([3, 3, 2])
  })

  it("does not let a newcomer pass those who wait", async () => {
    const flood = new Flood()
    await Promise.all([flood.steps(4), flood.step(50)])
    flood.end()
    expect(flood.done.map(({ step }) => step)).toEqual([0, 1, 2, 3, 50])
  })

  it("hands on what a step returns, waits for or throws", async () => {
    let now = 0
    const share = new FairShare(1, () => now)
    const does = <T>(step: () => T) =>
      share.run(() => {
        now++
        return step()
      })
    const first = does(() => "now")
    const later = does(async () => "later")
    const failing = does(() => {
      throw new Error("no")
    })
    await expect(failing).rejects.toThrow("no")
    expect(await Promise.all([first, later])).toEqual(["now", "later"])
  })
})
