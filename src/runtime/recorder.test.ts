import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { StorageError } from "../ledger/errors.ts"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import type { Fact } from "../protocol/facts.ts"
import type { ProviderId, SessionId } from "../protocol/ids.ts"
import { Recorder } from "./recorder.ts"
import type { About } from "./surface.ts"

let directory: string
let ledger: Ledger
let recorder: Recorder
let logged: string[]
const session = "S001" as SessionId
const fact: Fact = { kind: "session.renamed", title: "new", by: "owner" }

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "recorder-"))
  ledger = await openLedger(directory, 0)
  logged = []
  const log = {
    ...{ debug() {}, info() {}, warn() {} },
    error: ({ err }: { err?: unknown }) => logged.push(String(err)),
    keep: () => "kept",
  }
  recorder = new Recorder({
    ledger,
    clock: { now: () => 5, monotonic: () => 5, after: () => ({ cancel() {} }) },
    log,
  })
  const where = { workspace: "/", workspaceKind: "external", settings: {} } as const
  const provider = "demo" as ProviderId
  ledger.sessions.create({ id: session, title: "new", titleBy: "owner", provider, ...where }, 0)
})
afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

const bug = () => {
  throw new TypeError("a surface's bug")
}
const setting = (key: string) => ledger.machine.setting(key)
const writes = (key: string) => () => ledger.machine.set(key, true, 0)

it("tells every surface what happened and what it is about", () => {
  const told: unknown[] = []
  const onFact = (given: Fact, about: About) => told.push([given.kind, about.session.title, about.record.at])
  recorder.add({ name: "one", onFact })
  recorder.add({ name: "two", onFact })
  recorder.record(fact, session, 3)
  expect(told).toEqual(Array(2).fill(["session.renamed", "new", 3]))
  expect(ledger.facts.one(session, 1)).toMatchObject({ at: 3, recordedAt: 5, fact })
})

it("keeps the fact and what the others wrote when a surface fails, which owes something plain", () => {
  const happened: string[] = []
  recorder.add({ name: "before", onFact: writes("before") })
  recorder.add({
    name: "buggy",
    onFact() {
      writes("buggy")()
      ledger.afterCommit(() => happened.push("of what is taken back"))
      bug()
    },
    onFault: (_, about, logId) => ledger.machine.set("plain", `${about.session.id} ${logId}`, 0),
  })
  recorder.add({ name: "after", onFact: writes("after") })
  ledger.transact(() => recorder.record(fact, session))
  expect(ledger.facts.one(session, 1)?.fact).toEqual(fact)
  expect(["before", "buggy", "plain", "after"].map(setting)).toEqual([true, null, "S001 kept", true])
  expect([logged, happened]).toEqual([["TypeError: a surface's bug"], []])
})

it("keeps the fact also when a surface cannot even say that it failed", () => {
  recorder.add({ name: "hopeless", onFact: bug, onFault: bug })
  recorder.add({ name: "after", onFact: writes("after") })
  recorder.record(fact, session)
  expect([ledger.facts.lastSeq(session), setting("after"), logged.length]).toEqual([1, true, 2])
})

it("keeps nothing of the whole when the disk takes nothing", () => {
  recorder.add({ name: "before", onFact: writes("before") })
  recorder.add({
    name: "full",
    onFact: () => {
      throw new StorageError("full")
    },
  })
  expect(() => recorder.record(fact, session)).toThrow(StorageError)
  expect([ledger.facts.lastSeq(session), setting("before"), logged]).toEqual([0, null, []])
})
