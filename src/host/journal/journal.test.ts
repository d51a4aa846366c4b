import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { AttemptId, ItemId, ProviderId, RequestId, SessionId } from "../../protocol/ids.ts"
import type { ProviderEvent } from "../../protocol/session.ts"
import { Journal } from "./journal.ts"
import { encodeEvent } from "./rows.ts"
import { openJournalDatabase } from "./schema.ts"

let directory = ""
let journal: Journal
const open = (id = "first") => new Journal(openJournalDatabase(join(directory, "journal.sqlite"), () => id))
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"))
  journal = open()
})
afterEach(() => {
  journal.close()
  rmSync(directory, { recursive: true, force: true })
})

const session = "S001" as SessionId
const attempt = "00000000-0000-4000-8000-000000000001" as AttemptId
const spec = { session, provider: "demo" as ProviderId, workspace: "/w", nativeId: null, settings: {} }
const prompt = { text: "hi", files: [] }
const item = (id: string, text: string): ProviderEvent => ({
  ...{ kind: "item", attempt, item: { kind: "message", id: id as ItemId, status: "running", text } },
})

function add(...events: readonly ProviderEvent[]): void {
  journal.write("process", () => {
    for (const event of events) journal.addEvent(encodeEvent({ session, at: 1, event }))
  })
}

function stored(after = 0): { seq: number; text: string }[] {
  const found: { seq: number; text: string }[] = []
  journal.readEvents(after, ({ seq, body }) => {
    found.push({ seq, text: JSON.parse(body).item.text })
    return "more"
  })
  return found
}

describe("events", () => {
  it("keep the first and the last state of an item, in the order they came", () => {
    add(item("a", "1"), item("b", "2"), item("a", "3"), item("a", "4"), item("b", "5"), item("a", "6"))
    expect(stored().map(({ text }) => text)).toEqual(["1", "2", "5", "6"])
  })

  it("are forgotten up to the acknowledged one, and a reader may stop where it likes", () => {
    add(item("a", "1"), item("b", "2"), item("c", "3"))
    const [, second] = stored()
    journal.acknowledge(second?.seq ?? 0)
    expect(stored().map(({ text }) => text)).toEqual(["3"])
    add(item("d", "4"))
    let read = 0
    journal.readEvents(0, () => {
      read += 1
      return "enough"
    })
    expect(read).toBe(1)
    add(item("e", "5"))
    expect(stored()).toHaveLength(3)
  })

  it("never share a number, also when the last of them were lost with the power", () => {
    add(item("a", "1"))
    const last = journal.lastSeq()
    journal.close()
    journal = open("second")
    expect(journal.id).toBe("first")
    add(item("b", "2"))
    expect(stored(last)[0]?.seq).toBeGreaterThan(last + 1000)
  })
})

describe("attempts", () => {
  it("survive, forget their prompt when they end, and never come back to life", () => {
    journal.write("durable", () => journal.addAttempt({ attempt, spec, prompt, state: "recorded", at: 1 }))
    journal.close()
    journal = open()
    expect(journal.openAttempts()).toEqual([{ attempt, spec, prompt, state: "recorded" }])
    journal.write("durable", () => {
      journal.openRequest("r" as RequestId, attempt)
      journal.endAttempt(attempt, 5)
      journal.setState(attempt, "accepted")
    })
    expect(journal.openAttempts()).toEqual([])
    expect(journal.attempt(attempt)).toMatchObject({ state: "ended", prompt: null })
    expect(journal.attemptOfRequest("r" as RequestId)).toBeNull()
  })

  it("are forgotten long after their end, but not before their events are", () => {
    const later = 30 * 24 * 3600 * 1000
    journal.write("durable", () => journal.addAttempt({ attempt, spec, prompt, state: "recorded", at: 1 }))
    journal.write("durable", () => journal.endAttempt(attempt, 1))
    add(item("a", "1"))
    journal.forgetOld(later)
    expect(journal.attempt(attempt)).not.toBeNull()
    journal.acknowledge(journal.lastSeq())
    journal.forgetOld(later)
    expect(journal.attempt(attempt)).toBeNull()
  })
})

it("forgets what became of an answer when its request is asked anew", () => {
  const request = "r" as RequestId
  journal.write("durable", () => {
    journal.addAttempt({ attempt, spec, prompt, state: "accepted", at: 1 })
    journal.openRequest(request, attempt)
    journal.addAnswer({ request, attempt, digest: "d" })
    journal.setAnswerOutcome(request, "answered")
    journal.closeRequest(request)
  })
  expect(journal.answer(request)).toMatchObject({ digest: "d", outcome: "answered" })
  journal.write("durable", () => journal.openRequest(request, attempt))
  expect(journal.answer(request)).toBeNull()
})

it("takes nothing of a transaction that fails", () => {
  expect(() =>
    journal.write("durable", () => {
      journal.addEvent(encodeEvent({ session, at: 1, event: item("a", "1") }))
      throw new Error("no")
    }),
  ).toThrow("no")
  expect(stored()).toEqual([])
  add(item("b", "2"))
  expect(stored()).toHaveLength(1)
})
