import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { isStorageFailure, StorageError } from "./errors.ts"
import { type StorageState, Transactions } from "./transaction.ts"

let directory = ""
let db: DatabaseSync
let transactions: Transactions
let faults: unknown[]
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "ledger-transaction-"))
  db = new DatabaseSync(join(directory, "ledger.db"), { timeout: 0 })
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE facts (fact TEXT UNIQUE)")
  faults = []
  transactions = new Transactions(db, directory, (fault) => faults.push(fault))
})
afterEach(() => {
  db.close()
  rmSync(directory, { recursive: true })
})

const write = (fact: string) => db.prepare("INSERT INTO facts VALUES (?)").run(fact)
const facts = () =>
  db
    .prepare("SELECT fact FROM facts ORDER BY rowid")
    .all()
    .map((row) => row.fact)

describe("transactions", () => {
  it("give back what their work gives back", () => {
    expect(transactions.transact(() => 7)).toBe(7)
  })

  it("join the one they are in", () => {
    transactions.transact(() => {
      write("outer")
      transactions.transact(() => write("inner"))
    })
    expect(facts()).toEqual(["outer", "inner"])
  })

  /** 2: every commit is synced. 1: only the log's order is kept. */
  const synchronous = () => db.prepare("PRAGMA synchronous").get()?.synchronous

  it("are on the disk unless they may do with less, and only they", () => {
    const inside = (durability?: "disk" | "process") => transactions.transact(synchronous, durability)
    expect([inside("process"), inside(), synchronous()]).toEqual([1, 2, 2])
    const fail = () => {
      throw new Error("no")
    }
    expect(() => transactions.transact(fail, "process")).toThrow("no")
    expect(synchronous()).toBe(2)
  })

  it("keep nothing when a part fails, also of those that joined", () => {
    const run = () =>
      transactions.transact(() => {
        transactions.transact(() => write("inner"))
        write("outer")
        throw new Error("no")
      })
    expect(run).toThrow("no")
    expect(facts()).toEqual([])
    transactions.transact(() => write("next"))
    expect(facts()).toEqual(["next"])
  })

  it("have their consequences after the commit, in order, those of joined ones too", () => {
    const seen: unknown[] = []
    const other = new DatabaseSync(join(directory, "ledger.db"), { readOnly: true })
    const visible = () => other.prepare("SELECT count(*) AS n FROM facts").get()?.n
    transactions.transact(() => {
      transactions.afterCommit(() => seen.push("first", visible()))
      transactions.transact(() => {
        write("a")
        transactions.afterCommit(() => seen.push("second", visible()))
      })
      seen.push("within", visible())
      transactions.afterCommit(() => seen.push("third"))
    })
    other.close()
    expect(seen).toEqual(["within", 0, "first", 1, "second", 1, "third"])
  })

  it("have no consequences when they fail, and those of the next are its own", () => {
    const seen: string[] = []
    const run = () =>
      transactions.transact(() => {
        transactions.afterCommit(() => seen.push("failed"))
        throw new Error("no")
      })
    expect(run).toThrow("no")
    transactions.transact(() => transactions.afterCommit(() => seen.push("next")))
    transactions.afterCommit(() => seen.push("at once"))
    expect(seen).toEqual(["next", "at once"])
  })

  it("take back only the part that fails when the caller goes on, with its consequences", () => {
    const seen: string[] = []
    const part = (fact: string, { fails = false } = {}) =>
      transactions.transact(() => {
        write(fact)
        transactions.afterCommit(() => seen.push(fact))
        if (fails) throw new Error(`no ${fact}`)
      })
    transactions.transact(() => {
      write("outer")
      expect(() =>
        transactions.transact(() => {
          part("inner of a part that fails")
          part("failing", { fails: true })
        }),
      ).toThrow("no failing")
      part("kept")
    })
    expect([facts(), seen]).toEqual([["outer", "kept"], ["kept"]])
  })

  it("have every consequence, also after one that fails", () => {
    const seen: string[] = []
    const result = transactions.transact(() => {
      transactions.afterCommit(() => {
        throw new Error("a renderer's bug")
      })
      transactions.afterCommit(() => seen.push("later"))
      return 7
    })
    expect([result, seen, faults.map(String)]).toEqual([7, ["later"], ["Error: a renderer's bug"]])
  })

  it("may begin anew in a consequence", () => {
    transactions.transact(() =>
      transactions.afterCommit(() => transactions.transact(() => write("consequence"))),
    )
    expect(facts()).toEqual(["consequence"])
  })
})

describe("a disk that does not take what is written", () => {
  const seen: StorageState[] = []
  beforeEach(() => {
    seen.length = 0
    transactions.watch((state) => seen.push(state))
  })

  it("is told apart from a fault of the work, once, until it takes it again", () => {
    const pages = Number(db.prepare("PRAGMA page_count").get()?.page_count)
    db.exec(`PRAGMA max_page_count = ${pages}`)
    for (const _ of [1, 2])
      expect(() => transactions.transact(() => write("x".repeat(100_000)))).toThrow(StorageError)
    expect(seen).toEqual(["refused"])
    db.exec("PRAGMA max_page_count = 100000")
    transactions.transact(() => write("small"))
    expect([seen, facts()]).toEqual([["refused", "ok"], ["small"]])
    expect(() => transactions.transact(() => write("small"))).toThrow(/UNIQUE/)
    expect(seen).toEqual(["refused", "ok"])
  })

  it("is also one that another program holds", () => {
    const other = new DatabaseSync(join(directory, "ledger.db"))
    other.exec("BEGIN IMMEDIATE")
    const run = () => transactions.transact(() => write("a"))
    expect(run).toThrow(StorageError)
    other.exec("ROLLBACK")
    other.close()
    run()
    expect([seen, facts()]).toEqual([["held", "ok"], ["a"]])
  })

  it("fails the whole when it fails a part", () => {
    const pages = Number(db.prepare("PRAGMA page_count").get()?.page_count)
    db.exec(`PRAGMA max_page_count = ${pages}`)
    const run = () =>
      transactions.transact(() => {
        write("outer")
        transactions.transact(() => write("x".repeat(100_000)))
      })
    expect(run).toThrow(StorageError)
    expect([seen, facts(), db.isTransaction]).toEqual([["refused"], [], false])
  })

  it.each([
    [new StorageError("full"), true],
    [Object.assign(new Error("disk I/O error"), { errcode: 4874 }), true],
    [Object.assign(new Error("constraint"), { errcode: 2067 }), false],
    [Object.assign(new Error("corrupt"), { errcode: 11 }), false],
    [new Error("any"), false],
    ["text", false],
  ])("%s: %s", (error, expected) => {
    expect(isStorageFailure(error)).toBe(expected)
  })
})
