import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { backUp, latestBackup } from "./backups.ts"
import { LEDGER_FILE, openDatabase } from "./database.ts"
import { ACCEPT_NEW_FILE, DamagedLedgerError, NewerLedgerError } from "./errors.ts"
import { openLedger } from "./ledger.ts"
import type { Migration } from "./migrate.ts"
import { foundation } from "./migrations/0001-foundation.ts"

let parent = ""
let dataDir = ""
let file = ""
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), "ledger-"))
  dataDir = join(parent, "data")
  file = join(dataDir, LEDGER_FILE)
})
afterEach(() => rmSync(parent, { recursive: true }))

const mode = (path: string) => statSync(path).mode & 0o777
const setting = (path: string) => {
  const db = new DatabaseSync(path, { readOnly: true })
  const value = db.prepare("SELECT value FROM settings WHERE key = 'mine'").get()?.value
  db.close()
  return value
}

/** A ledger with a value in it and a few hundred kilobytes around it. */
async function filled({ backUp = false } = {}): Promise<void> {
  const ledger = await openLedger(dataDir, 1)
  ledger.machine.set("mine", "kept", 1)
  for (let at = 0; at < 300; at += 1) ledger.machine.audit("test", "fill", "x".repeat(1000), at)
  if (backUp) await ledger.backUp("first")
  ledger.tidy()
  ledger.close()
}

async function damageOf(opening: Promise<unknown>): Promise<DamagedLedgerError> {
  const error = await opening.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  if (error instanceof DamagedLedgerError) return error
  throw new Error("it opened", { cause: error })
}

describe("a fresh ledger", () => {
  it("is the owner's alone", async () => {
    const before = process.umask(0o022)
    const { db, migratedFrom } = await openDatabase(dataDir, 1)
    process.umask(before)
    expect([mode(dataDir), mode(file), migratedFrom]).toEqual([0o700, 0o600, null])
    expect(db.prepare("PRAGMA journal_mode").get()).toEqual({ journal_mode: "wal" })
    expect(db.prepare("PRAGMA synchronous").get()).toEqual({ synchronous: 2 })
    expect(db.prepare("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 })
    db.close()
  })

  it("narrows the mode of a file that others could read", async () => {
    await filled()
    const copy = readFileSync(file)
    rmSync(file)
    writeFileSync(file, copy, { mode: 0o644 })
    const { db } = await openDatabase(dataDir, 1)
    db.close()
    expect(mode(file)).toBe(0o600)
  })
})

describe("migrations", () => {
  /** With the first schema alone. */
  async function filledFirst(): Promise<void> {
    const { db } = await openDatabase(dataDir, 1, { migrations: [foundation] })
    db.exec(`INSERT INTO settings (key, value, updated_at) VALUES ('mine', '"kept"', 1)`)
    db.close()
  }

  const second = "CREATE TABLE second (n INTEGER) STRICT; INSERT INTO second VALUES (1);"
  const third = "INSERT INTO second SELECT n + 1 FROM second;"

  it("run once and in order", async () => {
    const list = [foundation, second, third]
    for (const wanted of [null, null]) {
      const { db, migratedFrom } = await openDatabase(dataDir, 1, { migrations: list })
      expect(migratedFrom).toBe(wanted)
      expect(db.prepare("SELECT n FROM second ORDER BY n").all()).toEqual([{ n: 1 }, { n: 2 }])
      expect(db.prepare("PRAGMA user_version").get()).toEqual({ user_version: 3 })
      db.close()
    }
    expect(existsSync(join(dataDir, "backups"))).toBe(false)
  })

  it("come after a backup of what was there", async () => {
    await filledFirst()
    const { db, migratedFrom } = await openDatabase(dataDir, 1, { migrations: [foundation, second] })
    db.close()
    expect(migratedFrom).toBe(1)
    const backup = join(dataDir, "backups", "ledger-before-schema-2.db")
    expect([mode(backup), mode(join(dataDir, "backups"))]).toEqual([0o600, 0o700])
    expect(setting(backup)).toBe('"kept"')
    const old = new DatabaseSync(backup, { readOnly: true })
    expect(old.prepare("PRAGMA user_version").get()).toEqual({ user_version: 1 })
    old.close()
  })

  it("leave nothing behind when one of them fails", async () => {
    await filledFirst()
    const broken = `${second} SELECT nonsense;`
    await expect(openDatabase(dataDir, 1, { migrations: [foundation, broken] })).rejects.toThrow("nonsense")
    const { db } = await openDatabase(dataDir, 1, { migrations: [foundation, second] })
    expect(db.prepare("SELECT n FROM second").all()).toEqual([{ n: 1 }])
    db.close()
  })

  /** As a step must do that changes what a table allows. */
  const turnsAnew = `CREATE TABLE turns_new AS SELECT * FROM turns; DROP TABLE turns;
    ALTER TABLE turns_new RENAME TO turns; CREATE UNIQUE INDEX turns_id ON turns (id);`

  async function withRequest(): Promise<void> {
    await filledFirst()
    const db = new DatabaseSync(file)
    db.exec(`INSERT INTO sessions VALUES (1, 'S001', '', 'owner', 'demo', '/', 'external', '{}', 'open', 1, 1, 1);
      INSERT INTO turns (id, session, position, state, origin, prompt, created_at)
        VALUES ('t', 'S001', 1, 'running', 'owner', '{}', 1);
      INSERT INTO requests (id, session, turn, attempt, body, state, created_at)
        VALUES ('r', 'S001', 't', 'a', '{}', 'open', 1);`)
    db.close()
  }

  it("may make a table anew that others refer to", async () => {
    await withRequest()
    const { db } = await openDatabase(dataDir, 1, { migrations: [foundation, turnsAnew] })
    expect(db.prepare("SELECT id FROM turns").all()).toEqual([{ id: "t" }])
    expect(() => db.exec("DELETE FROM turns")).toThrow(/FOREIGN KEY/)
    db.close()
  })

  it("may not leave rows that refer to nothing", async () => {
    await withRequest()
    const orphaning = { migrations: [foundation, "DELETE FROM turns"] }
    await expect(openDatabase(dataDir, 1, orphaning)).rejects.toThrow("requests → turns")
    const { db } = await openDatabase(dataDir, 1, { migrations: [foundation] })
    expect(db.prepare("SELECT id FROM turns").all()).toEqual([{ id: "t" }])
    db.close()
  })

  it("say how far they are", async () => {
    await filledFirst()
    const seen: unknown[] = []
    const step: Migration = (_, report) => {
      for (const done of [1, 2]) report(done, 2)
    }
    const opened = await openDatabase(dataDir, 1, {
      migrations: [foundation, step],
      onProgress: (progress) => seen.push(progress),
    })
    opened.db.close()
    expect(seen).toEqual([
      { version: 2, done: 1, of: 2 },
      { version: 2, done: 2, of: 2 },
    ])
  })

  it("make a file that could not give space back one that can", async () => {
    mkdirSync(dataDir)
    const old = new DatabaseSync(file)
    old.exec(`PRAGMA journal_mode = WAL; ${foundation}; PRAGMA user_version = 1`)
    old.close()
    const { db } = await openDatabase(dataDir, 1, { migrations: [foundation] })
    expect(db.prepare("PRAGMA auto_vacuum").get()).toEqual({ auto_vacuum: 2 })
    db.close()
  })

  it("never touch a file of a newer version", async () => {
    ;(await openLedger(dataDir, 1)).close()
    const written = new DatabaseSync(file)
    const known = Number(written.prepare("PRAGMA user_version").get()?.user_version)
    written.exec(`PRAGMA user_version = ${known + 1}`)
    written.close()
    const before = readFileSync(file)
    const [changed, names] = [statSync(file).mtimeMs, readdirSync(dataDir)]
    const refused = openLedger(dataDir, 1)
    await expect(refused).rejects.toThrow(NewerLedgerError)
    await expect(refused).rejects.toMatchObject({ path: file, found: known + 1, known })
    expect(readFileSync(file).equals(before)).toBe(true)
    expect([statSync(file).mtimeMs, readdirSync(dataDir)]).toEqual([changed, names])
  })
})

const damages: Readonly<Record<string, () => void>> = {
  "with a header of garbage": () => writeFileSync(file, "no database at all\n".repeat(300)),
  "that was cut off": () => truncateSync(file, 40_960 + 100),
  "with pages overwritten": () => {
    const bytes = readFileSync(file)
    bytes.fill(0xa5, 4096 * 30, 4096 * 60)
    writeFileSync(file, bytes)
  },
}

describe.each(Object.entries(damages))("a file %s", (_, damage) => {
  it("is set aside, whole, and the last backup is offered", async () => {
    await filled({ backUp: true })
    damage()
    const damaged = readFileSync(file)
    const error = await damageOf(openLedger(dataDir, Date.UTC(2026, 0, 2)))
    expect(readFileSync(error.setAside).equals(damaged)).toBe(true)
    expect(error).toMatchObject({
      setAside: `${file}.damaged-2026-01-02T00-00-00-000Z`,
      backup: join(dataDir, "backups", "ledger-first.db"),
      path: file,
      permit: join(dataDir, ACCEPT_NEW_FILE),
    })
    expect(existsSync(file)).toBe(false)
  })

  it("is replaced by nothing until the owner decides", async () => {
    await filled()
    damage()
    const { setAside } = await damageOf(openLedger(dataDir, 1))
    const again = await damageOf(openLedger(dataDir, 2))
    expect([again.setAside, again.backup]).toEqual([setAside, null])
    expect(existsSync(file)).toBe(false)
    writeFileSync(again.permit, "")
    const ledger = await openLedger(dataDir, 3)
    expect(ledger.machine.setting("mine")).toBeNull()
    ledger.close()
    expect([existsSync(again.permit), existsSync(setAside)]).toEqual([false, true])
    const nextTime = await openLedger(dataDir, 4)
    nextTime.close()
  })

  it("gives way to a backup that was copied to its place", async () => {
    await filled({ backUp: true })
    damage()
    const { backup, path } = await damageOf(openLedger(dataDir, 1))
    copyFileSync(backup ?? "", path)
    const ledger = await openLedger(dataDir, 2)
    expect(ledger.machine.setting("mine")).toBe("kept")
    ledger.close()
  })
})

describe("the identity of a ledger", () => {
  it("is its own, and another one when a backup has taken its place", async () => {
    const opens = async () => {
      const ledger = await openLedger(dataDir, 1)
      const id = ledger.id()
      await ledger.backUp("first")
      ledger.close()
      return id
    }
    const id = await opens()
    expect(id).toMatch(/^[0-9a-f-]{36}$/)
    expect(await opens()).toBe(id)
    for (const suffix of ["", "-wal", "-shm"]) rmSync(file + suffix, { force: true })
    copyFileSync(join(dataDir, "backups", "ledger-first.db"), file)
    const restored = await opens()
    expect(restored).toMatch(/^[0-9a-f-]{36}$/)
    expect(restored).not.toBe(id)
  })
})

describe("backups", () => {
  const backups = () => readdirSync(join(dataDir, "backups")).sort()

  it("are told apart by age, not by name", async () => {
    mkdirSync(join(dataDir, "backups"), { recursive: true })
    for (const [age, label] of [
      "zebra",
      "daily-2026-01-01",
      "before-schema-10",
      "before-schema-9",
    ].entries()) {
      const path = join(dataDir, "backups", `ledger-${label}.db`)
      writeFileSync(path, "")
      utimesSync(path, 1_000 - age, 1_000 - age)
    }
    expect(latestBackup(dataDir)).toBe(join(dataDir, "backups", "ledger-zebra.db"))
  })

  it("are kept three of each kind, so that the daily ones do not push out the one before an update", async () => {
    const ledger = await openLedger(dataDir, 1)
    await ledger.backUp("before-schema-2")
    for (const day of [5, 4, 3, 2]) await ledger.backUp(`daily-2026-01-0${day}`)
    ledger.close()
    const days = [4, 3, 2].map((day) => `ledger-daily-2026-01-0${day}.db`).reverse()
    expect(backups()).toEqual(["ledger-before-schema-2.db", ...days])
  })

  it("contain what is committed while they are written, or not, but never half of it", async () => {
    const ledger = await openLedger(dataDir, 1)
    for (let at = 0; at < 3000; at += 1) ledger.machine.audit("test", "fill", "x".repeat(1000), at)
    const copying = ledger.backUp("busy")
    let pairs = 0
    const writing = setInterval(() => {
      pairs += 1
      ledger.transact(() => {
        ledger.machine.set("a", pairs, 1)
        ledger.machine.set("b", pairs, 1)
      })
    }, 1)
    const copy = new DatabaseSync(await copying, { readOnly: true })
    clearInterval(writing)
    const values = copy.prepare("SELECT DISTINCT value FROM settings").all()
    expect(pairs).toBeGreaterThan(0)
    expect(values.length).toBeLessThanOrEqual(1)
    copy.close()
    ledger.close()
  })

  it("of a ledger that is damaged do not count", async () => {
    await filled({ backUp: true })
    damages["with pages overwritten"]?.()
    const db = new DatabaseSync(file)
    await expect(backUp(db, dataDir, "first")).rejects.toThrow("malformed")
    db.close()
    expect(backups()).toEqual(["ledger-first.db"])
    expect(setting(join(dataDir, "backups", "ledger-first.db"))).toBe('"kept"')
  })
})
