import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { HandOver } from "../ledger/hand-overs.ts"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import { endsTurn, type Fact } from "../protocol/facts.ts"
import { type AttemptId, HERE, type ProviderId, type RequestId, type SessionId } from "../protocol/ids.ts"
import type { RequestBody } from "../protocol/session.ts"
import { answerDone } from "./answer-done.ts"
import type { RuntimeContext } from "./context.ts"
import { HandOvers } from "./hand-over.ts"
import { Recorder } from "./recorder.ts"
import { Requests } from "./requests.ts"
import { type Submission, Turns } from "./turns.ts"

let directory: string
let ledger: Ledger
let facts: Fact[]
let reached: string[]
let told: HandOver[]
let turns: Turns
let requests: Requests
const session = "S001" as SessionId

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "turns-"))
  ledger = await openLedger(directory, 0)
  facts = []
  reached = []
  told = []
  let time = 1000
  const clock = { now: () => time++, monotonic: () => time, after: () => ({ cancel: () => undefined }) }
  const log = { debug() {}, info() {}, warn() {}, error() {}, keep: () => "log" }
  const recorder = new Recorder({ ledger, clock, log })
  recorder.add({ name: "test", onFact: (fact) => facts.push(fact) })
  const context: RuntimeContext = {
    ...{ ledger, clock, log, newId: randomUUID, random: () => 0 },
    record: (fact, subject, at) => recorder.record(fact, subject, at),
  }
  const handOvers = new HandOvers(context, {
    journal: () => "journal",
    tell: (handOver) => {
      told.push(handOver)
      reached.push(handOver.kind)
    },
  })
  turns = new Turns(context, {
    handOvers,
    queued: () => undefined,
    wake: (id) => reached.push(`wake ${id}`),
  })
  requests = new Requests(context, handOvers)
  const provider = "demo" as ProviderId
  const workspace = { workspace: directory, workspaceKind: "external" } as const
  ledger.sessions.create(
    { id: session, title: "", titleBy: "runtime", provider, settings: {}, ...workspace },
    0,
  )
})

afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

const prompt = (text: string, more: Partial<Submission> = {}): Submission => ({
  session,
  origin: "owner",
  channel: null,
  sourceMessage: null,
  clientId: null,
  prompt: { text, files: [] },
  hold: null,
  ...more,
})

/** As the runner does when the host has taken it. */
function runs(text: string) {
  const turn = turns.submit(prompt(text))
  const attempt = randomUUID() as AttemptId
  ledger.turns.dispatch(turn.id, attempt)
  ledger.turns.setState(turn.id, "running", 1)
  return { turn, attempt }
}

const queued = () => ledger.turns.open(session).filter((turn) => turn.state === "queued")
const texts = () => queued().map((turn) => turn.prompt.text)

describe("a prompt", () => {
  it("is queued once under its client id, and names its session", () => {
    const first = turns.submit(prompt("build it", { clientId: "telegram:1:7" }))
    const again = turns.submit(prompt("build it", { clientId: "telegram:1:7" }))
    expect(again.id).toBe(first.id)
    expect(texts()).toEqual(["build it"])
    expect(ledger.sessions.find(session)?.title).toBe("build it")
    expect(facts.map((fact) => fact.kind)).toEqual(["session.renamed", "turn.queued"])
  })

  it("has the files that came with it", () => {
    const path = join(directory, "a.png")
    const file = { path, name: "a.png", mediaType: "image/png", size: 3 }
    const received = { id: "f", session, turn: null, direction: "in", sha256: "", ...file } as const
    ledger.attachments.add(received, 1)
    const { id } = turns.submit(prompt("look", { prompt: { text: "look", files: [file] } }))
    expect(ledger.attachments.ofSession(session, 9)).toMatchObject([{ path, turn: id }])
    expect(facts.at(-1)).toMatchObject({ kind: "turn.queued", prompt: { files: [file] } })
  })

  it("is not queued, and nobody is told, when its transaction fails", () => {
    const failing = () =>
      ledger.transact(() => {
        turns.submit(prompt("lost?"))
        throw new Error("the disk is full")
      })
    expect(failing).toThrow("the disk is full")
    expect(texts()).toEqual([])
    expect(reached).toEqual([])
  })

  it("can be edited, moved to the front and dropped while it waits", () => {
    runs("first")
    const second = turns.submit(prompt("second"))
    const third = turns.submit(prompt("third"))
    turns.runNext(third.id)
    expect(texts()).toEqual(["third", "second"])
    turns.edit(second.id, { text: "2", files: [] })
    turns.drop(third.id)
    expect(texts()).toEqual(["2"])
    expect(ledger.turns.find(third.id)?.outcome).toEqual({ kind: "stopped" })
    expect(facts.filter(({ kind }) => kind !== "turn.queued").slice(1)).toEqual([
      { kind: "turn.moved", before: second.id },
      { kind: "turn.edited", prompt: { text: "2", files: [] } },
      { kind: "turn.dropped", held: null },
    ])
  })

  it("cannot be changed any more once it runs", () => {
    const { turn } = runs("first")
    expect(() => turns.edit(turn.id, { text: "late", files: [] })).toThrow("turn_not_queued")
    expect(() => turns.drop(turn.id)).toThrow("turn_not_queued")
    expect(ledger.turns.find(turn.id)?.prompt.text).toBe("first")
  })
})

describe("stopping", () => {
  it("interrupts what runs and keeps the queue", () => {
    const { turn } = runs("first")
    turns.submit(prompt("second"))
    reached.length = 0
    const { running, dropped } = turns.stop(session, { clearQueue: false })
    expect(running?.id).toBe(turn.id)
    expect(dropped).toEqual([])
    expect(ledger.handOvers.owed(HERE)).toMatchObject([{ kind: "stop", turn: turn.id }])
    expect(reached).toContain("stop")
    expect(texts()).toEqual(["second"])
    expect(ledger.turns.find(turn.id)?.stopRequestedAt).not.toBeNull()
  })

  it("drops the queue when asked", () => {
    runs("first")
    turns.submit(prompt("second"))
    expect(turns.stop(session, { clearQueue: true }).dropped).toHaveLength(1)
    expect(texts()).toEqual([])
  })

  it("ends a turn that only waits for its next attempt", () => {
    const { turn } = runs("first")
    const failure = { class: "capacity" } as const
    ledger.turns.requeue(turn.id, { kind: "retry", until: 9e12, attempt: 2, of: 6, failure })
    turns.stop(session, { clearQueue: false })
    expect(ledger.turns.find(turn.id)?.state).toBe("stopped")
  })

  it("ends the prompt that would start by itself once the agents can be reached, and no other", () => {
    const offered = turns.submit(prompt("offered", { hold: { kind: "confirm", sentAt: 0 } }))
    const first = turns.submit(prompt("first"))
    turns.submit(prompt("second"))
    expect(turns.stop(session, { clearQueue: false }).running?.id).toBe(first.id)
    expect(ledger.turns.find(first.id)?.state).toBe("stopped")
    expect(texts()).toEqual(["offered", "second"])
    turns.drop(offered.id)
    expect(facts.at(-1)).toEqual({ kind: "turn.dropped", held: "confirm" })
  })

  it("says that nothing runs", () => {
    turns.submit(prompt("offered", { hold: { kind: "confirm", sentAt: 0 } }))
    expect(turns.stop(session, { clearQueue: false })).toEqual({ running: null, dropped: [] })
  })
})

describe("steering", () => {
  function steers(text: string) {
    const { id } = turns.submit(prompt(text))
    turns.steer(id)
    const steer = told.at(-1)
    if (steer?.kind !== "steer") throw new Error("nothing was passed on")
    return { id, steer }
  }

  it("ends the waiting turn when the agent took it in, without an answer of its own", () => {
    const { turn, attempt } = runs("first")
    const { id, steer } = steers("also this")
    expect(steer).toMatchObject({ turn: id, attempt, journal: "journal" })
    turns.steered(steer, "steered")
    expect(ledger.turns.find(id)?.state).toBe("completed")
    expect(ledger.handOvers.owed(HERE)).toEqual([])
    expect(facts.filter(endsTurn)).toEqual([{ kind: "turn.steered", into: turn.id }])
  })

  it.each(["too_late", "unsupported"] as const)("puts it first in the queue when it is %s", (outcome) => {
    runs("first")
    turns.submit(prompt("second"))
    const { steer } = steers("third")
    turns.steered(steer, outcome)
    expect(texts()).toEqual(["third", "second"])
  })

  it("says so when nobody can tell whether the agent has it, and never sends it again", () => {
    runs("first")
    const { id, steer } = steers("second")
    turns.steered(steer, "unknown")
    expect(ledger.turns.find(id)?.state).toBe("indeterminate")
    expect(texts()).toEqual([])
  })

  it("takes the prompt out of the owner's hands until it is known where it went", () => {
    runs("first")
    const { id } = steers("second")
    const everything = [
      () => turns.runNext(id),
      () => turns.release(id),
      () => turns.drop(id),
      () => turns.steer(id),
      () => turns.edit(id, { text: "other", files: [] }),
    ]
    for (const change of everything) expect(change).toThrow(/turn_not_queued.*"steering"/)
    expect(ledger.turns.find(id)).toMatchObject({ state: "steering", prompt: { text: "second" } })
    expect(facts.map((fact) => fact.kind)).toContain("turn.steering")
  })

  it("can be tried again, which the host must not take for a repeat", () => {
    runs("first")
    const { id, steer } = steers("second")
    turns.steered(steer, "too_late")
    turns.steer(id)
    expect(told.at(-1)).toMatchObject({ kind: "steer", turn: id })
    expect(told.at(-1)?.id).not.toBe(steer.id)
    turns.steered(steer, "too_late")
    expect(ledger.turns.find(id)?.state).toBe("steering")
  })

  it("is dropped with the queue unless the agent has it already", () => {
    runs("first")
    const { id, steer } = steers("second")
    expect(turns.stop(session, { clearQueue: true }).dropped).toEqual([])
    turns.steered(steer, "too_late")
    expect(ledger.turns.find(id)?.state).toBe("stopped")
  })

  it("needs a running turn", () => {
    const { id } = turns.submit(prompt("first"))
    expect(() => turns.steer(id)).toThrow("nothing_running")
  })
})

describe("an answer", () => {
  const approval: RequestBody = {
    kind: "approval",
    subject: "command",
    title: "rm -rf build",
    options: [
      { id: "yes", effect: "allow_once" },
      { id: "no", effect: "deny" },
    ],
    acceptsReason: true,
  }
  const by = (detail: string) => ({ surface: "telegram", detail })

  function opens(body: RequestBody = approval) {
    const { turn, attempt } = runs("first")
    const id = randomUUID() as RequestId
    ledger.requests.open({ id, session, turn: turn.id, attempt, body }, 1)
    return id
  }

  it("is taken once: the first valid one wins, the second is told who was faster", () => {
    const id = opens()
    const answer = { kind: "option", option: "yes" } as const
    expect(requests.answer({ id, version: 1, answer, by: by("phone") }).kind).toBe("accepted")
    const second = requests.answer({
      id,
      version: 1,
      answer: { kind: "option", option: "no" },
      by: by("desk"),
    })
    expect(second).toMatchObject({ kind: "too_late", request: { answeredBy: { detail: "phone" }, answer } })
    expect(reached.filter((entry) => entry === "answer")).toHaveLength(1)
  })

  it.each([
    ["another version", { version: 2, answer: { kind: "option", option: "yes" } }, "stale"],
    ["an option that is not offered", { version: 1, answer: { kind: "option", option: "root" } }, "invalid"],
    ["an answer of another kind", { version: 1, answer: { kind: "answers", answers: {} } }, "invalid"],
  ] as const)("to %s changes nothing", (_, given, kind) => {
    const id = opens()
    expect(requests.answer({ id, by: by("phone"), ...given } as never).kind).toBe(kind)
    expect(ledger.requests.find(id)?.state).toBe("open")
    expect(reached).not.toContain("answer")
  })

  it("to nothing we asked is unknown", () => {
    const answer = { kind: "dismissed" } as const
    expect(requests.answer({ id: "forged" as RequestId, version: 1, answer, by: by("x") }).kind).toBe(
      "unknown",
    )
  })

  it("to a secret question is not kept in the history", () => {
    const question = { id: "q", text: "Token?", options: [], multiple: false, freeText: true, secret: true }
    const id = opens({ kind: "question", questions: [question] })
    requests.answer({
      id,
      version: 1,
      answer: { kind: "answers", answers: { q: ["hunter2"] } },
      by: by("phone"),
    })
    const history = JSON.stringify(ledger.facts.after(session, 0, { facts: 100, bytes: 1e6 }))
    expect(history).toContain("•••")
    expect(history).not.toContain("hunter2")
    // Until the host has it, it is needed.
    expect(ledger.requests.find(id)?.answer).toEqual({ kind: "answers", answers: { q: ["hunter2"] } })
    ledger.transact(() => answerDone(ledger, id, 5))
    expect(ledger.requests.find(id)?.answer).toEqual({ kind: "answers", answers: { q: ["•••"] } })
  })
})
