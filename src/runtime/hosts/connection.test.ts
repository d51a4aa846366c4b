import { describe, expect, it } from "vitest"
import type { Clock } from "../../core/clock.ts"
import type { Log } from "../../core/log.ts"
import { type HostLink, HostLinkError } from "../host-link/link.ts"
import { HostConnection } from "./connection.ts"

/** Timers that run when the test says so. */
class Timers implements Clock {
  readonly waiting = new Set<{ readonly ms: number; readonly run: () => void }>()
  now = () => 0
  monotonic = () => 0
  after(ms: number, run: () => void) {
    const timer = { ms, run }
    this.waiting.add(timer)
    return { cancel: () => this.waiting.delete(timer) }
  }
  /** Runs the only one there is, and gives its delay. */
  elapse(): number {
    const [timer, ...others] = this.waiting
    if (!timer || others.length > 0) throw new Error(`${this.waiting.size} timers wait`)
    this.waiting.delete(timer)
    timer.run()
    return timer.ms
  }
}

const log: Log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, keep: () => "id" }

class Link implements HostLink {
  readonly journal = "j"
  readonly version = "1"
  readonly pid = 1
  readonly features = new Set<never>()
  readonly #end = Promise.withResolvers<string>()
  readonly closed = this.#end.promise
  command(): Promise<never> {
    return Promise.reject(new HostLinkError("closed", "unused"))
  }
  ack(): void {}
  close(): void {
    this.#end.resolve("closed")
  }
}

function connection(connect: () => Promise<HostLink>) {
  const clock = new Timers()
  const links: HostLink[] = []
  const host = new HostConnection({
    ...{ connect, clock, log, isNeeded: () => true, onUnavailable: () => {} },
    onLink: (link) => links.push(link),
  })
  return { clock, links, host }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

describe("a host that cannot be reached", () => {
  it("is tried by one attempt at a time, however often it is asked for, ever less often", async () => {
    let attempts = 0
    const { clock, host } = connection(() => {
      attempts += 1
      return Promise.reject(new HostLinkError("unreachable", "nobody listens"))
    })
    const delays: number[] = []
    for (let round = 1; round <= 12; round += 1) {
      for (let asked = 0; asked < 1000; asked += 1) host.ensure()
      await settled()
      for (let asked = 0; asked < 1000; asked += 1) host.ensure()
      expect([attempts, clock.waiting.size]).toEqual([round, 1])
      delays.push(clock.elapse())
    }
    expect(delays.slice(0, 3)).toEqual([50, 100, 200])
    expect(delays.at(-1)).toBe(5_000)
    host.close()
  })
})

describe("a host that breaks off every link", () => {
  it("is tried ever less often", async () => {
    const { clock, links, host } = connection(() => Promise.resolve(new Link()))
    host.ensure()
    await settled()
    const delays: number[] = []
    for (let round = 1; round <= 5; round += 1) {
      links.at(-1)?.close()
      await settled()
      if (clock.waiting.size > 0) delays.push(clock.elapse())
      await settled()
    }
    expect([links.length, delays]).toEqual([6, [100, 200, 400, 800]])
    host.close()
  })
})

describe("a link whose events cannot be taken in", () => {
  it("is given up and made again once, after a while", async () => {
    const { clock, links, host } = connection(() => Promise.resolve(new Link()))
    host.ensure()
    await settled()
    for (const _ of [1, 2, 3]) host.renewAfter(1_000)
    expect(host.current).toBeNull()
    await expect(links[0]?.closed).resolves.toBe("closed")
    host.ensure()
    expect([links.length, clock.elapse()]).toEqual([1, 1_000])
    await settled()
    expect([links.length, host.current]).toEqual([2, links[1]])
    host.close()
    host.renewAfter(1_000)
    expect(clock.waiting.size).toBe(0)
  })
})
