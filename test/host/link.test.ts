import { randomUUID } from "node:crypto"
import { readFileSync } from "node:fs"
import { connect, type Socket } from "node:net"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { text } from "node:stream/consumers"
import { describe, expect, it } from "vitest"
import { linkKey, prove } from "../../src/platform/link-proof.ts"
import { socketPath } from "../../src/platform/socket-path.ts"
import { MAX_FRAME_BYTES } from "../../src/protocol/host-link.ts"
import type { AttemptId } from "../../src/protocol/ids.ts"
import type { Step } from "../fakes/script.ts"
import { residentMegabytes } from "./streaming.ts"
import { until, World } from "./world.ts"

const reply: readonly Step[] = [
  { do: "accept" },
  { do: "item", id: "a", status: "completed", text: "hi" },
  { do: "end", text: "done" },
]

async function rawSocket(world: World): Promise<Socket> {
  const socket = connect(socketPath(world.dataDir, "host"))
  await new Promise((resolve) => socket.once("connect", resolve))
  return socket
}

const line = (frame: object): string => `${JSON.stringify(frame)}\n`

describe("a turn over the link", () => {
  it("is run, and told in order", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, reply)
    await reader.sees(attempt, "attempt.ended")
    expect(reader.events.map(({ event }) => event.kind)).toEqual([
      ...["session.changed", "attempt.accepted", "item", "attempt.ended"],
    ])
  })

  it("is started once, however often its command comes", async () => {
    await using world = new World()
    const reader = await world.connects()
    const steps: readonly Step[] = [{ do: "accept" }, { do: "wait", gate: "go" }, { do: "end", text: "done" }]
    const attempt = await world.starts(reader, steps)
    await Promise.all([1, 2, 3].map(() => world.starts(reader, steps, { attempt })))
    await reader.sees(attempt, "attempt.accepted")
    await world.starts(reader, steps, { attempt })
    world.opens("go")
    await reader.sees(attempt, "attempt.ended")
    await world.starts(reader, steps, { attempt })
    const second = await world.starts(reader, reply)
    await reader.sees(second, "attempt.ended")
    expect(world.consumed(attempt)).toBe(1)
    expect(reader.events.filter(({ event }) => event.kind === "attempt.ended")).toHaveLength(2)
  })

  it("waits for the one before it in the same session", async () => {
    await using world = new World()
    const reader = await world.connects()
    const first = await world.starts(reader, [
      { do: "accept" },
      { do: "wait", gate: "go" },
      { do: "end", text: "1" },
    ])
    await reader.sees(first, "attempt.accepted")
    const second = await world.starts(reader, reply)
    expect(world.consumed(second)).toBe(0)
    world.opens("go")
    await reader.sees(second, "attempt.ended")
    const kinds = reader.events.map(({ event }) =>
      "attempt" in event ? `${event.attempt} ${event.kind}` : "",
    )
    expect(kinds.indexOf(`${first} attempt.ended`)).toBeLessThan(kinds.indexOf(`${second} attempt.accepted`))
  })

  it("fails with the class the provider gave when it cannot be opened", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, reply, { settings: { model: "refuse" } })
    const { event } = await reader.sees(attempt, "attempt.ended")
    expect(event).toMatchObject({ outcome: { kind: "failed", failure: { class: "auth" } } })
  })

  it("fails as crashed when the agent dies in the middle, and the next one gets a new agent", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, [{ do: "accept" }, { do: "die" }])
    const { event } = await reader.sees(attempt, "attempt.ended")
    expect(event).toMatchObject({ outcome: { kind: "failed", failure: { class: "crashed" } } })
    const next = await world.starts(reader, reply)
    expect((await reader.sees(next, "attempt.ended")).event).toMatchObject({ outcome: { kind: "completed" } })
  })

  it("can be stopped before, while and after its agent has it", async () => {
    await using world = new World()
    const reader = await world.connects()
    const hang: readonly Step[] = [
      { do: "accept" },
      { do: "wait", gate: "never" },
      { do: "end", text: "cut" },
    ]
    const running = await world.starts(reader, hang)
    const queued = await world.starts(reader, hang)
    await reader.sees(running, "attempt.accepted")
    const stop = (attempt: AttemptId) =>
      reader.link.command({ kind: "turn.interrupt", session: world.session, attempt })
    expect(await stop(queued)).toEqual({ interrupted: true })
    expect((await reader.sees(queued, "attempt.ended")).event).toMatchObject({ outcome: { kind: "stopped" } })
    expect(await stop(running)).toEqual({ interrupted: true })
    await reader.sees(running, "attempt.ended")
    expect(await stop(running)).toEqual({ interrupted: false })
    expect(world.consumed(queued)).toBe(0)
  })
})

describe("answers and steers", () => {
  it("reach the agent once, and a repetition hears what became of the first", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, [
      ...([{ do: "accept" }, { do: "ask", request: "r1" }] as const),
      ...([
        { do: "wait", gate: "go" },
        { do: "end", text: "done" },
      ] as const),
    ])
    const { event } = await reader.sees(attempt, "request.opened")
    if (event.kind !== "request.opened") throw new Error("unreachable")
    const answer = (option: string) =>
      reader.link.command({
        ...{ kind: "request.answer", session: world.session, request: event.request },
        answer: { kind: "option", option },
      })
    expect(await Promise.all([answer("yes"), answer("yes")])).toEqual([
      { outcome: "answered" },
      { outcome: "answered" },
    ])
    expect(await answer("no")).toEqual({ outcome: "gone" })
    const steer = () =>
      reader.link.command({
        ...{ kind: "turn.steer", session: world.session, attempt, steerId: "s1" },
        prompt: { text: "left", files: [] },
      })
    expect(await Promise.all([steer(), steer()])).toEqual([{ outcome: "steered" }, { outcome: "steered" }])
    await until(() => world.transcript().includes(`steered ${attempt} left`))
    world.opens("go")
    await reader.sees(attempt, "attempt.ended")
    expect(world.transcript().filter((line) => line === "answered r1")).toHaveLength(1)
    expect(world.transcript().filter((line) => line.startsWith("steered"))).toHaveLength(1)
    // The agent never closed the request itself, so its end does.
    const kinds = reader.events.map((one) => one.event.kind)
    expect(kinds.slice(-2)).toEqual(["request.closed", "attempt.ended"])
  })
})

describe("events", () => {
  it("come again, without gap or repetition, to a runtime that died in the middle of a turn", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [
      ...[1, 2, 3].map((n) => ({ do: "item", id: `i${n}`, status: "completed", text: String(n) }) as const),
      ...([{ do: "accept" }, { do: "wait", gate: "go" }] as const),
      ...[4, 5, 6].map((n) => ({ do: "item", id: `i${n}`, status: "completed", text: String(n) }) as const),
      { do: "end", text: "done" },
    ])
    await first.sees(attempt, "attempt.accepted")
    first.ack()
    first.link.close()
    world.opens("go")
    await until(() => world.transcript().includes(`ended ${attempt} done`))
    const second = await world.connects()
    await second.sees(attempt, "attempt.ended")
    const items = [...first.events, ...second.events].flatMap(({ event }) =>
      event.kind === "item" ? [event.item.id] : [],
    )
    expect(items).toEqual(["i1", "i2", "i3", "i4", "i5", "i6"])
    const third = await world.connects()
    await third.sees(attempt, "attempt.ended")
    expect(third.events).toEqual(second.events)
  })

  it("precede the answer that says that their attempt has ended", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [
      ...([
        { do: "accept" },
        { do: "filler", id: "f", bytes: 2000, times: 1000 },
        { do: "end", text: "x" },
      ] as const),
    ])
    await first.sees(attempt, "attempt.ended")
    first.link.close()
    const second = await world.connects()
    const { state } = await second.link.command({
      ...{
        kind: "turn.start",
        attempt,
        spec: world.spec(),
        prompt: { text: "[]", files: [] },
        recoverOnly: false,
      },
    })
    expect(state).toBe("ended")
    expect(second.events.at(-1)?.event.kind).toBe("attempt.ended")
  })

  it("of an item are reduced to its first and last state while nobody listens", async () => {
    await using world = new World()
    const first = await world.connects()
    const states = Array.from(
      { length: 50 },
      (_, n) => ({ do: "item", id: "a", status: "running", text: `${n}` }) as const,
    )
    const attempt = await world.starts(first, [
      ...([{ do: "accept" }, { do: "wait", gate: "go" }] as const),
      ...([...states, { do: "item", id: "b", status: "completed", text: "b" }, ...states] as const),
      { do: "end", text: "done" },
    ])
    await first.sees(attempt, "attempt.accepted")
    first.ack()
    first.link.close()
    world.opens("go")
    await until(() => world.transcript().includes(`ended ${attempt} done`))
    const second = await world.connects()
    await second.sees(attempt, "attempt.ended")
    const items = second.events.flatMap(({ event }) =>
      event.kind === "item" && event.item.kind === "message" ? [`${event.item.id} ${event.item.text}`] : [],
    )
    expect(items).toEqual(["a 0", "b b", "a 49"])
  })

  it("of a mebibyte pass in both directions", async () => {
    await using world = new World()
    const reader = await world.connects()
    const big = "ü".repeat(1 << 19)
    const attempt = await world.starts(reader, [
      { do: "accept" },
      { do: "item", id: "a", status: "completed", text: big },
      { do: "end", text: "x" },
    ])
    await reader.sees(attempt, "attempt.ended")
    const item = reader.events.find(({ event }) => event.kind === "item")
    expect(item?.event).toMatchObject({ item: { text: big } })
  })

  it("come in lines of half a mebibyte at most to who joins parts", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, [
      { do: "accept" },
      { do: "item", id: "a", status: "completed", text: "ü".repeat(1 << 20) },
      { do: "end", text: "x" },
    ])
    await reader.sees(attempt, "attempt.ended")
    reader.link.close()
    const socket = await rawSocket(world)
    socket.write(line(world.greeting({ features: ["parts"] })))
    const lengths: number[] = []
    let isOver = false
    createInterface({ input: socket }).on("line", (said) => {
      lengths.push(Buffer.byteLength(said))
      isOver ||= said.includes('"attempt.ended"')
    })
    await until(() => isOver)
    expect(Math.max(...lengths)).toBeLessThanOrEqual(MAX_FRAME_BYTES)
    expect(lengths.reduce((sum, length) => sum + length)).toBeGreaterThan(1 << 20)
    socket.destroy()
  })

  it("cost a slow reader's host no memory, and do not hold up the agent", async () => {
    await using world = new World()
    const reader = await world.connects()
    const warm = await world.starts(reader, [
      { do: "accept" },
      { do: "filler", id: "w", bytes: 65536, times: 50 },
      { do: "end", text: "w" },
    ])
    await reader.sees(warm, "attempt.ended")
    reader.ack()
    reader.link.close()
    const socket = await rawSocket(world)
    socket.pause()
    socket.write(line(world.greeting({ journal: reader.link.journal, acked: reader.events.at(-1)?.seq })))
    const before = residentMegabytes(reader.link.pid)
    const attempt = randomUUID() as AttemptId
    const rounds = Array.from(
      { length: 40 },
      (_, n) => ({ do: "filler", id: `f${n}-`, bytes: 65536, times: 100 }) as const,
    )
    const prompt = {
      text: JSON.stringify([{ do: "accept" }, ...rounds, { do: "end", text: "through" }]),
      files: [],
    }
    const command = { kind: "turn.start", attempt, spec: world.spec(), prompt, recoverOnly: false }
    socket.write(line({ type: "command", id: 1, command }))
    let peak = before
    await until(() => {
      peak = Math.max(peak, residentMegabytes(reader.link.pid))
      return world.transcript().includes(`ended ${attempt} through`)
    }, 50_000)
    // 256 MB of events went by; one provider burst of 6.5 MB may be in memory at a time.
    console.log(`resident memory: ${before} MB before, ${peak} MB at most`)
    expect(peak - before).toBeLessThan(100)
    socket.destroy()
    const late = await world.connects()
    await late.sees(attempt, "attempt.ended")
    expect(late.events.filter(({ event }) => event.kind === "item")).toHaveLength(4000)
  })
})

describe("live text", () => {
  it("adds up to what was said, for who was there and for who came later", async () => {
    await using world = new World()
    const first = await world.connects()
    const attempt = await world.starts(first, [
      ...([
        { do: "accept" },
        { do: "delta", item: "m", text: "abc", times: 1000 },
        { do: "wait", gate: "go" },
      ] as const),
      ...([
        { do: "item", id: "m", status: "completed", text: "abc" },
        { do: "end", text: "done" },
      ] as const),
    ])
    const assembled = (live: typeof first.live) => live.map(({ text: piece }) => piece).join("")
    await until(() => assembled(first.live).length === 3000)
    const second = await world.connects()
    await until(() => assembled(second.live).length === 3000)
    expect(second.live[0]).toMatchObject({ attempt, item: "m", channel: "message", offset: 0 })
    expect(assembled(second.live)).toBe("abc".repeat(1000))
    expect(first.live.length).toBeLessThan(100)
    world.opens("go")
    await second.sees(attempt, "attempt.ended")
    const third = await world.connects()
    await third.link.command({ kind: "provider.list" })
    expect(third.live).toEqual([])
  })
})

describe("a connection", () => {
  it("is never displaced while its runtime lives", async () => {
    await using world = new World()
    const first = await world.connects()
    const socket = await rawSocket(world)
    socket.write(line(world.greeting({ journal: first.link.journal, acked: 9e15 })))
    expect(JSON.parse(await text(socket))).toMatchObject({ type: "refused", code: "taken" })
    const attempt = await world.starts(first, reply)
    await first.sees(attempt, "attempt.ended")
  })

  it("gives way when its runtime does not answer", async () => {
    await using world = new World()
    const first = await world.connects()
    first.link.close()
    const mute = await rawSocket(world)
    mute.write(line(world.greeting({ features: ["ping"] })))
    await new Promise((resolve) => mute.once("data", resolve))
    const second = await world.connects()
    expect(await second.link.command({ kind: "provider.list" })).toEqual({
      providers: [{ id: "demo", label: "Scripted" }],
    })
  })

  it.each([
    ["without a proof", { proof: undefined }],
    ["with the proof of another key", { proof: { nonce: "1", mac: prove("0".repeat(64), "runtime", "1") } }],
    ["with the host's own proof", (key: string) => ({ proof: { nonce: "1", mac: prove(key, "host", "1") } })],
    ["of the first protocol where no old runtime runs", { proof: undefined, protocols: [1] }],
  ])("is refused %s, and nothing it says is done", async (_what, more) => {
    await using world = new World()
    const reader = await world.connects()
    reader.link.close()
    const said = typeof more === "function" ? more(linkKey(world.dataDir)) : more
    const socket = await rawSocket(world)
    socket.write(
      line(world.greeting(said)) + line({ type: "command", id: 1, command: { kind: "host.stop" } }),
    )
    const frames = (await text(socket)).trim().split("\n")
    expect(frames.map((frame) => JSON.parse(frame))).toMatchObject([{ type: "refused", code: "proof" }])
    expect((await world.connects()).link.pid).toBe(reader.link.pid)
  })

  it("is told of a command that the host does not know, or not in this form, and goes on", async () => {
    await using world = new World()
    const reader = await world.connects()
    reader.link.close()
    const socket = await rawSocket(world)
    const ask = (id: number, command: object) => line({ type: "command", id, command })
    socket.write(
      line(world.greeting()) +
        line({ type: "later.frame", is: "passed over" }) +
        ask(1, { kind: "terminal.open", session: "S001" }) +
        ask(2, { kind: "provider.probe" }) +
        ask(3, { kind: "provider.list" }),
    )
    const answers: unknown[] = []
    createInterface({ input: socket }).on("line", (said) => answers.push(JSON.parse(said)))
    await until(() => answers.length === 4)
    expect(answers).toMatchObject([
      { type: "welcome" },
      { type: "error", id: 1, code: "unsupported" },
      { type: "error", id: 2, code: "invalid" },
      { type: "result", id: 3 },
    ])
    socket.destroy()
  })

  it.each([
    ["that is no JSON", "{nonsense\n"],
    ["that is none", line({ no: "type" })],
    ["before the greeting", line({ type: "ack", seq: 1 })],
    ["that has no end", "x".repeat(9 << 20)],
  ])("is broken off at a frame %s, and the host lives on", async (_what, frame) => {
    await using world = new World()
    const reader = await world.connects()
    const socket = await rawSocket(world)
    socket.on("error", () => {})
    socket.write(frame)
    await new Promise((resolve) => socket.once("close", resolve))
    const attempt = await world.starts(reader, reply)
    await reader.sees(attempt, "attempt.ended")
    expect(readFileSync(join(world.dataDir, "logs", "host.log"), "utf8")).toContain(
      "broke off the connection",
    )
  })

  it("is refused with a reason when no protocol is common", async () => {
    await using world = new World()
    await world.connects()
    const socket = await rawSocket(world)
    socket.write(line(world.greeting({ protocols: [99], version: "9.0.0" })))
    const frame = JSON.parse(await text(socket))
    expect(frame).toMatchObject({ type: "refused" })
    expect(frame.reason).toContain("9.0.0")
  })
})
