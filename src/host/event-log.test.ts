import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { expect, it } from "vitest"
import type { AttemptId, ItemId, SessionId } from "../protocol/ids.ts"
import type { ProviderEvent } from "../protocol/session.ts"
import { EventLog } from "./event-log.ts"
import { Journal } from "./journal/journal.ts"
import { openJournalDatabase } from "./journal/schema.ts"

const session = "S001" as SessionId
const attempt = "00000000-0000-4000-8000-000000000001" as AttemptId
const message = (id: number): ProviderEvent => ({
  kind: "item",
  attempt,
  item: { kind: "message", id: String(id) as ItemId, status: "completed", text: "x".repeat(20_000) },
})

it("keeps events in their order over a full disk, and tries again with one timer", () => {
  const directory = mkdtempSync(join(tmpdir(), "event-log-"))
  const database = openJournalDatabase(join(directory, "journal.sqlite"), () => "id")
  const journal = new Journal(database)
  const timers: (() => void)[] = []
  const committed: number[] = []
  const log = new EventLog({
    journal,
    clock: {
      now: () => 0,
      after(_, run) {
        timers.push(run)
        return { cancel: () => {} }
      },
    },
    log: { debug: () => {}, info: () => {}, warn: () => {}, error: () => {}, keep: () => "id" },
    onCommitted: () => {},
    onAcknowledged: () => {},
  })
  try {
    database.exec(
      `PRAGMA max_page_count = ${Number(database.prepare("PRAGMA page_count").get()?.page_count)}`,
    )
    for (let id = 0; id < 50; id += 1) {
      const afterCommit = () => committed.push(id)
      log.append({ session, at: 1, event: message(id), alongside: () => undefined, afterCommit })
    }
    expect([committed, journal.hasEvents(), log.isOwing, timers.length]).toEqual([[], false, true, 1])
    database.exec("PRAGMA max_page_count = 1000000")
    for (const run of timers.splice(0)) run()
    const stored: unknown[] = []
    journal.readEvents(0, ({ body }) => {
      stored.push(Number(JSON.parse(body).item.id))
      return "more"
    })
    const all = Array.from({ length: 50 }, (_, id) => id)
    expect([committed, stored]).toEqual([all, all])
  } finally {
    journal.close()
    rmSync(directory, { recursive: true })
  }
})
