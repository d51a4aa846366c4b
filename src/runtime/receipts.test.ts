import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import { Receipts, ReusedClientIdError } from "./receipts.ts"

let directory = ""
let ledger: Ledger
let receipts: Receipts

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "receipts-"))
  ledger = await openLedger(directory, 0)
  const clock = { now: () => 5, monotonic: () => 5, after: () => ({ cancel() {} }) }
  receipts = new Receipts({ ledger, clock })
})

afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

const rename = (title: string, clientId = "one") => ({ clientId, operation: "rename", body: { title } })
const set = (value: string) => () => {
  ledger.machine.set("title", value, 5)
  return { title: value }
}

describe("what a client wants done", () => {
  it("is done once, and answered as it was the first time", () => {
    expect(receipts.find(rename("a"))).toBeNull()
    expect(receipts.once(rename("a"), set("a"))).toEqual({ reply: { title: "a" }, isRepeated: false })
    ledger.machine.set("title", "later", 6)
    expect(receipts.once(rename("a"), set("a"))).toEqual({ reply: { title: "a" }, isRepeated: true })
    expect(receipts.find(rename("a"))).toEqual({ title: "a" })
    expect(ledger.machine.setting("title")).toBe("later")
  })

  it("is something else under another id, and refused under the same", () => {
    receipts.once(rename("a"), set("a"))
    receipts.once(rename("b", "two"), set("b"))
    expect(() => receipts.once(rename("c"), set("c"))).toThrow(ReusedClientIdError)
    expect(() => receipts.find({ ...rename("a"), operation: "drop" })).toThrow(ReusedClientIdError)
    expect(ledger.machine.setting("title")).toBe("b")
  })

  it("leaves no receipt where it failed, so that it can be wanted again", () => {
    const fail = () => {
      set("half")()
      throw new Error("refused")
    }
    expect(() => receipts.once(rename("a"), fail)).toThrow("refused")
    expect(ledger.machine.setting("title")).toBeNull()
    expect(receipts.once(rename("a"), set("a")).isRepeated).toBe(false)
  })

  it("stands nowhere in words that could be guessed", () => {
    receipts.once({ clientId: "one", operation: "answer", body: { pin: "1234" } }, () => ({
      outcome: "answered",
    }))
    expect(ledger.receipts.find("one")).toBeNull()
  })
})
