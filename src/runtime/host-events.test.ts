import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { HandOver } from "../ledger/hand-overs.ts"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Fact } from "../protocol/facts.ts"
import {
  type AttemptId,
  HERE,
  type ItemId,
  type MachineId,
  type ProviderId,
  type RequestId,
  type SessionId,
  type TurnId,
} from "../protocol/ids.ts"
import type { Answer, Item, ProviderEvent, RequestBody } from "../protocol/session.ts"
import { HandOvers } from "./hand-over.ts"
import { HostEvents } from "./host-events.ts"
import { LiveTurns } from "./live.ts"
import { Recorder } from "./recorder.ts"
import { Requests } from "./requests.ts"

let directory: string
let ledger: Ledger
let events: HostEvents
let requests: Requests
let woken: SessionId[]
/** Answers that were said to the host. */
let owed: HandOver[]
const session = "S001" as SessionId
const turn = "00000000-0000-4000-8000-000000000001" as TurnId
const attempt = "00000000-0000-4000-8000-00000000000a" as AttemptId
/** When the runtime takes them in: long after they happened. */
const NOW = 100_000

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "host-events-"))
  ledger = await openLedger(directory, 0)
  woken = []
  const clock = { now: () => NOW, monotonic: () => 0, after: () => ({ cancel() {} }) }
  const log = { debug() {}, info() {}, warn() {}, error() {}, keep: () => "log" }
  const recorder = new Recorder({ ledger, clock, log })
  const record = recorder.record.bind(recorder)
  const context = { ledger, clock, log, record, newId: randomUUID, random: () => 0 }
  owed = []
  const handOvers = new HandOvers(context, { journal: () => null, tell: (handOver) => owed.push(handOver) })
  requests = new Requests(context, handOvers)
  const wake = (id: SessionId) => woken.push(id)
  events = new HostEvents(context, { live: new LiveTurns(), requests, wake })
  const where = { workspace: "/", workspaceKind: "external", settings: {} } as const
  const provider = "codex" as ProviderId
  ledger.sessions.create({ id: session, title: "", titleBy: "runtime", provider, ...where }, 0)
  const from = { channel: null, sourceMessage: null, clientId: null, hold: null } as const
  ledger.turns.add({ id: turn, session, origin: "owner", prompt: { text: "x", files: [] }, ...from }, 10)
  ledger.turns.dispatch(turn, attempt)
})
afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

const happens = (at: number, event: ProviderEvent) =>
  ledger.transact(() => events.apply({ seq: 1, at, session, event }, HERE))
const item = (value: object): ProviderEvent => {
  const whole = { id: "i" as ItemId, status: "completed", kind: "command", command: "ls", ...value } as Item
  return { kind: "item", attempt, item: whole }
}
const ends: ProviderEvent = { kind: "attempt.ended", attempt, outcome: { kind: "completed", text: "done" } }
const records = (stream: SessionId | "machine" = session) =>
  ledger.facts.after(stream, 0, { facts: 99, bytes: 1e6 }).facts
const facts = (stream?: "machine"): readonly Fact[] => records(stream).map(({ fact }) => fact)
const found = () => ledger.turns.find(turn) as Turn

describe("what an agent did while nobody took it in", () => {
  it("happened when the host saw it", () => {
    happens(1000, { kind: "attempt.accepted", attempt })
    happens(4000, ends)
    expect(found()).toMatchObject({ startedAt: 1000, endedAt: 4000 })
    expect(records().map(({ at, recordedAt, attempt: of }) => [at, recordedAt, of])).toEqual([
      [1000, NOW, attempt],
      [4000, NOW, attempt],
    ])
    expect(woken).toEqual([session])
  })
})

describe("the history of a turn", () => {
  it("has items when they are final, with when they began, and plans at every step", () => {
    happens(1000, { kind: "attempt.accepted", attempt })
    happens(1100, item({ status: "running" }))
    happens(1200, item({ status: "running" }))
    happens(1900, item({}))
    const plan = (status: string) => item({ id: "p", status, kind: "plan", steps: [] })
    happens(2000, plan("running"))
    happens(2100, plan("completed"))
    expect(facts().slice(1)).toMatchObject([
      { kind: "item", startedAt: 1100, item: { kind: "command", status: "completed" } },
      { kind: "item", item: { kind: "plan", status: "running" } },
      { kind: "item", startedAt: 2000, item: { kind: "plan", status: "completed" } },
    ])
  })

  it("has notices, and what an attempt used when it ends", () => {
    happens(1000, { kind: "notice", attempt, notice: { code: "context_compacted" } })
    happens(1100, { kind: "usage", attempt, usage: { inputTokens: 1 } })
    happens(1200, { kind: "usage", attempt, usage: { inputTokens: 2 } })
    happens(1300, ends)
    expect(facts()).toEqual([
      { kind: "notice", notice: { code: "context_compacted" } },
      { kind: "usage", usage: { inputTokens: 2 } },
      { kind: "turn.ended", outcome: { kind: "completed", text: "done" } },
    ])
  })

  it("says why a question is not asked any more", () => {
    const body: RequestBody = {
      ...{ kind: "question" },
      questions: [{ id: "q", text: "Which?", options: [], multiple: false, freeText: true }],
    }
    const asks = (id: string) =>
      happens(1000, { kind: "request.opened", attempt, request: id as RequestId, body })
    for (const id of ["elsewhere", "open"]) asks(id)
    const closed = { kind: "request.closed", attempt, request: "elsewhere" as RequestId } as const
    happens(1100, { ...closed, why: "answered_elsewhere" })
    happens(1200, { kind: "attempt.ended", attempt, outcome: { kind: "stopped", text: "" } })
    expect(facts().filter(({ kind }) => kind === "request.closed")).toEqual([
      { kind: "request.closed", request: "elsewhere", why: "elsewhere" },
      { kind: "request.closed", request: "open", why: "stopped" },
    ])
  })
})

describe("what is told again and again", () => {
  it("is a fact when it has changed", () => {
    for (const at of [1, 2]) happens(at, { kind: "session.changed", nativeId: "n", settings: { model: "m" } })
    for (const usedPercent of [3, 3, 4]) happens(9, { kind: "limits", limits: [{ name: "5h", usedPercent }] })
    expect(facts()).toEqual([{ kind: "session.reported", nativeId: "n", settings: { model: "m" } }])
    expect(facts("machine").map(({ kind }) => kind)).toEqual(["limits.changed", "limits.changed"])
  })
})

it("ends an attempt plainly, once, and wakes its session", () => {
  for (const at of [50, 60])
    ledger.transact(() => events.endPlainly({ seq: 1, at, session, event: ends }, HERE))
  expect([found().state, found().endedAt, woken]).toEqual(["completed", 50, [session]])
  // Nothing was ever accepted, and yet it is not dropped: the agent says that it is done.
  expect(facts().map(({ kind }) => kind)).toEqual(["turn.ended"])
})

describe("a host is believed about its own sessions only", () => {
  const laptop = "m1" as MachineId
  const theirs = "S777" as SessionId
  const request = "r" as RequestId
  const approval: RequestBody = {
    ...{ kind: "approval", subject: "command", title: "ls", acceptsReason: false },
    options: [{ id: "yes", effect: "allow_once" }],
  }
  beforeEach(() => {
    ledger.machines.add({ id: laptop, name: "laptop", line: { kind: "ssh" } })
    const provider = "codex" as ProviderId
    const place = { machine: laptop, workspace: "/", workspaceKind: "external", settings: {} } as const
    ledger.sessions.create({ id: theirs, title: "", titleBy: "runtime", provider, ...place }, 0)
    happens(20, { kind: "attempt.accepted", attempt })
    happens(30, { kind: "request.opened", attempt, request, body: approval })
  })

  const forged: readonly ProviderEvent[] = [
    { kind: "attempt.accepted", attempt },
    { kind: "attempt.began", attempt: randomUUID() as AttemptId, reason: "mine now" },
    item({}),
    { kind: "request.opened", attempt, request: "other" as RequestId, body: approval },
    { kind: "request.closed", attempt, request, why: "answered" },
    { kind: "notice", attempt, notice: { code: "context_compacted" } },
    { kind: "usage", attempt, usage: { costUsd: 1 } },
    { kind: "session.changed", nativeId: "stolen", settings: {}, title: "stolen" },
    { kind: "limits", limits: [{ name: "5h", usedPercent: 100 }] },
    ends,
  ]
  it.each(forged.map((event) => [event.kind, event] as const))("not about another's: %s", (_, event) => {
    const before = [JSON.stringify(records()), JSON.stringify(found())]
    // As it is, and as if the work were one of its own sessions'.
    const mine = event.kind === "session.changed" || event.kind === "limits" || event.kind === "attempt.began"
    const told = mine ? [session] : [session, theirs]
    for (const of of told)
      ledger.transact(() => {
        events.apply({ seq: 9, at: 40, session: of, event }, laptop)
        events.endPlainly({ seq: 9, at: 40, session: of, event }, laptop)
      })
    expect([JSON.stringify(records()), JSON.stringify(found())]).toEqual(before)
    expect(facts("machine")).toEqual([])
  })

  it("and about those it is", () => {
    const began = { kind: "attempt.began", attempt: randomUUID() as AttemptId, reason: "" } as const
    ledger.transact(() => events.apply({ seq: 9, at: 40, session: theirs, event: began }, laptop))
    expect(ledger.turns.findByAttempt(began.attempt)).toMatchObject({ session: theirs, state: "running" })
    expect(ledger.handOvers.owed(laptop)).toMatchObject([{ kind: "start", attempt: began.attempt }])
  })
})

describe("what an agent asks again under an id that was answered", () => {
  const id = "r" as RequestId
  const approval = (command: string): RequestBody => ({
    ...{ kind: "approval", subject: "command", title: command, command, acceptsReason: true },
    options: [{ id: "yes", effect: "allow_once" }],
  })
  const secret: RequestBody = {
    kind: "question",
    questions: [{ id: "q", text: "Key?", options: [], multiple: false, freeText: true, secret: true }],
  }
  const asks = (body: RequestBody) => happens(2000, { kind: "request.opened", attempt, request: id, body })
  const closes = (why: "answered" | "withdrawn") =>
    happens(3000, { kind: "request.closed", attempt, request: id, why })
  const by = { surface: "telegram", detail: "Telegram" }
  const state = () => ledger.requests.find(id)

  it("is given that answer once more: it was lost with a host that died before it passed it on", () => {
    asks(approval("make"))
    requests.answer({ id, version: 1, answer: { kind: "option", option: "yes" }, by })
    closes("answered")
    asks(approval("make"))
    expect(state()).toMatchObject({ state: "answered", answer: { option: "yes" } })
    expect(owed.map(({ kind }) => kind)).toEqual(["answer", "answer"])
    expect(new Set(owed.map((one) => one.id)).size).toBe(2)
  })

  interface Again {
    readonly first: RequestBody
    readonly again: RequestBody
    readonly answer: Answer
    readonly why: "answered" | "withdrawn"
  }
  const yes: Answer = { kind: "option", option: "yes" }
  const told: Answer = { kind: "answers", answers: { q: ["abc"] } }
  const same = { first: approval("make"), again: approval("make"), answer: yes }

  it.each<[string, Again]>([
    ["in other words", { ...same, again: approval("rm -rf ~"), why: "answered" }],
    ["after it was taken back", { ...same, why: "withdrawn" }],
    ["for a secret", { first: secret, again: secret, answer: told, why: "answered" }],
  ])("is put to the owner anew %s", (_, { first, again, answer, why }) => {
    asks(first)
    requests.answer({ id, version: 1, answer, by })
    closes(why)
    asks(again)
    expect(owed).toHaveLength(1)
    expect(state()).toMatchObject({ state: "open", version: 3, body: again, answer: null })
    expect(facts().at(-1)).toMatchObject({ kind: "request.opened", version: 3 })
    expect(found().state).toBe("waiting")
    expect(requests.answer({ id, version: 1, answer, by }).kind).toBe("stale")
  })
})
