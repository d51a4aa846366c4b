import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { AttemptId, ItemId, ProviderId, RequestId, SessionId } from "../protocol/ids.ts"
import type { ProviderEvent } from "../protocol/session.ts"
import type { Clock, Log } from "../providers/provider.ts"
import { Attempts } from "./attempts.ts"
import { EventLog } from "./event-log.ts"
import { Journal } from "./journal/journal.ts"
import { openJournalDatabase } from "./journal/schema.ts"
import { ReadingValve } from "./valve.ts"

const a1 = "00000000-0000-4000-8000-000000000001" as AttemptId
const a2 = "00000000-0000-4000-8000-000000000002" as AttemptId
const session = "S001" as SessionId
const spec = { session, provider: "demo" as ProviderId, workspace: "/w", nativeId: null, settings: {} }
const prompt = { text: "hi", files: [] }
const request = "r1" as RequestId

const ended = (attempt: AttemptId, text = ""): ProviderEvent => ({
  ...{ kind: "attempt.ended", attempt, outcome: { kind: "completed", text } },
})
const opened = (attempt: AttemptId): ProviderEvent => ({
  ...{ kind: "request.opened", attempt, request },
  body: {
    ...{ kind: "approval", subject: "command", title: "ls", acceptsReason: false },
    options: [{ id: "yes", effect: "allow_once" }],
  },
})
const item = (attempt: AttemptId): ProviderEvent => ({
  ...{ kind: "item", attempt, item: { kind: "message", id: "m" as ItemId, status: "completed", text: "t" } },
})

let directory = ""
let journal: Journal
let events: EventLog
let attempts: Attempts
let due: (() => void)[] = []
let warnings: string[] = []

const clock: Clock = {
  now: () => 1,
  monotonic: () => 1,
  after: (_ms, run) => {
    due.push(run)
    return { cancel: () => {} }
  },
}
const log: Log = {
  debug: () => {},
  info: () => {},
  warn: (_fields, message) => warnings.push(message),
  error: (_fields, message) => warnings.push(message),
  keep: () => "log1",
}

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "attempts-"))
  due = []
  warnings = []
  start()
})
afterEach(() => {
  journal.close()
  rmSync(directory, { recursive: true, force: true })
})

function start(): void {
  journal = new Journal(openJournalDatabase(join(directory, "journal.sqlite"), () => "id"))
  events = new EventLog({
    journal,
    clock,
    log,
    valve: new ReadingValve(),
    onCommitted: () => {},
    onAcknowledged: () => {},
  })
  attempts = new Attempts({ journal, events, clock, log, redact: (text) => text, onSettled: () => {} })
}

function told(): string[] {
  events.flush()
  const kinds: string[] = []
  journal.readEvents(0, ({ body }) => {
    kinds.push(JSON.parse(body).kind)
    return "more"
  })
  return kinds
}

describe("an attempt", () => {
  beforeEach(() => attempts.record(a1, spec, { prompt, state: "recorded" }))

  it("ends exactly once, and says nothing after its end", async () => {
    attempts.emit(spec, { kind: "attempt.accepted", attempt: a1 })
    attempts.emit(spec, ended(a1, "first"))
    attempts.emit(spec, ended(a1, "second"))
    attempts.emit(spec, item(a1))
    attempts.end(a1, { kind: "stopped", text: "" })
    await attempts.whenEnded(a1)
    expect(told()).toEqual(["attempt.accepted", "attempt.ended"])
    expect(attempts.state(a1)).toBe("ended")
    expect(warnings).toHaveLength(2)
  })

  it("is accepted once, however often that is said", () => {
    attempts.emit(spec, { kind: "attempt.accepted", attempt: a1 })
    attempts.emit(spec, { kind: "attempt.accepted", attempt: a1 })
    expect(told()).toEqual(["attempt.accepted"])
  })

  it("withdraws its open requests before its end", () => {
    attempts.emit(spec, opened(a1))
    attempts.emit(spec, opened(a1))
    attempts.emit(spec, ended(a1))
    expect(told()).toEqual(["request.opened", "request.closed", "attempt.ended"])
  })

  it("closes a request once", () => {
    attempts.emit(spec, opened(a1))
    const closed = { kind: "request.closed", attempt: a1, request, why: "answered" } as const
    attempts.emit(spec, closed)
    attempts.emit(spec, closed)
    attempts.emit(spec, ended(a1))
    expect(told()).toEqual(["request.opened", "request.closed", "attempt.ended"])
  })

  it("drops what is malformed, but never its end", () => {
    attempts.emit(spec, { kind: "usage", attempt: a1, usage: { inputTokens: -1 } })
    attempts.emit(spec, {
      ...{ kind: "attempt.ended", attempt: a1 },
      outcome: { kind: "failed", text: "", failure: { class: "capacity", resetsAt: -5 } },
    })
    expect(told()).toEqual(["attempt.ended"])
    journal.readEvents(0, ({ body }) => {
      expect(JSON.parse(body).outcome).toMatchObject({
        kind: "failed",
        failure: { class: "unknown", logId: "log1" },
      })
      return "more"
    })
  })

  it("is known to the next host with its state and the native id it got meanwhile", () => {
    attempts.handOver(a1)
    attempts.emit(spec, { kind: "session.changed", nativeId: "n1", settings: {} })
    journal.close()
    start()
    expect(attempts.state(a1)).toBe("handing_over")
    expect(attempts.spec(a1)?.nativeId).toBe("n1")
  })
})

describe("work that the provider began by itself", () => {
  it("is an attempt of its own, which the next host knows", () => {
    attempts.emit(spec, item(a2))
    attempts.emit(spec, { kind: "attempt.began", attempt: a2, reason: "a task ended" })
    attempts.emit(spec, item(a2))
    expect(told()).toEqual(["attempt.began", "item"])
    journal.close()
    start()
    expect(journal.openAttempts()).toMatchObject([{ attempt: a2, prompt: null, state: "accepted" }])
  })
})

describe("a journal that cannot be written for a while", () => {
  it("costs nothing and changes no order", async () => {
    attempts.record(a1, spec, { prompt, state: "recorded" })
    const other = new DatabaseSync(join(directory, "journal.sqlite"))
    other.exec("BEGIN IMMEDIATE")
    attempts.emit(spec, { kind: "attempt.accepted", attempt: a1 })
    attempts.emit(spec, item(a1))
    events.flush()
    expect(warnings.length).toBeGreaterThan(0)
    other.exec("ROLLBACK")
    other.close()
    for (const run of due.splice(0)) run()
    expect(told()).toEqual(["attempt.accepted", "item"])
    await attempts.whenAccepted(a1)
  })
})
