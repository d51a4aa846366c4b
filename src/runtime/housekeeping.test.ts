import { randomBytes } from "node:crypto"
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
import type { Fact } from "../protocol/facts.ts"
import type { ProviderId, SessionId, TurnId } from "../protocol/ids.ts"
import type { Item } from "../protocol/session.ts"
import { DailyBackups, purge, removeOldAttachments, retire } from "./housekeeping.ts"

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
    ledger.receipts.add("old", { hash: "h", reply: {} }, now - 15 * DAY)
    let turns = 0
    const other = setInterval(() => undefined, 0)
    const count = () => {
      turns += 1
      if (turns < 100) setImmediate(count)
    }
    setImmediate(count)
    const removed = await purge(ledger, now, 10)
    clearInterval(other)
    expect(removed).toEqual({ inbox: 25, outbox: 0, receipts: 1, handOvers: 0, actions: 5 })
    expect(turns).toBeGreaterThanOrEqual(5)
    expect(ledger.trace.update(1, 99)).not.toBeNull()
  })
})

describe("the history", () => {
  const session = "S001" as SessionId
  const turn = "00000000-0000-4000-8000-000000000001" as TurnId
  const item = (value: object) =>
    ({ kind: "item", item: { id: "i", status: "completed", ...value } as Item }) as const
  const command = item({ kind: "command", command: "make", output: randomBytes(20_000).toString("hex") })
  const message = item({ kind: "message", text: "long ".repeat(5_000) })
  const append = (fact: Fact, at: number) =>
    ledger.facts.append({ stream: session, turn, attempt: null, at, fact }, at).seq
  const kept = () => ledger.facts.after(session, 0, { facts: 999, bytes: 1e9 }).facts.map(({ seq }) => seq)
  const days = { outputDays: 30, stepDays: 180 }

  it("loses outputs first, then steps, and never what was said", async () => {
    const ancient = [append(command, now - 200 * DAY), append(message, now - 199 * DAY)]
    const old = [append(command, now - 31 * DAY), append(message, now - 31 * DAY)]
    const young = append(command, now - 29 * DAY)
    expect(await retire(ledger, days, now)).toEqual({ outputs: 2, steps: 1 })
    expect(kept()).toEqual([2, 3, 4, 5])
    expect(ledger.facts.floorSeq(session)).toBe(ancient[0])
    const [cut, whole] = [old[0], young].map((seq) => ledger.facts.one(session, seq ?? 0))
    expect(cut).toMatchObject({ cut: [{ path: "item.output", length: 40_000 }] })
    expect(whole).toMatchObject({ fact: command })
    expect(ledger.facts.one(session, ancient[1] ?? 0)).toMatchObject({ fact: message })
    expect(await retire(ledger, days, now)).toEqual({ outputs: 0, steps: 0 })
  })

  it("is gone through in order, once, however long it is", async () => {
    for (let n = 0; n < 1_300; n += 1) append(n % 2 === 0 ? message : command, now - 200 * DAY)
    expect(await retire(ledger, days, now)).toEqual({ outputs: 650, steps: 650 })
    expect([kept().length, ledger.facts.floorSeq(session), ledger.facts.lastSeq(session)]).toEqual([
      650, 1_300, 1_300,
    ])
    append(command, now)
    expect(await retire(ledger, days, now + 200 * DAY)).toEqual({ outputs: 1, steps: 1 })
  })

  it("gives back the space that it took", async () => {
    ledger.transact(() => {
      for (let n = 0; n < 800; n += 1) append(command, now - 200 * DAY)
    })
    const before = ledger.overview.sizeBytes()
    await retire(ledger, days, now)
    expect(before).toBeGreaterThan(16e6)
    expect(ledger.overview.sizeBytes()).toBeLessThan(11e6)
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

  it("take their rows along", async () => {
    const session = "S001" as SessionId
    const where = { workspace: "/", workspaceKind: "external", settings: {} } as const
    const provider = "demo" as ProviderId
    ledger.sessions.create({ id: session, title: "", titleBy: "runtime", provider, ...where }, 1)
    const about = {
      session,
      turn: null,
      direction: "in",
      mediaType: "text/plain",
      size: 7,
      sha256: "",
    } as const
    for (const [name, at] of [
      ["old.txt", old],
      ["young.txt", now],
    ] as const)
      ledger.attachments.add({ id: name, name, path: put(attachment("S001", name), at), ...about }, 1)
    await clean()
    expect(ledger.attachments.ofSession(session, 9).map(({ name }) => name)).toEqual(["young.txt"])
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
