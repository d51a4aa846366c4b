import {
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Journal } from "./journal.ts"
import { openJournalDatabase, type SetAside } from "./schema.ts"

let directory = ""
let path = ""
let aside: SetAside[] = []
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "journal-"))
  path = join(directory, "journal.sqlite")
  aside = []
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function opens(id: string): string {
  const journal = new Journal(
    openJournalDatabase(
      path,
      () => id,
      (one) => aside.push(one),
    ),
  )
  journal.write("durable", () => journal.addSteer(`steer of ${id}`, "a" as never))
  const { id: own } = journal
  journal.close()
  return own
}

function change(sql: string): void {
  const database = new DatabaseSync(path)
  database.exec(sql)
  database.close()
}

describe("a journal", () => {
  it("keeps its identity and what it holds", () => {
    expect([opens("first"), opens("second")]).toEqual(["first", "first"])
    expect(aside).toEqual([])
  })

  it.each([
    ["garbage", () => writeFileSync(path, "x".repeat(40_000))],
    [
      "one with bad pages",
      () => {
        const file = openSync(path, "r+")
        for (let page = 1; page < statSync(path).size / 4096; page += 1)
          writeSync(file, Buffer.alloc(2_000, 0x41), 0, 2_000, page * 4096)
      },
    ],
    ["one of a later version", () => change("PRAGMA user_version = 99")],
    ["one without an identity", () => change("DELETE FROM meta")],
  ])("that is %s is set aside, and another with an identity of its own begun", (_what, damage) => {
    opens("first")
    damage()
    const content = readFileSync(path)
    expect(opens("second")).toBe("second")
    expect(aside).toMatchObject([{ path: `${path}.damaged-second` }])
    expect(readFileSync(`${path}.damaged-second`).length).toBe(content.length)
    expect(opens("third")).toBe("second")
    expect(aside).toHaveLength(1)
  })

  it("that is an empty file is begun in it", () => {
    writeFileSync(path, "")
    expect(opens("first")).toBe("first")
    expect(readdirSync(directory).some((name) => name.includes("damaged"))).toBe(false)
  })

  it("that the disk does not give is left where it is", () => {
    expect(() => openJournalDatabase(join(directory, "missing", "journal.sqlite"), () => "x")).toThrow()
    expect(existsSync(join(directory, "missing"))).toBe(false)
  })
})
