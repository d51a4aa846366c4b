import { type Duplex, duplexPair } from "node:stream"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { Clock } from "../../core/clock.ts"
import { readFrames } from "../../platform/frames.ts"
import { prove } from "../../platform/link-proof.ts"
import { type HostEvent, MAX_FRAME_BYTES } from "../../protocol/host-link.ts"
import { connectHost } from "./client.ts"
import type { Odd } from "./incoming.ts"
import type { HostLink } from "./link.ts"

type Frame = Record<string, unknown>

/** Time that passes when the test says so. */
class HandClock implements Clock {
  #now = 0
  readonly #due = new Set<{ readonly at: number; readonly run: () => void }>()
  now = () => this.#now
  monotonic = () => this.#now
  after(ms: number, run: () => void) {
    const timer = { at: this.#now + ms, run }
    this.#due.add(timer)
    return { cancel: () => this.#due.delete(timer) }
  }
  async passes(ms: number): Promise<void> {
    const end = this.#now + ms
    for (;;) {
      const next = [...this.#due].sort((a, b) => a.at - b.at)[0]
      if (!next || next.at > end) break
      this.#now = next.at
      this.#due.delete(next)
      next.run()
      await settled()
    }
    this.#now = end
  }
}

/** Everything written has been read and answered. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 6; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

const KEY = "k".repeat(64)
const ended = { kind: "attempt.ended", attempt: "6f9619ff-8b86-4011-b42d-00c04fc964ff" }
const item = { kind: "attempt.accepted", attempt: ended.attempt }

let clock: HandClock
let far: Duplex
let heard: Frame[]
let lines: string[]
let events: HostEvent[]
let odd: Odd[]
beforeEach(() => {
  clock = new HandClock()
  heard = []
  lines = []
  events = []
  odd = []
})
afterEach(() => {
  far.destroy()
})

/** A host that says and does only what the test makes it. */
function connects(): Promise<HostLink> {
  const [near, other] = duplexPair()
  far = other
  const frames = readFrames((json) => heard.push(JSON.parse(json)))
  far.on("data", (chunk: Buffer) => {
    lines.push(...chunk.toString().split("\n"))
    frames.push(chunk)
  })
  return connectHost({
    ...{ stream: near, version: "1", journal: "j", acked: 5, key: KEY, clock },
    onEvent: (event) => events.push(event),
    onLive: () => undefined,
    onOdd: (one) => odd.push(one),
  })
}

const says = (...frames: Frame[]) => far.write(frames.map((frame) => `${JSON.stringify(frame)}\n`).join(""))

function welcome(more: Frame = {}): Frame {
  const { nonce } = (heard[0] as { proof: { nonce: string } }).proof
  const proof = prove(KEY, "host", nonce)
  return {
    type: "welcome",
    protocol: 2,
    version: "2",
    pid: 1,
    journal: "j",
    features: ["ping", "prev", "parts"],
    proof,
    ...more,
  }
}

async function connected(more: Frame = {}): Promise<HostLink> {
  const link = connects()
  await settled()
  says(welcome(more))
  return link
}

const event = (seq: number, prev: number, body: Frame = item): Frame => ({
  ...{ type: "event", seq, prev, at: 1, session: "S001", event: body },
})

describe("a host that does not say anything", () => {
  it("is given up when it does not greet within five seconds", async () => {
    const link = connects().catch((error: unknown) => error)
    await clock.passes(5_000)
    expect(await link).toMatchObject({ code: "silent" })
  })

  it("is given up within twenty seconds when it falls silent later, and not while it says anything", async () => {
    const link = await connected()
    for (let beat = 1; beat <= 5; beat += 1) {
      await clock.passes(10_000)
      expect(heard.at(-1)).toEqual({ type: "ping", id: beat })
      says({ type: "pong", id: beat })
      await settled()
    }
    const command = link
      .command({ kind: "provider.probe", provider: "demo" as never })
      .catch((error) => error)
    await clock.passes(20_000)
    expect(await link.closed).toContain("said nothing")
    expect(await command).toMatchObject({ code: "silent" })
  })

  it("is not asked for signs of life when it does not know them", async () => {
    await connected({ features: [], protocol: 1, proof: undefined })
    await clock.passes(60_000)
    expect(heard.map(({ type }) => type)).toEqual(["hello"])
  })
})

describe("a command that is not answered", () => {
  const living = async (): Promise<HostLink> => {
    const link = await connected({ features: [] })
    return link
  }

  it("fails alone when it is a question", async () => {
    const link = await living()
    const question = link.command({ kind: "provider.list" }).catch((error: unknown) => error)
    await clock.passes(5_000)
    expect(await question).toMatchObject({
      code: "late",
      failure: { reason: { code: "host_late", seconds: 5 } },
    })
    const next = link.command({ kind: "provider.list" })
    await settled()
    says({ type: "result", id: 1, value: "too late" }, { type: "result", id: 2, value: { providers: [] } })
    expect(await next).toEqual({ providers: [] })
  })

  it("ends the link when it must be known whether it was done, so that it is said again", async () => {
    const link = await living()
    const stop = link
      .command({ kind: "turn.interrupt", session: "S001" as never, attempt: ended.attempt as never })
      .catch((error: unknown) => error)
    await clock.passes(180_000)
    expect(await stop).toMatchObject({ code: "silent" })
    expect(await link.closed).toContain("turn.interrupt")
  })

  it("ends with the refusal of a host that does not know it", async () => {
    const link = await living()
    const question = link.command({ kind: "provider.list" }).catch((error: unknown) => error)
    await settled()
    says({ type: "error", id: 1, code: "unsupported", message: "not known" })
    expect(await question).toMatchObject({ code: "unsupported" })
  })
})

describe("a host that cannot show that it reads the data directory", () => {
  it.each([
    ["has no proof", { proof: undefined }],
    ["proves another key", { proof: prove("0".repeat(64), "host", "x") }],
  ])("is not believed: %s", async (_what, more) => {
    await expect(connected(more)).rejects.toMatchObject({ code: "closed" })
    expect(heard.map(({ type }) => type)).toEqual(["hello"])
  })
})

describe("what is not known here", () => {
  it("is handed on to be kept, numbered as it was, and ends nothing", async () => {
    await connected()
    says(event(6, 5, { kind: "something.new" }), { type: "new.frame" }, event(7, 6))
    await settled()
    expect(odd.map((one) => ({ ...one, json: "" }))).toEqual([
      { kind: "odd event", seq: 6, prev: 5, json: "" },
      { kind: "odd", json: "" },
    ])
    expect(events.map(({ seq }) => seq)).toEqual([7])
  })

  it("does not hide that an attempt has ended", async () => {
    await connected()
    says(event(6, 5, { ...ended, outcome: { kind: "a new way to end" } }))
    await settled()
    expect(events).toMatchObject([{ seq: 6, event: { ...ended, outcome: { kind: "indeterminate" } } }])
  })
})

describe("events", () => {
  it("after a gap are dropped until the missing ones were told again, without acknowledging more than was taken in", async () => {
    const link = await connected()
    says(event(6, 5), event(8, 6))
    await settled()
    link.ack(6)
    says(event(12, 9), event(13, 12))
    await settled()
    expect(heard.slice(1)).toEqual([
      { type: "ack", seq: 6 },
      { type: "ack", seq: 6, rewind: true },
    ])
    says(event(8, 6), event(9, 8), event(12, 9), event(13, 12))
    await settled()
    expect(events.map(({ seq }) => seq)).toEqual([6, 8, 9, 12, 13])
  })

  it("of another journal begin anew", async () => {
    await connected({ journal: "other" })
    says(event(1, 0))
    await settled()
    expect(events.map(({ seq }) => seq)).toEqual([1])
  })
})

describe("a prompt of a megabyte", () => {
  const start = (link: HostLink) =>
    link
      .command({
        ...{ kind: "turn.start", attempt: ended.attempt as never, recoverOnly: false },
        spec: {
          session: "S001" as never,
          provider: "demo" as never,
          workspace: "/",
          nativeId: null,
          settings: {},
        },
        prompt: { text: "한".repeat(1 << 20), files: [] },
      })
      .catch(() => null)

  it("goes in parts to a host that joins them", async () => {
    const link = await connected()
    void start(link)
    await settled()
    expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(MAX_FRAME_BYTES)
    expect(heard.at(-1)).toMatchObject({
      type: "command",
      command: { prompt: { text: "한".repeat(1 << 20) } },
    })
  })

  it("goes whole to one that does not", async () => {
    const link = await connected({ features: [], protocol: 1, proof: undefined })
    void start(link)
    await settled()
    expect(heard.map(({ type }) => type)).toEqual(["hello", "command"])
  })
})
