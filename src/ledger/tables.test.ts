/** What each table promises to whoever writes to it. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  type AttemptId,
  HERE,
  type MachineId,
  type ProviderId,
  type RequestId,
  type SessionId,
  type TurnId,
} from "../protocol/ids.ts"
import type { HandOver } from "./hand-overs.ts"
import { type Ledger, openLedger } from "./ledger.ts"
import { PRIORITY, type Priority } from "./outbox.ts"

let directory = ""
let ledger: Ledger
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "ledger-tables-"))
  ledger = await openLedger(directory, 1)
  addSession("S001")
})
afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

const session = "S001" as SessionId
const id = <T extends string>(number: number) =>
  `00000000-0000-4000-8000-${String(number).padStart(12, "0")}` as T
const turnId = (number: number) => id<TurnId>(number)
const by = { surface: "telegram", detail: "Owner" }

function addSession(name: string): void {
  const where = { workspace: "/", workspaceKind: "external", settings: {} } as const
  const provider = "demo" as ProviderId
  ledger.sessions.create({ id: name as SessionId, title: "", titleBy: "runtime", provider, ...where }, 1)
}

function addTurn(number: number, more: { session?: string; clientId?: string } = {}): TurnId {
  const turn = turnId(number)
  const origin = { origin: "owner", channel: null, sourceMessage: null, hold: null } as const
  const prompt = { text: `prompt ${number}`, files: [] }
  const of = (more.session ?? "S001") as SessionId
  ledger.turns.add({ id: turn, session: of, ...origin, clientId: more.clientId ?? null, prompt }, number)
  return turn
}

describe("turns", () => {
  it("queue in the order they came, each session for itself", () => {
    addSession("S002")
    for (const [number, of] of [
      [1, "S001"],
      [2, "S002"],
      [3, "S001"],
      [4, "S001"],
    ] as const)
      addTurn(number, { session: of })
    expect(ledger.turns.open(session).map((turn) => turn.id)).toEqual([1, 3, 4].map(turnId))
    expect(ledger.turns.allOpen().map((turn) => turn.id)).toEqual([1, 3, 4, 2].map(turnId))
  })

  it("move in the queue by position, and a new one comes last", () => {
    for (const number of [1, 2, 3]) addTurn(number)
    ledger.turns.place(turnId(3), 0)
    addTurn(4)
    expect(ledger.turns.open(session).map((turn) => turn.id)).toEqual([3, 1, 2, 4].map(turnId))
  })

  it("leave the queue when they end, with one outcome", () => {
    addTurn(1)
    ledger.turns.dispatch(turnId(1), id<AttemptId>(9))
    expect(ledger.turns.findByAttempt(id<AttemptId>(9))).toMatchObject({ state: "dispatching", attempts: 1 })
    const outcome = { kind: "completed", text: "done" } as const
    ledger.turns.end(turnId(1), outcome, 50)
    expect(ledger.turns.open(session)).toEqual([])
    expect(ledger.turns.find(turnId(1))).toMatchObject({
      state: "completed",
      outcome: { kind: "completed" },
      endedAt: 50,
      hold: null,
    })
  })

  it("are one for a client's id, however often it comes", () => {
    addTurn(1, { clientId: "mine" })
    expect(() => addTurn(2, { clientId: "mine" })).toThrow(/UNIQUE/)
    expect(ledger.turns.findByClientId("mine")?.id).toBe(turnId(1))
    addTurn(3)
    addTurn(4)
    expect(ledger.turns.open(session)).toHaveLength(3)
  })

  it("are changed by the owner only while they wait", () => {
    addTurn(1)
    const changed = { text: "changed", files: [] }
    expect(ledger.turns.edit(turnId(1), changed)).toBe(true)
    ledger.turns.dispatch(turnId(1), id<AttemptId>(9))
    expect(ledger.turns.edit(turnId(1), { text: "late", files: [] })).toBe(false)
    expect(ledger.turns.find(turnId(1))?.prompt).toEqual(changed)
  })

  it("keep the first time they were told to stop and to start", () => {
    addTurn(1)
    for (const at of [5, 6]) {
      ledger.turns.requestStop(turnId(1), at)
      ledger.turns.setState(turnId(1), "running", at)
    }
    expect(ledger.turns.find(turnId(1))).toMatchObject({ stopRequestedAt: 5, startedAt: 5 })
  })
})

describe("requests", () => {
  const request = id<RequestId>(7)
  const body = {
    kind: "question",
    questions: [{ id: "q", text: "?", options: [], multiple: false, freeText: true }],
  } as const
  const answer = (version: number, text = "yes") =>
    ledger.requests.answer(
      { id: request, version, answer: { kind: "answers", answers: { q: [text] } }, by },
      9,
    )
  beforeEach(() => {
    ledger.requests.open({ id: request, session, turn: addTurn(1), attempt: id<AttemptId>(9), body }, 2)
  })

  it("are opened once, also when they are told again", () => {
    expect(
      ledger.requests.open({ id: request, session, turn: turnId(1), attempt: id<AttemptId>(9), body }, 3),
    ).toBe(false)
    expect(ledger.requests.openOf(session)).toHaveLength(1)
  })

  it("are answered once, and only as they were shown", () => {
    expect([answer(2), answer(1), answer(1, "no"), answer(2, "no")]).toEqual([false, true, false, false])
    expect(ledger.requests.find(request)).toMatchObject({
      state: "answered",
      version: 2,
      answer: { kind: "answers", answers: { q: ["yes"] } },
      answeredBy: by,
    })
  })

  it("cannot be answered once they are closed, nor closed once they are answered", () => {
    expect([
      ledger.requests.close(request, 5),
      ledger.requests.close(request, 6),
      answer(1),
      answer(2),
    ]).toEqual([true, false, false, false])
    expect(ledger.requests.find(request)).toMatchObject({ state: "closed", answer: null, closedAt: 5 })
  })

  it("are not closed with their turn once they are answered", () => {
    answer(1)
    expect(ledger.requests.closeOfTurn(turnId(1), 9)).toEqual([])
  })
})

describe("machines", () => {
  const laptop = "m1" as MachineId
  beforeEach(() => ledger.machines.add({ id: laptop, name: "laptop", line: { kind: "ssh" } }))

  it("have names of their own and are heard each by itself", () => {
    expect(() =>
      ledger.machines.add({ id: "m2" as MachineId, name: "Laptop", line: { kind: "ssh" } }),
    ).toThrow(/UNIQUE/)
    ledger.machines.setCursor(laptop, { journal: "l", acked: 7 })
    expect([ledger.machines.cursor(HERE), ledger.machines.cursor(laptop)]).toEqual([
      null,
      { journal: "l", acked: 7 },
    ])
    expect(ledger.machines.all().map(({ id, line }) => [id, line.kind])).toEqual([
      [HERE, "local"],
      [laptop, "ssh"],
    ])
  })

  it("may each have a thread of the same id", () => {
    const there = { id: "S777" as SessionId, machine: laptop, title: "", titleBy: "owner" } as const
    const provider = "demo" as ProviderId
    const place = { workspace: "/", workspaceKind: "external", settings: {} } as const
    ledger.sessions.create({ ...there, provider, ...place }, 1)
    for (const id of [session, there.id])
      ledger.sessions.bindProvider(id, provider, { nativeId: "same", settings: {} }, 1)
    const holders = [HERE, laptop].map((machine) =>
      ledger.sessions.findByNative({ machine, provider, nativeId: "same" }),
    )
    expect(holders.map((holder) => holder?.id)).toEqual([session, there.id])
  })
})

describe("what is owed to a host", () => {
  const attempt = id<AttemptId>(9)
  const request = id<RequestId>(7)
  const owe = (what: Pick<HandOver, "kind" | "id">) =>
    ledger.handOvers.add(
      {
        machine: HERE,
        session,
        turn: turnId(1),
        attempt,
        journal: null,
        ...(what as { kind: "stop"; id: string }),
      },
      1,
    )
  const owed = () => ledger.handOvers.owed(HERE).map((one) => one.id)
  beforeEach(() => {
    addTurn(1)
    const body = { kind: "question", questions: [] } as const
    ledger.requests.open({ id: request, session, turn: turnId(1), attempt, body }, 1)
    const about = { machine: HERE, session, turn: turnId(1), attempt, journal: null }
    ledger.handOvers.add({ kind: "start", id: attempt, ...about }, 1)
    ledger.handOvers.add({ kind: "answer", id: "a", request, ...about }, 1)
    owe({ kind: "stop", id: "s" })
    owe({ kind: "steer", id: "p" })
  })

  it("is there in the order it came about, each under an id of its own", () => {
    expect(owed()).toEqual([attempt, "a", "s", "p"])
    expect(ledger.handOvers.owed(HERE)[1]).toMatchObject({ kind: "answer", request })
    expect(() => owe({ kind: "stop", id: "s" })).toThrow(/UNIQUE/)
  })

  it("is done once", () => {
    expect([ledger.handOvers.done("p", 2), ledger.handOvers.done("p", 3)]).toEqual([true, false])
    expect([ledger.handOvers.answerDone(request, 2), ledger.handOvers.answerDone(request, 3)]).toEqual([
      true,
      false,
    ])
    expect(owed()).toEqual([attempt, "s"])
  })

  it("ends with the attempt where it is about nothing else", () => {
    ledger.handOvers.attemptDone(turnId(1), 2)
    expect(owed()).toEqual(["a", "p"])
    expect(ledger.handOvers.isAnyOwed(HERE)).toBe(true)
  })

  it("remembers the journal it was said to", () => {
    expect(ledger.handOvers.journalOf(attempt)).toBeNull()
    ledger.handOvers.saidTo(attempt, "j1")
    expect(ledger.handOvers.journalOf(attempt)).toBe("j1")
  })
})

describe("the inbox", () => {
  const receive = (updateId: number, lane = "a", bot = 1) =>
    ledger.inbox.receive({ bot, updateId, lane, body: { updateId } }, updateId)

  it("takes an update once, whatever the order of the numbers, and tells bots apart", () => {
    expect([receive(5), receive(3), receive(5), receive(3), receive(5, "a", 2)]).toEqual([
      true,
      true,
      false,
      false,
      true,
    ])
    expect(ledger.inbox.openOf("a", 10).map((row) => [row.bot, row.updateId])).toEqual([
      [1, 5],
      [1, 3],
      [2, 5],
    ])
  })

  it("has each handled once", () => {
    receive(5)
    receive(6, "b")
    const row = ledger.inbox.openOf("a", 1)[0]
    const handle = () => ledger.inbox.handle(row?.id ?? 0, "handled", 9)
    expect([handle(), handle()]).toEqual([true, false])
    expect(ledger.inbox.open().map(({ updateId }) => updateId)).toEqual([6])
    expect(receive(5)).toBe(false)
    // Telegram may begin to number anew: another update under a known id is another update.
    const anew = { bot: 1, updateId: 5, lane: "a", body: { other: true }, isSame: () => false }
    expect([ledger.inbox.receive(anew, 9), ledger.inbox.receive({ ...anew, isSame: () => true }, 9)]).toEqual(
      [true, false],
    )
  })

  it("keeps nothing of what was ignored but that it came", () => {
    const ignored = { bot: 1, updateId: 7, lane: "a", body: { secret: "text" }, ignored: "stranger" }
    expect([ledger.inbox.receive(ignored, 1), ledger.inbox.receive(ignored, 2)]).toEqual([true, false])
    expect(ledger.inbox.open()).toEqual([])
    expect(ledger.trace.update(1, 7)).toMatchObject({ state: "ignored", note: "stranger" })
  })

  it("forgets what is settled and old, a few rows at a time, and never what is open", () => {
    for (const update of [1, 2, 3, 4]) receive(update)
    for (const { id: row, updateId } of ledger.inbox.open()) if (updateId < 4) ledger.inbox.handle(row, "", 9)
    expect([
      ledger.inbox.purgeBefore(100, 2),
      ledger.inbox.purgeBefore(100, 2),
      ledger.inbox.purgeBefore(100, 2),
    ]).toEqual([2, 1, 0])
    expect(ledger.inbox.open().map(({ updateId }) => updateId)).toEqual([4])
  })
})

describe("the outbox", () => {
  const owe = (key: string | null, priority: Priority = "final", lane = "chat") =>
    ledger.outbox.owe({ key, lane, priority, payload: { key } }, 1)

  it("owes a key once, also after it was delivered or given up", () => {
    const first = owe("a") ?? 0
    expect([first > 0, owe("a")]).toEqual([true, null])
    ledger.outbox.sent(first, "77", 2)
    expect([owe("a"), ledger.outbox.findByKey("a")?.message]).toEqual([null, "77"])
    expect(owe(null)).not.toBe(owe(null))
  })

  it("has the most urgent first, then the oldest, each lane for itself", () => {
    const priorities = Object.keys(PRIORITY).reverse() as Priority[]
    for (const priority of [...priorities, ...priorities]) owe(null, priority)
    owe("elsewhere", "answer", "other")
    const open = ledger.outbox.openOf("chat", 100)
    expect(open.map(({ priority }) => priority)).toEqual(
      (Object.keys(PRIORITY) as Priority[]).flatMap((priority) => [priority, priority]),
    )
    const ids = open.map((row) => row.id)
    expect(ids[0]).toBeLessThan(ids[1] ?? 0)
    expect([ledger.outbox.openLanes(), ledger.outbox.depth()]).toEqual([["chat", "other"], 9])
  })

  it("knows what a crash interrupted, and how often a send stayed unclear", () => {
    const [one = 0, two = 0] = [owe("one"), owe("two")]
    ledger.outbox.sending(one as number, 2)
    expect(ledger.outbox.interrupted().map(({ key }) => key)).toEqual(["one"])
    ledger.outbox.retry(one as number, { notBefore: 9, ambiguous: true, error: "reset" }, 3)
    expect(ledger.outbox.find(one as number)).toMatchObject({
      state: "pending",
      attempts: 1,
      ambiguous: 1,
      notBefore: 9,
    })
    ledger.outbox.finish(two as number, "failed", "blocked", 3)
    expect(ledger.outbox.openOf("chat", 9).map(({ key }) => key)).toEqual(["one"])
    expect(ledger.outbox.rewrite(two as number, {}, 4)).toBe(false)
  })

  it("forgets what is settled and old, a few rows at a time, and never what is owed", () => {
    for (const key of ["a", "b", "c", "d"]) ledger.outbox.sent(owe(key) ?? 0, null, 2)
    owe("owed")
    expect([3, 3].map((limit) => ledger.outbox.purgeBefore(100, limit))).toEqual([3, 1])
    expect(ledger.outbox.openOf("chat", 9).map(({ key }) => key)).toEqual(["owed"])
  })
})

describe("actions", () => {
  const add = (name: string, expiresAt: number) =>
    ledger.actions.add({ id: name, address: "chat", body: { name }, expiresAt }, 1)

  it("are used once", () => {
    add("a", 100)
    expect([ledger.actions.use("a", 5), ledger.actions.use("a", 6), ledger.actions.use("b", 6)]).toEqual([
      true,
      false,
      false,
    ])
    expect(ledger.actions.find("a")).toMatchObject({ usedAt: 5, body: { name: "a" } })
  })

  it("are forgotten once they have expired", () => {
    for (const [at, name] of ["a", "b", "c"].entries()) add(name, at)
    expect([ledger.actions.purgeBefore(2, 1), ledger.actions.purgeBefore(2, 9)]).toEqual([1, 1])
    expect(["a", "b", "c"].map((name) => ledger.actions.find(name) === null)).toEqual([true, true, false])
  })
})

describe("sessions and channels", () => {
  it("never give a number twice", () => {
    expect(ledger.sessions.nextId()).toBe("S002")
    addSession("S002")
    expect(ledger.sessions.nextId()).toBe("S003")
    addSession("S1000")
    expect(ledger.sessions.nextId()).toBe("S1001")
  })

  it("hold a provider's thread at most once", () => {
    addSession("S002")
    const bind = (of: string) =>
      ledger.sessions.bindProvider(of as SessionId, "demo" as ProviderId, { nativeId: "n", settings: {} }, 1)
    bind("S001")
    bind("S001")
    expect(() => bind("S002")).toThrow(/UNIQUE/)
    expect(
      ledger.sessions.findByNative({ machine: HERE, provider: "demo" as ProviderId, nativeId: "n" })?.id,
    ).toBe("S001")
  })

  it("are one channel for an address, which shows one session or none", () => {
    const channel = ledger.channels.ensure("telegram", "1:2", 1)
    expect(ledger.channels.ensure("telegram", "1:2", 2)).toEqual(channel)
    ledger.channels.bind(channel.id, session, 3)
    expect(ledger.channels.boundTo(session).map((one) => one.id)).toEqual([channel.id])
    ledger.channels.bind(channel.id, null, 4)
    expect(ledger.channels.find(channel.id)?.session).toBeNull()
    expect(() => ledger.channels.bind(channel.id, "S999" as SessionId, 5)).toThrow(/FOREIGN KEY/)
  })
})

describe("receipts", () => {
  it("are written once, and go when they are old", () => {
    const { receipts } = ledger
    receipts.add("client", { hash: "a", reply: { turn: 1 } }, 1)
    expect(() => receipts.add("client", { hash: "b", reply: {} }, 2)).toThrow(/UNIQUE/)
    expect(receipts.find("client")).toEqual({ hash: "a", reply: { turn: 1 } })
    expect([receipts.purgeBefore(1, 9), receipts.purgeBefore(2, 9)]).toEqual([0, 1])
    expect(receipts.find("client")).toBeNull()
  })
})

describe("facts of the machine", () => {
  it("are replaced by newer ones", () => {
    ledger.machine.set("key", { a: 1 }, 1)
    ledger.machine.set("key", [2], 2)
    expect([ledger.machine.setting("key"), ledger.machine.setting("other")]).toEqual([[2], null])
  })

  it("have one cursor", () => {
    expect(ledger.machines.cursor(HERE)).toBeNull()
    ledger.machines.setCursor(HERE, { journal: "a", acked: 1 })
    ledger.machines.setCursor(HERE, { journal: "b", acked: 0 })
    expect(ledger.machines.cursor(HERE)).toEqual({ journal: "b", acked: 0 })
  })
})
