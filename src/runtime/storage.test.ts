import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, expect, it } from "vitest"
import { LEDGER_FILE } from "../ledger/database.ts"
import { StorageError } from "../ledger/errors.ts"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import { watchStorage } from "./storage.ts"

/** Time that passes only when told to. */
class HandClock {
  #now = 0
  #due: { at: number; run: () => void }[] = []
  now = () => this.#now
  monotonic = () => this.#now
  after = (ms: number, run: () => void) => {
    const entry = { at: this.#now + ms, run }
    this.#due.push(entry)
    const cancel = () => {
      this.#due = this.#due.filter((one) => one !== entry)
    }
    return { cancel }
  }
  passes(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const [next] = this.#due.toSorted((a, b) => a.at - b.at)
      if (!next || next.at > until) break
      this.#due = this.#due.filter((one) => one !== next)
      this.#now = next.at
      next.run()
    }
    this.#now = until
  }
}

let directory = ""
let ledger: Ledger
let other: DatabaseSync
const clock = new HandClock()
const told: boolean[] = []
let stop = () => {}
const write = () => ledger.transact(() => ledger.machine.set("a", 1, 1))

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "storage-"))
  ledger = await openLedger(directory, 1)
  other = new DatabaseSync(join(directory, LEDGER_FILE))
  told.length = 0
  stop = watchStorage({ ledger, clock, onChange: (isStuck) => told.push(isStuck) })
})
afterEach(() => {
  stop()
  other.close()
  ledger.close()
  rmSync(directory, { recursive: true })
})

it("finds out by itself when another program lets go, and tells nobody of a moment", () => {
  other.exec("BEGIN IMMEDIATE")
  expect(write).toThrow(StorageError)
  clock.passes(500)
  other.exec("ROLLBACK")
  clock.passes(1_000)
  expect(ledger.machine.setting("storage.checked")).toBe(true)
  clock.passes(10_000)
  expect(told).toEqual([])
})

it("tells once of a ledger that stays held, and once that it is over", () => {
  other.exec("BEGIN IMMEDIATE")
  expect(write).toThrow(StorageError)
  clock.passes(1_999)
  expect(told).toEqual([])
  clock.passes(10_000)
  expect(told).toEqual([true])
  other.exec("ROLLBACK")
  clock.passes(1_000)
  expect(told).toEqual([true, false])
})

it("does not wait for a held ledger each time it is tried", () => {
  other.exec("BEGIN IMMEDIATE")
  expect(write).toThrow(StorageError)
  const begun = performance.now()
  for (let n = 0; n < 100; n += 1) expect(write).toThrow(StorageError)
  expect(performance.now() - begun).toBeLessThan(500)
})
