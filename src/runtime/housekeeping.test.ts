import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import type { ProviderId, SessionId, TurnId } from "../protocol/ids.ts"
import { DailyBackups, purge, removeOldAttachments } from "./housekeeping.ts"

const DAY = 86_400_000
const now = Date.UTC(2026, 5, 30)

let directory = ""
let dataDir = ""
let ledger: Ledger
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "housekeeping-"))
  dataDir = join(directory, "data")
  ledger = await openLedger(dataDir, now)
})
afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

describe("clearing the ledger", () => {
  it("takes a bounded number of rows at once and lets other work have its turn", async () => {
    for (let update = 0; update < 25; update += 1)
      ledger.inbox.receive({ bot: 1, updateId: update, lane: "a", body: {}, ignored: "test" }, now - 15 * DAY)
    ledger.inbox.receive({ bot: 1, updateId: 99, lane: "a", body: {}, ignored: "test" }, now - 13 * DAY)
    for (let at = 0; at < 5; at += 1)
      ledger.actions.add({ id: `${at}`, address: "", body: 0, expiresAt: now - 1 }, 1)
    ledger.machine.addReceipt("old", {}, now - 15 * DAY)
    let turns = 0
    const other = setInterval(() => undefined, 0)
    const count = () => {
      turns += 1
      if (turns < 100) setImmediate(count)
    }
    setImmediate(count)
    const removed = await purge(ledger, now, 10)
    clearInterval(other)
    expect(removed).toEqual({ inbox: 25, outbox: 0, receipts: 1, actions: 5 })
    expect(turns).toBeGreaterThanOrEqual(5)
    expect(ledger.trace.update(1, 99)).not.toBeNull()
  })
})

describe("daily backups", () => {
  it("are made once a day, and not where nothing changed", async () => {
    const backups = new DailyBackups(ledger)
    ledger.machine.set("a", 1, now)
    expect(await backups.make(now)).toBe(join(dataDir, "backups", "ledger-daily-2026-06-30.db"))
    ledger.machine.set("a", 2, now)
    expect(await backups.make(now + 3_600_000)).toBeNull()
    expect(await new DailyBackups(ledger).make(now)).toBeNull()
    expect(await backups.make(now + DAY)).toMatch(/daily-2026-07-01\.db$/)
    expect(await backups.make(now + 2 * DAY)).toBeNull()
    ledger.machine.set("a", 3, now)
    for (const days of [3, 4, 5]) {
      ledger.machine.set("a", days, now)
      await backups.make(now + days * DAY)
    }
    expect(readdirSync(join(dataDir, "backups")).sort()).toEqual(
      ["03", "04", "05"].map((day) => `ledger-daily-2026-07-${day}.db`),
    )
  })
})

describe("old attachments", () => {
  const old = now - 31 * DAY
  const put = (path: string, writtenAt: number) => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, "content")
    utimesSync(path, writtenAt / 1000, writtenAt / 1000)
    return path
  }
  const attachment = (...names: string[]) => join(dataDir, "attachments", ...names)
  const age = (...paths: string[]) => {
    for (const path of paths) utimesSync(path, old / 1000, old / 1000)
  }
  const clean = () => removeOldAttachments({ ledger, dataDir, retentionDays: 30 }, now)

  it("go after their retention, with the directories they leave empty", async () => {
    const gone = put(attachment("S001", "7", "old.txt"), old)
    const young = put(attachment("S001", "8", "young.txt"), now - 29 * DAY)
    put(attachment("S002", "9", "old.txt"), old)
    age(dirname(gone), attachment("S002", "9"), attachment("S002"), attachment("S001"))
    expect(await clean()).toBe(2)
    expect([existsSync(dirname(gone)), existsSync(young), existsSync(attachment("S002"))]).toEqual([
      false,
      true,
      false,
    ])
    expect(existsSync(attachment())).toBe(true)
  })

  it("stay while a prompt waits with them", async () => {
    const path = put(attachment("S001", "7", "old.txt"), old)
    const session = "S001" as SessionId
    const where = { workspace: "/", workspaceKind: "external", settings: {} } as const
    ledger.sessions.create(
      { id: session, title: "", titleBy: "runtime", provider: "demo" as ProviderId, ...where },
      1,
    )
    const turn = "00000000-0000-4000-8000-000000000001" as TurnId
    const files = [{ path, name: "old.txt", mediaType: "text/plain", size: 7 }]
    const origin = {
      origin: "owner",
      channel: null,
      sourceMessage: null,
      clientId: null,
      hold: null,
    } as const
    ledger.turns.add({ id: turn, session, ...origin, prompt: { text: "look", files } }, 1)
    expect([await clean(), existsSync(path)]).toEqual([0, true])
    ledger.turns.end(turn, { kind: "completed", text: "" }, 2)
    expect([await clean(), existsSync(path)]).toEqual([1, false])
  })

  it("are never looked for outside their directory, whatever link leads there", async () => {
    const outside = put(join(directory, "outside", "old.txt"), old)
    age(dirname(outside))
    mkdirSync(attachment(), { recursive: true })
    symlinkSync(dirname(outside), attachment("linked"))
    symlinkSync(outside, attachment("file"))
    await clean()
    expect(existsSync(outside)).toBe(true)
    rmSync(attachment(), { recursive: true })
    symlinkSync(dirname(outside), attachment())
    expect([await clean(), existsSync(outside)]).toEqual([0, true])
    rmSync(attachment())
    expect(await clean()).toBe(0)
  })
})
