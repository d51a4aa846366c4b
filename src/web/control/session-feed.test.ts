import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Clock } from "../../core/clock.ts"
import { type Ledger, openLedger } from "../../ledger/ledger.ts"
import type { SessionId, TurnId } from "../../protocol/ids.ts"
import { LiveTurns } from "../../runtime/live.ts"
import type { About } from "../../runtime/surface.ts"
import { SessionFeed } from "./session-feed.ts"

const S1 = "S001" as SessionId
const S2 = "S002" as SessionId
const turn = "00000000-0000-4000-8000-000000000001" as TurnId
const text = { item: "1", channel: "message", offset: 0, text: "hi" } as const

/** Time that passes when the test says so. */
class StoppedClock implements Clock {
  #now = 1_000
  readonly #timers = new Set<{ readonly at: number; run(): void }>()
  now = () => this.#now
  monotonic = () => this.#now

  get timers(): number {
    return this.#timers.size
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { at: this.#now + ms, run }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  passes(ms: number): void {
    this.#now += ms
    for (const timer of this.#timers) {
      if (timer.at > this.#now) continue
      this.#timers.delete(timer)
      timer.run()
    }
  }
}

let directory = ""
let ledger: Ledger
let clock: StoppedClock
let live: LiveTurns
let feed: SessionFeed

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "session-feed-"))
  ledger = await openLedger(directory, 0)
  clock = new StoppedClock()
  live = new LiveTurns()
  feed = new SessionFeed({ ledger, live, clock })
})

afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

function changed(stream: SessionId): void {
  const about = { record: { stream } } as About
  feed.onFact({ kind: "session.archived" }, about)
}

function waits(session: SessionId, signal = new AbortController().signal) {
  const reader = { isWoken: false }
  void feed.next(session, { until: clock.now() + 60_000, signal }).then(() => {
    reader.isWoken = true
  })
  return reader
}

/** All that follows from what has happened already, and nothing that needs time. */
const settled = () => new Promise((resolve) => setImmediate(resolve))

describe("the feed of a session", () => {
  it("wakes all its readers, and no other's, after the commit and not before", async () => {
    const readers = [waits(S1), waits(S1), waits(S2)]
    ledger.transact(() => {
      changed(S1)
      ledger.machine.set("fact", true, 0)
    })
    await settled()
    expect(readers.map((reader) => reader.isWoken)).toEqual([true, true, false])
  })

  it("wakes nobody for what was rolled back", async () => {
    const reader = waits(S1)
    const fail = () =>
      ledger.transact(() => {
        changed(S1)
        throw new Error("no")
      })
    expect(fail).toThrow("no")
    await settled()
    expect(reader.isWoken).toBe(false)
  })

  it("wakes for live text under a revision of its own, also when this is another run", async () => {
    expect(feed.revision(S1)).toBe(0)
    const reader = waits(S1)
    live.text(turn, S1, text)
    await settled()
    expect(reader.isWoken).toBe(true)
    const first = feed.revision(S1)
    live.text(turn, S1, { ...text, offset: 2, text: "!" })
    expect(feed.revision(S1)).toBeGreaterThan(first)
    expect(feed.revision(S2)).toBe(0)
    clock.passes(1_000)
    const next = new SessionFeed({ ledger, live, clock })
    live.text(turn, S1, text)
    expect(next.revision(S1)).not.toBe(first)
  })

  it("wakes in the end, and leaves no timer behind", async () => {
    const late = waits(S1)
    clock.passes(60_000)
    await settled()
    expect(late.isWoken).toBe(true)
    const early = waits(S1)
    changed(S1)
    await settled()
    expect([early.isWoken, clock.timers]).toEqual([true, 0])
  })

  it("lets go of readers that have gone, and of all when it closes", async () => {
    const leaving = new AbortController()
    const gone = waits(S1, leaving.signal)
    const there = waits(S1)
    leaving.abort()
    await settled()
    expect([gone.isWoken, there.isWoken]).toEqual([true, false])
    feed.close()
    const afterwards = waits(S1)
    await settled()
    expect([there.isWoken, afterwards.isWoken, clock.timers]).toEqual([true, true, 0])
  })
})
