import { statSync } from "node:fs"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { describe, expect, it } from "vitest"
import { NotRunningError } from "../../src/cli/control-client.ts"
import type { FeedBatch } from "../../src/cli/follow-session.ts"
import { LEDGER_FILE } from "../../src/ledger/database.ts"
import { ApiError } from "../../src/protocol/api.ts"
import type { RecordedFact } from "../../src/protocol/facts.ts"
import type { RequestId, SessionId } from "../../src/protocol/ids.ts"
import { ControlWorld, ECHO } from "./control-world.ts"

const errorOf = (body: string) => ApiError.parse(JSON.parse(body)).error

describe("commands over the control socket", () => {
  it("answer as on every surface, offer what can be chosen, and do it once", async () => {
    await using world = await ControlWorld.start()
    const { id: session } = await world.session()
    const run = (what: object) => world.client.call("command.run", { session, ...what })
    const [answer] = (await run({ line: "/model" })).answers
    expect(answer?.text).toBe(`Model of ${session} (now: agent's default)`)
    const chosen = answer?.choices.find(({ label }) => label === "Echo 2")
    const set = await run({ chosen, clientId: "choice" })
    expect(set).toMatchObject({ repeated: false, shows: null })
    expect(set.answers.map(({ text }) => text)).toEqual([`${session} uses echo-2 from the next prompt on.`])
    expect(await run({ chosen, clientId: "choice" })).toEqual({ ...set, repeated: true })
    await expect(run({ line: "/frobnicate" })).rejects.toMatchObject({ code: "not_found" })
    expect((await run({ line: "/new" })).shows).toMatch(/^S\d+$/)
    expect((await world.client.call("session.read", { session })).settings.model).toBe("echo-2")
  })
})

describe("prompts over the control socket", () => {
  it("run once per client id, however often they are sent", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const prompt = { clientId: "cli:1", text: "hello [[hold go]]" }
    const receipts = await Promise.all(
      [1, 2, 3].map(() => world.client.call("prompt.send", { session: session.id, ...prompt })),
    )
    expect(receipts.filter((receipt) => !receipt.repeated)).toHaveLength(1)
    expect(new Set(receipts.map((receipt) => receipt.turn)).size).toBe(1)
    const [first] = receipts
    if (!first) throw new Error("there is no receipt")
    const second = await world.client.call("prompt.send", {
      session: session.id,
      clientId: "cli:2",
      text: "next",
    })
    expect(second).toMatchObject({ ahead: 1, repeated: false, state: "queued" })
    world.releases("go")
    expect((await world.sees(session, second.turn, "turn.ended")).fact.outcome).toEqual({
      kind: "completed",
      text: "echo: next",
    })
    const late = await world.client.call("prompt.send", { session: session.id, ...prompt })
    expect(late).toEqual({ ...first, repeated: true })
    expect(await world.client.call("turn.read", { turn: first.turn })).toMatchObject({ state: "completed" })
    expect(world.consumed("hello")).toBe(1)
  })

  it("come through a restart of the runtime that happens while they run", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const turn = await world.says(session, "long [[hold go]]")
    await world.sees(session, turn, "turn.started")
    const news = world.follows(session)
    expect(await news.next()).toMatchObject({ value: { kind: "news" } })
    await world.ends()
    await expect(world.client.call("status.read", {})).rejects.toThrow(NotRunningError)
    await world.starts()
    world.releases("go")
    const seen: string[] = []
    for await (const batch of news) {
      seen.push(batch.kind)
      if (batch.kind === "news" && batch.events.some((event) => event.fact.kind === "turn.ended")) break
    }
    expect(seen.filter((kind) => kind !== "news")).toEqual(["lost", "back"])
    expect((await world.sees(session, turn, "turn.ended")).fact.outcome.kind).toBe("completed")
    expect(world.consumed("long")).toBe(1)
  })
})

describe("events over the control socket", () => {
  it("come to a reader as they are committed, in order and without gaps", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const news = world.follows(session, session.lastSeq)
    await news.next()
    const turn = await world.says(session, "hello")
    const told: RecordedFact[] = []
    for await (const batch of news) {
      if (batch.kind === "news") told.push(...batch.events)
      if (told.some(({ fact }) => fact.kind === "turn.ended")) break
    }
    expect(told.find(({ fact }) => fact.kind === "turn.queued")).toMatchObject({
      turn,
      fact: { prompt: { text: "hello", files: [] } },
    })
    const { events, last, hasMore } = await world.client.call("event.page", { session: session.id })
    expect(told).toEqual(events.slice(session.lastSeq))
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1))
    expect(events.map(({ fact }) => fact?.kind)).toEqual([
      ...["session.created", "session.renamed", "turn.queued", "session.reported", "turn.started"],
      ...["item", "turn.ended"],
    ])
    expect([last, hasMore]).toEqual([events.length, false])
    const [summary] = (await world.client.call("session.list", {})).sessions
    expect(summary).toMatchObject({ id: session.id, title: "hello", lastSeq: last, turn: null })
  })

  it("bring the text of what is being written, until it is an event", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const turn = await world.says(session, "hello [[hold go]]")
    const growing = (batch: FeedBatch) =>
      batch.kind === "news" ? batch.session.work.texts.filter((text) => text.turn === turn) : []
    for await (const batch of world.follows(session))
      if (growing(batch).some(({ text }) => text.includes("holding go"))) break
    world.releases("go")
    for await (const batch of world.follows(session)) {
      if (batch.kind !== "news" || !batch.events.some(({ fact }) => fact.kind === "turn.ended")) continue
      expect(growing(batch)).toEqual([])
      break
    }
  })

  it("are read in pages in both directions, and one by one", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    await world.sees(session, await world.says(session, "hello"), "turn.ended")
    const page = async (of: { after?: number; before?: number; limit?: number }) => {
      const { events, hasMore } = await world.client.call("event.page", { session: session.id, ...of })
      return [events.map(({ seq }) => seq), hasMore]
    }
    expect(await page({ after: 2, limit: 2 })).toEqual([[3, 4], true])
    expect(await page({ before: 3 })).toEqual([[1, 2], false])
    expect(await page({ before: 5, limit: 2 })).toEqual([[3, 4], true])
    const { events } = await world.client.call("event.page", { session: session.id })
    const one = (seq: number) => world.client.call("event.read", { session: session.id, seq })
    expect(await one(3)).toEqual(events[2])
    await expect(one(99)).rejects.toMatchObject({ code: "not_found", remedy: { kind: "reload" } })
  })

  it("tell what a waiting prompt was changed to", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    await world.says(session, "first [[hold go]]")
    const turn = await world.says(session, "second")
    world.kernel.turns.edit(turn, { text: "better", files: [] })
    expect((await world.sees(session, turn, "turn.edited")).fact.prompt.text).toBe("better")
    world.releases("go")
    expect((await world.sees(session, turn, "turn.ended")).fact.outcome.text).toBe("echo: better")
  })
})

describe("what is done over the control socket", () => {
  it("is done once, also across a restart, and nothing else under the same id", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const change = { session: session.id, clientId: "rename", title: "first" } as const
    expect(await world.client.call("session.change", change)).toMatchObject({
      title: "first",
      repeated: false,
    })
    await world.client.call("session.change", { session: session.id, title: "second" })
    await world.ends()
    await world.starts()
    expect(await world.client.call("session.change", change)).toMatchObject({
      title: "first",
      repeated: true,
    })
    expect(await world.client.call("session.read", { session: session.id })).toMatchObject({
      title: "second",
    })
    const other = world.client.call("session.change", { ...change, title: "third" })
    await expect(other).rejects.toMatchObject({
      ...{ code: "conflict", reason: "client_id_reused", remedy: { kind: "correct", field: "clientId" } },
    })
    const made = () => world.client.call("session.create", { clientId: "one session", provider: ECHO })
    const ids = (await Promise.all([made(), made(), made()])).map(({ id }) => id)
    expect(new Set(ids).size).toBe(1)
  })

  it("changes the queue, as long as a prompt waits", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const first = await world.says(session, "first [[hold go]]")
    const [second, third, fourth] = [
      await world.says(session, "second"),
      await world.says(session, "third"),
      await world.says(session, "fourth"),
    ]
    const { client } = world
    expect(await client.call("turn.run_next", { turn: third })).toMatchObject({ ahead: 1, state: "queued" })
    expect(await client.call("turn.read", { turn: second })).toMatchObject({
      ahead: 2,
      prompt: { text: "second" },
    })
    expect(await client.call("turn.drop", { turn: fourth })).toMatchObject({ state: "stopped" })
    await client.call("turn.edit", { turn: second, text: "better" })
    await expect(client.call("turn.edit", { turn: first, text: "late" })).rejects.toMatchObject({
      ...{ code: "conflict", reason: "turn_not_queued", remedy: { kind: "reload" } },
    })
    world.releases("go")
    expect((await world.sees(session, second, "turn.ended")).fact.outcome.text).toBe("echo: better")
    expect(world.consumed("fourth")).toBe(0)
  })

  it("puts sessions away, and lists the others in windows", async () => {
    await using world = await ControlWorld.start()
    const { client } = world
    const made = [await world.session(), await world.session(), await world.session()]
    const [away] = made
    if (!away) throw new Error("there is no session")
    await client.call("session.change", { session: away.id, archived: true, settings: { model: "small" } })
    const list = async (of: { before?: string; limit?: number; archived?: boolean }) => {
      const { sessions, next } = await client.call("session.list", of)
      return { ids: sessions.map(({ id }) => id), next }
    }
    const newest = await list({ limit: 1 })
    const rest = await list({ limit: 1, before: newest.next ?? "" })
    expect([...newest.ids, ...rest.ids].toSorted()).toEqual(made.slice(1).map(({ id }) => id))
    expect(rest.next).toBeNull()
    expect((await list({ archived: true })).ids).toHaveLength(3)
    const settings = { model: null, effort: "low" } as const
    expect(
      await client.call("session.change", { session: away.id, archived: false, settings }),
    ).toMatchObject({
      ...{ state: "open", settings: { effort: "low" } },
    })
  })
})

describe("requests and stops over the control socket", () => {
  it("are answered once, and later answers learn by whom", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const turn = await world.says(session, "run [[perm echo hi]]")
    const { request, version, body } = (await world.sees(session, turn, "request.opened")).fact
    if (body.kind !== "approval") throw new Error("no approval was asked for")
    const allow = body.options.find((option) => option.effect === "allow_once")?.id ?? ""
    const answer = (option: string, of = version) =>
      world.client.call("request.answer", { request, version: of, answer: { kind: "option", option } })
    expect((await world.client.call("status.read", {})).openRequests).toBe(1)
    await expect(answer("none of them")).rejects.toMatchObject({ code: "invalid" })
    expect(await answer(allow, version + 7)).toMatchObject({ outcome: "stale" })
    expect(await answer(allow)).toMatchObject({ outcome: "answered", by: "terminal" })
    expect(await answer(allow)).toMatchObject({ outcome: "already", by: "terminal" })
    expect((await world.sees(session, turn, "request.answered")).fact).toMatchObject({
      ...{ request, by: { surface: "terminal", detail: "terminal" } },
    })
    expect((await world.sees(session, turn, "turn.ended")).fact.outcome.text).toContain("(allowed)")
    const unknown = "nothing" as RequestId
    await expect(
      world.client.call("request.answer", { request: unknown, version: 1, answer: { kind: "dismissed" } }),
    ).rejects.toMatchObject({ code: "not_found" })
  })

  it("are gone when the turn that asked was stopped", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const turn = await world.says(session, "run [[perm echo hi]]")
    const { request, version } = (await world.sees(session, turn, "request.opened")).fact
    await world.says(session, "next")
    expect(await world.client.call("session.stop", { session: session.id })).toMatchObject({
      turn,
      queued: 1,
    })
    expect((await world.sees(session, turn, "turn.ended")).fact.outcome.kind).toBe("stopped")
    expect(
      await world.client.call("request.answer", { request, version, answer: { kind: "dismissed" } }),
    ).toMatchObject({
      outcome: "gone",
    })
  })

  it("stop nothing when nothing runs", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    expect(await world.client.call("session.stop", { session: session.id })).toMatchObject({
      turn: null,
      queued: 0,
    })
  })
})

describe("the runtime over its control socket", () => {
  it("tells how it is, before and after there is work", async () => {
    await using world = await ControlWorld.start()
    expect(await world.client.call("status.read", {})).toMatchObject({
      host: { state: "not_started" },
      sessions: { open: 0, working: 0 },
      queuedTurns: 0,
    })
    const session = await world.session()
    const turn = await world.says(session, "hello [[hold go]]")
    await world.says(session, "next")
    await world.sees(session, turn, "turn.started")
    expect(await world.client.call("status.read", {})).toMatchObject({
      host: { state: "connected", pid: world.kernel.hostPid },
      sessions: { open: 1, working: 1 },
      queuedTurns: 1,
    })
    const [summary] = (await world.client.call("session.list", {})).sessions
    expect(summary).toMatchObject({ turn: "running", queued: 1, provider: ECHO, workspaceKind: "managed" })
    world.releases("go")
  })

  it("asks every agent how it is", async () => {
    await using world = await ControlWorld.start()
    const { providers } = await world.client.call("providers.read", {})
    expect(providers.find(({ provider }) => provider === ECHO)?.state).toBe("ready")
  })

  it("is told to stop when the answer is out", async () => {
    await using world = await ControlWorld.start()
    expect(await world.client.call("runtime.stop", { agents: true })).toEqual({ pid: process.pid })
    await world.client.call("status.read", {})
    expect(world.stops).toEqual([{ agents: true }])
  })

  it("is for its owner alone, also where another runtime died", async () => {
    await using world = await ControlWorld.start()
    const found = statSync(world.socket)
    expect(found.isSocket()).toBe(true)
    expect((found.mode & 0o777).toString(8)).toBe("600")
  })
})

describe("the trace of a message", () => {
  it("tells its way from the update to the delivered answer, whatever it is called by", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const { ledger, turns, clock } = world.kernel
    const channel = ledger.channels.ensure("telegram", "77:42", clock.now())
    ledger.inbox.receive({ bot: 77, updateId: 900, lane: "telegram:77:42", body: {} }, clock.now())
    const { id: turn } = turns.submit({
      ...{ session: session.id, origin: "owner", channel: channel.id, sourceMessage: "5", hold: null },
      ...{ clientId: "telegram:77:900:1", prompt: { text: "run [[perm echo hi]]", files: [] } },
    })
    const { request, version, body } = (await world.sees(session, turn, "request.opened")).fact
    const option = body.kind === "approval" ? (body.options[0]?.id ?? "") : ""
    await world.client.call("request.answer", { request, version, answer: { kind: "option", option } })
    await world.sees(session, turn, "turn.ended")
    const final = { key: "final", lane: "telegram:77:42", priority: "final", payload: {}, turn } as const
    const row = ledger.outbox.owe(final, clock.now()) ?? 0
    ledger.outbox.sending(row, clock.now())
    ledger.outbox.sent(row, "6", clock.now())

    const { steps } = await world.client.call("trace.read", { message: turn })
    const idsOf = (wanted: string) => steps.find(({ step }) => step === wanted)?.ids
    expect(steps.map(({ step }) => step)).toEqual([
      ...["received", "queued", "accepted", "requested", "answered", "note", "ended", "owed", "delivered"],
    ])
    expect(idsOf("received")).toEqual({ bot: "77", update: "900" })
    expect(idsOf("queued")).toEqual({ turn, client: "telegram:77:900:1", channel: "77:42", message: "5" })
    const attempt = idsOf("accepted")?.attempt ?? ""
    const native = ledger.sessions.providerBinding(session.id, ECHO)?.nativeId ?? ""
    expect(native).not.toBe("")
    expect(idsOf("accepted")).toEqual({ attempt, provider: ECHO, native })
    expect(world.consumed(attempt)).toBe(1)
    expect(idsOf("delivered")).toEqual({ row: String(row), message: "6" })
    expect(steps.find(({ step }) => step === "note")?.detail).toBe("command ×1, message ×1")

    const names = [attempt, request, "telegram:77:900:1", "42/5", "42/6", "77:42/6"]
    for (const name of names)
      expect(await world.client.call("trace.read", { message: name })).toMatchObject({ turn })
    for (const name of ["42/7", "43/5", "78:42/5", "nobody"])
      await expect(world.client.call("trace.read", { message: name })).rejects.toMatchObject({
        code: "not_found",
      })
  })

  it("shows a prompt that waits, and one that was stopped with its question open", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const turn = await world.says(session, "run [[perm echo hi]]")
    await world.sees(session, turn, "request.opened")
    const waiting = await world.says(session, "next")
    const stepsOf = async (id: string) =>
      (await world.client.call("trace.read", { message: id })).steps.map(({ step }) => step)
    expect(await stepsOf(waiting)).toEqual(["queued"])
    await world.client.call("session.stop", { session: session.id })
    await world.sees(session, turn, "turn.ended")
    expect(await stepsOf(turn)).toContain("ended")
    expect((await world.client.call("trace.read", { message: turn })).steps.at(-1)?.detail).toBe("stopped")
  })
})

describe("what the control socket refuses", () => {
  it("says why, under a code, in the owner's language", async () => {
    await using world = await ControlWorld.start({ language: "ko" })
    const nobody = "S404" as SessionId
    await expect(
      world.client.call("prompt.send", { session: nobody, clientId: "1", text: "hi" }),
    ).rejects.toMatchObject({
      code: "not_found",
      message: "S404 세션이 없습니다.",
    })
    await expect(world.client.call("event.page", { session: nobody })).rejects.toMatchObject({
      code: "not_found",
    })
    await expect(
      world.client.call("session.create", { provider: ECHO, workspace: "nowhere" }),
    ).rejects.toMatchObject({
      code: "invalid",
    })
    const other = "acp:other" as typeof ECHO
    await expect(world.client.call("session.create", { provider: other })).rejects.toMatchObject({
      code: "invalid",
    })
  })

  it("names what is not of the promised form", async () => {
    await using world = await ControlWorld.start()
    await world.session()
    const requests = [
      ["POST", "/v1/sessions", "{", 400],
      ["POST", "/v1/sessions", '{"provider":"nobody"}', 400],
      ["POST", "/v1/sessions/S001/prompts", '{"clientId":"","text":"hi"}', 400],
      ["POST", "/v1/sessions/S001/prompts", '{"clientId":"1"}', 400],
      ["POST", "/v1/sessions/..%2f/prompts", "{}", 404],
      ["GET", "/v1/sessions/S001/events?limit=99999999", "", 400],
      ["GET", "/v1/sessions/S001/events?after=-1", "", 400],
      ["POST", "/v1/requests/1/answer", "[]", 400],
      ["GET", "/v1/nothing", "", 404],
      ["DELETE", "/v1/sessions", "", 404],
    ] as const
    for (const [method, path, body, status] of requests) {
      const reply = await world.raw(method, path, body)
      expect([method, path, body, reply.status]).toEqual([method, path, body, status])
      expect(errorOf(reply.body).message).not.toBe("")
    }
  })

  it("bodies beyond their limit, and takes those below it", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const path = `/v1/sessions/${session.id}/prompts`
    const prompt = (size: number) => JSON.stringify({ clientId: "big", text: "x".repeat(size) })
    const refused = await world.raw("POST", path, prompt(4 * 1024 * 1024))
    expect([refused.status, errorOf(refused.body).code]).toEqual([413, "too_large"])
    expect((await world.raw("POST", path, prompt(1024 * 1024))).status).toBe(200)
  })

  it("what the disk does not take, so that it may be sent again, and runs once when it was", async () => {
    await using world = await ControlWorld.start()
    const session = await world.session()
    const other = new DatabaseSync(join(world.dataDir, LEDGER_FILE))
    other.exec("BEGIN IMMEDIATE")
    const prompt = { clientId: "again", text: "not lost" }
    await expect(world.client.call("prompt.send", { session: session.id, ...prompt })).rejects.toMatchObject({
      code: "storage",
      message: expect.stringContaining("Nothing of this was done"),
    })
    const raw = await world.raw("POST", `/v1/sessions/${session.id}/prompts`, JSON.stringify(prompt))
    expect(raw.status).toBe(503)
    other.exec("ROLLBACK")
    other.close()
    const { turn } = await world.client.call("prompt.send", { session: session.id, ...prompt })
    await world.sees(session, turn, "turn.ended")
    expect(world.consumed("not lost")).toBe(1)
  })

  it("a fault of its own is kept in the log under the id it gives", async () => {
    await using world = await ControlWorld.start()
    world.fault = new Error("an inner detail")
    const reply = await world.raw("GET", "/v1/status")
    expect(reply.status).toBe(500)
    expect(errorOf(reply.body)).toMatchObject({ code: "internal", logId: "kept" })
    expect(reply.body).not.toContain("an inner detail")
    expect(world.log.lines.some((line) => line.includes("an inner detail"))).toBe(true)
  })
})
