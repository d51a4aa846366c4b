import { randomUUID } from "node:crypto"
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import type { Fact } from "../protocol/facts.ts"
import type { ProviderId } from "../protocol/ids.ts"
import { Recorder } from "./recorder.ts"
import { Sessions } from "./sessions.ts"

let directory: string
let ledger: Ledger
let sessions: Sessions
let facts: Fact[]
const provider = "demo" as ProviderId

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "sessions-"))
  ledger = await openLedger(join(directory, "data"), 0)
  facts = []
  const clock = { now: () => 1, monotonic: () => 0, after: () => ({ cancel() {} }) }
  const log = { debug() {}, info() {}, warn() {}, error() {}, keep: () => "log" }
  const recorder = new Recorder({ ledger, clock, log })
  recorder.add({ name: "test", onFact: (fact) => facts.push(fact) })
  const record = recorder.record.bind(recorder)
  sessions = new Sessions(
    { ledger, clock, log, record, newId: randomUUID, random: () => 0 },
    {
      ...{ workspaceRoot: join(directory, "managed"), defaultWorkspace: null },
      ...{ defaults: () => ({}), onConfigured: () => undefined },
    },
  )
})
afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

it("works in a directory that is new, also where an earlier ledger's session had its id", () => {
  for (const name of ["S001", "S001-2"]) mkdirSync(join(directory, "managed", name), { recursive: true })
  writeFileSync(join(directory, "managed", "S001", "work.txt"), "precious")
  const { id, workspace } = sessions.create({ provider })
  expect([id, workspace]).toEqual(["S001", join(directory, "managed", "S001-3")])
  expect(readdirSync(workspace)).toEqual([".remoteagent-workspace"])
  expect(sessions.create({ provider }).workspace).toBe(join(directory, "managed", "S002"))
})

it("tells of its life as facts", () => {
  const { id, workspace } = sessions.create({ provider })
  const channel = ledger.channels.ensure("telegram", "1:2", 1).id
  const native = {
    nativeId: "n",
    title: "old",
    workspace,
    updatedAt: 1,
    origin: "terminal",
    state: "free",
    settings: {},
  } as const
  const other = sessions.attach(provider, native).id
  for (const shown of [id, id, other, null]) sessions.bind(channel, shown)
  sessions.rename(id, "mine")
  sessions.configure(id, { model: "big" })
  ledger.sessions.setState(other, "archived", 1)
  sessions.attach(provider, native)
  const place = { surface: "telegram", address: "1:2" }
  const created = { kind: "session.created", provider, workspace, settings: {} }
  expect(facts).toEqual([
    { ...created, workspaceKind: "managed", title: "", nativeId: null },
    { ...created, workspaceKind: "external", title: "old", nativeId: "n" },
    { kind: "session.bound", ...place },
    { kind: "session.unbound", ...place },
    { kind: "session.bound", ...place },
    { kind: "session.unbound", ...place },
    { kind: "session.renamed", title: "mine", by: "owner" },
    { kind: "session.configured", settings: { model: "big" } },
    { kind: "session.reopened" },
  ])
})
