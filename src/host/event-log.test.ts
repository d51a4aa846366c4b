import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, expect, it } from "vitest"
import type { AttemptId, ItemId, SessionId } from "../protocol/ids.ts"
import type { ProviderEvent } from "../protocol/session.ts"
import { EventLog } from "./event-log.ts"
import { Journal } from "./journal/journal.ts"
import { openJournalDatabase } from "./journal/schema.ts"
import { ReadingValve } from "./valve.ts"

const session = "S001" as SessionId
const attempt = "00000000-0000-4000-8000-000000000001" as AttemptId
const message = (id: number, size = 20_000): ProviderEvent => ({
  kind: "item",
  attempt,
  item: { kind: "message", id: String(id) as ItemId, status: "completed", text: "x".repeat(size) },
})
const numbers = (count: number) => Array.from({ length: count }, (_, id) => id)

let directory = ""
let database: DatabaseSync
let journal: Journal
let valve: ReadingValve
let log: EventLog
const timers = new Set<() => void>()
const passTime = () => {
  const due = [...timers]
  timers.clear()
  for (const run of due) run()
}
const fillDisk = () => limitPages(Number(database.prepare("PRAGMA page_count").get()?.page_count))
const limitPages = (pages: number) => database.exec(`PRAGMA max_page_count = ${pages}`)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "event-log-"))
  database = openJournalDatabase(join(directory, "journal.sqlite"), () => "id")
  journal = new Journal(database)
  valve = new ReadingValve()
  timers.clear()
  log = new EventLog({
    ...{ journal, valve },
    clock: {
      now: () => 0,
      monotonic: () => 0,
      after(_, run) {
        timers.add(run)
        return { cancel: () => timers.delete(run) }
      },
    },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, keep: () => "id" },
    onCommitted: () => {},
    onAcknowledged: () => {},
  })
})
afterEach(() => {
  journal.close()
  rmSync(directory, { recursive: true })
})

function stored(): readonly number[] {
  const ids: number[] = []
  journal.readEvents(0, ({ body }) => {
    ids.push(Number(JSON.parse(body).item.id))
    return "more"
  })
  return ids
}

it("keeps events in their order over a full disk, and tries again with one timer", () => {
  const committed: number[] = []
  fillDisk()
  for (const id of numbers(50)) {
    const afterCommit = () => committed.push(id)
    log.append({ session, at: 1, event: message(id), alongside: () => undefined, afterCommit })
  }
  expect([committed, journal.hasEvents(), log.isOwing, timers.size]).toEqual([[], false, true, 1])
  limitPages(1_000_000)
  passTime()
  expect([committed, stored(), timers.size]).toEqual([numbers(50), numbers(50), 0])
})

it("holds agents back when too much waits, and hears them again when all of it is written", () => {
  const heard: string[] = []
  valve.attach({ pause: () => heard.push("paused"), resume: () => heard.push("resumed") })
  fillDisk()
  log.append({ session, at: 1, event: message(0), alongside: () => undefined })
  for (const id of numbers(80).slice(1)) log.append({ session, at: 1, event: message(id, 100_000) })
  expect([valve.isClosed, heard]).toEqual([false, []])
  for (const id of [80, 81, 82, 83, 84, 85]) log.append({ session, at: 1, event: message(id, 100_000) })
  expect([valve.isClosed, heard]).toEqual([true, ["paused"]])
  passTime()
  expect(valve.isClosed).toBe(true)
  limitPages(1_000_000)
  passTime()
  expect([valve.isClosed, heard]).toEqual([false, ["paused", "resumed"]])
  expect(stored()).toEqual(numbers(86))
})

it("puts what fits onto a disk with little room, from the front", () => {
  fillDisk()
  log.append({ session, at: 1, event: message(0), alongside: () => undefined })
  for (const id of numbers(100).slice(1)) log.append({ session, at: 1, event: message(id, 100_000) })
  const pages = Number(database.prepare("PRAGMA page_count").get()?.page_count)
  limitPages(pages + 1_000)
  passTime()
  const fitted = stored()
  expect(fitted.length).toBeGreaterThan(9)
  expect(fitted).toEqual(numbers(fitted.length))
  expect(valve.isClosed).toBe(true)
  limitPages(1_000_000)
  passTime()
  expect([stored(), valve.isClosed]).toEqual([numbers(100), false])
})
