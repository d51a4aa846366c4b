import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"
import { LEDGER_FILE } from "./database.ts"
import { openLedger } from "./ledger.ts"

const directory = mkdtempSync(join(tmpdir(), "plans-"))
let database: DatabaseSync
afterAll(() => {
  database.close()
  rmSync(directory, { recursive: true })
})

/** Everything the ledger prepares, taken from the ledger itself: a statement that is added is looked at too. */
const statements = await prepared()

async function prepared(): Promise<readonly string[]> {
  // What only makes the schema is none of them.
  const first = await openLedger(directory, 0)
  first.close()
  const prepare = vi.spyOn(DatabaseSync.prototype, "prepare")
  const ledger = await openLedger(directory, 0)
  ledger.close()
  const asked = prepare.mock.calls.map(([sql]) => sql)
  prepare.mockRestore()
  return asked.filter((sql) => /^(SELECT|INSERT|UPDATE|DELETE)/.test(sql) && !/sqlite_|pragma_/.test(sql))
}

/** Tables of a fixed few rows. */
const SMALL = ["bots", "settings", "machines"]
/** Indexes of what is open: as long as what waits, however long the past is. */
const OPEN = ["turns_open", "requests_open", "hand_overs_owed", "inbox_open", "outbox_open"]

beforeAll(() => {
  database = new DatabaseSync(join(directory, LEDGER_FILE))
})

function planOf(sql: string): readonly string[] {
  return database
    .prepare(`EXPLAIN QUERY PLAN ${sql}`)
    .all()
    .map((row) => String(row.detail))
}

/** Steps that read the whole of something that grows with the past. */
function readsAll(sql: string): readonly string[] {
  return planOf(sql).filter((step) => {
    const table = /^SCAN (\w+)/.exec(step)?.[1]
    if (table === undefined || table === "CONSTANT" || SMALL.includes(table)) return false
    return !OPEN.some((index) => step.endsWith(`INDEX ${index}`))
  })
}

/** Steps that put rows in order one by one, which reads all of them before the first is known. */
const sorts = (sql: string): readonly string[] =>
  planOf(sql).filter((step) => /^USE TEMP B-TREE FOR ORDER BY/.test(step))

describe("the ledger's statements", () => {
  it("are looked at", () => {
    expect(statements.length).toBeGreaterThan(80)
    expect(readsAll("SELECT * FROM events WHERE kind = 'item'")).toEqual(["SCAN events"])
  })

  it.each(statements)("%s", (sql) => {
    expect(readsAll(sql)).toEqual([])
    if (/LIMIT/.test(sql)) expect(sorts(sql)).toEqual([])
  })
})
