import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ANSWER, makeSchema1, PROMPT } from "../../../test/fakes/schema-1.ts"
import type { SessionId } from "../../protocol/ids.ts"
import { LEDGER_FILE, openDatabase } from "../database.ts"
import { openLedger } from "../ledger.ts"
import { factOf, type OldEvent, Retold } from "./0002-old-events.ts"

let dataDir = ""
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), "facts-migration-"))
})
afterEach(() => rmSync(dataDir, { recursive: true }))

const ALL = { facts: 1000, bytes: 1e9 }
const session = "S001" as SessionId
const small = { sessions: 3, turnsPerSession: 2, itemsPerTurn: 1, output: 40_000 }

describe("a ledger of the first version", () => {
  it("tells the same as facts, with what it had of their turn", async () => {
    makeSchema1(dataDir, small)
    const ledger = await openLedger(dataDir, 1)
    expect(ledger.migratedFrom).toBe(1)
    const { facts } = ledger.facts.after(session, 0, ALL)
    expect(facts.map(({ seq, fact }) => [seq, fact.kind]).slice(0, 6)).toEqual([
      ...[
        [1, "turn.queued"],
        [2, "turn.started"],
        [3, "item"],
        [4, "item"],
        [5, "turn.ended"],
        [6, "turn.queued"],
      ],
    ])
    const files = [{ path: "/a.png", name: "a.png", mediaType: "image/png", size: 3 }]
    expect(facts[0]).toMatchObject({
      ...{ at: 1, recordedAt: 1, attempt: null },
      fact: { prompt: { text: PROMPT, files }, from: "telegram", clientId: "client:0" },
    })
    expect(facts[2]).toMatchObject({ attempt: "attempt-0", cut: [{ path: "item.output", length: 40_000 }] })
    expect(facts[4]).toMatchObject({
      attempt: "attempt-0",
      fact: { outcome: { kind: "completed", text: ANSWER } },
    })
    expect(ledger.facts.one(session, 3)).toMatchObject({ fact: { item: { output: "x".repeat(40_000) } } })
    expect([ledger.facts.lastSeq(session), ledger.facts.floorSeq(session)]).toEqual([10, 0])
    const turn = ledger.turns.findByClientId("client:0")
    expect(turn).toMatchObject({ prompt: { text: PROMPT, files }, outcome: { kind: "completed" } })
    ledger.close()
  })

  it("keeps its numbers going, and ids in the order of time over all sessions", async () => {
    makeSchema1(dataDir, small)
    const { db } = await openDatabase(dataDir, 1)
    const orders = db.prepare(
      "SELECT count(*) AS n FROM events a JOIN events b ON b.id = a.id + 1 WHERE b.at < a.at",
    )
    expect(orders.get()).toEqual({ n: 0 })
    expect(
      db
        .prepare(
          "INSERT INTO outbox (lane, priority, payload, state, created_at, updated_at) VALUES ('x', 1, '{}', 'later', 1, 1) RETURNING id",
        )
        .get(),
    ).toEqual({ id: 2 })
    expect(db.prepare("PRAGMA foreign_key_check").all()).toEqual([])
    expect(db.prepare("SELECT count(*) AS n FROM sqlite_schema WHERE sql LIKE '%CHECK%'").get()).toEqual({
      n: 0,
    })
    db.close()
  })

  it("is as it was when the migration is killed in the middle, and is migrated the next time", async () => {
    makeSchema1(dataDir, { sessions: 10, turnsPerSession: 50, itemsPerTurn: 20, output: 10 })
    const code = `import { openLedger } from ${JSON.stringify(join(import.meta.dirname, "..", "ledger.ts"))}
      await openLedger(${JSON.stringify(dataDir)}, 1, { onProgress: () => process.kill(process.pid, "SIGKILL") })`
    const program = join(dataDir, "killed.mjs")
    writeFileSync(program, code)
    const child = spawn(process.execPath, [program], { stdio: "inherit" })
    expect(await once(child, "exit")).toEqual([null, "SIGKILL"])
    const raw = new DatabaseSync(join(dataDir, LEDGER_FILE))
    expect(raw.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 })
    raw.close()
    const ledger = await openLedger(dataDir, 1)
    expect([ledger.migratedFrom, ledger.facts.lastSeq(session)]).toEqual([1, 50 * 24])
    ledger.close()
  })
})

describe("an old event", () => {
  const event = (kind: string, body: object, more: Partial<OldEvent> = {}): OldEvent => ({
    ...{
      session: "S001",
      seq: 1,
      turn: "t",
      at: 1,
      kind,
      body: JSON.stringify(body),
      origin: "owner",
      client_id: null,
    },
    ...{ attempt: "a", started_at: 1, files: null, surface: null, ...more },
  })
  const failure = { class: "capacity" }

  it.each<[string, OldEvent, object]>([
    [
      "a prompt that was changed",
      event("turn.edited", { text: "b" }),
      { kind: "turn.edited", prompt: { text: "b", files: [] } },
    ],
    [
      "a retry",
      event("turn.held", { until: 9, failure }),
      { kind: "turn.held", hold: { kind: "retry", until: 9, attempt: 2, of: 2, failure } },
    ],
    [
      "a limit",
      event("turn.held", { until: 9, failure: { class: "usage_limit" } }),
      { kind: "turn.held", hold: { kind: "limit", until: 9, failure: { class: "usage_limit" } } },
    ],
    [
      "an answer",
      event("request.closed", {
        request: "r",
        why: "answered",
        by: "Telegram",
        answer: { kind: "dismissed" },
      }),
      {
        kind: "request.answered",
        request: "r",
        by: { surface: "", detail: "Telegram" },
        answer: { kind: "dismissed" },
      },
    ],
    [
      "an answer at the agent itself",
      event("request.closed", { request: "r", why: "answered_elsewhere" }),
      { kind: "request.closed", request: "r", why: "elsewhere" },
    ],
    [
      "a prompt that was dropped",
      event("turn.ended", { outcome: { kind: "stopped", text: "" } }, { started_at: null }),
      { kind: "turn.dropped", held: null },
    ],
    ["what nobody knows", event("turn.admired", { stars: 5 }), { kind: "turn.admired", stars: 5 }],
  ])("that tells of %s", (_, old, fact) => {
    expect(factOf(old)).toEqual(fact)
  })

  it("is counted among the attempts of its turn", () => {
    const retold = new Retold()
    const next = (kind: string, body: object) => {
      const old = event(kind, body)
      return retold.next(old, factOf(old))
    }
    next("turn.started", { attempt: "a1" })
    expect(next("turn.held", { until: 9, failure }).attempt).toBe("a1")
    expect(next("turn.started", { attempt: "a2" })).toMatchObject({ attempt: "a2", fact: { attempts: 2 } })
  })
})
