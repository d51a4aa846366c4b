import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { repeats, slowOnes } from "../../test/fakes/hostile-text.ts"
import { makeRedactor } from "../core/redact.ts"
import { createLog } from "./log.ts"

describe("what is kept in the log", () => {
  let directory: string
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), "log-"))
  })
  afterEach(() => rmSync(directory, { recursive: true }))

  const logIn = (path: string) =>
    createLog({ path, level: "info", redact: makeRedactor(["hunter2hunter2"]), newId: () => "12345678-9" })

  it("costs below 100 ms, whatever an agent sent and however much", { timeout: 60_000 }, () => {
    const log = logIn(join(directory, "a.log"))
    const keep = (text: string) =>
      log.keep(text, { update: [text, { note: text }], [text.slice(0, 50)]: text })
    expect(slowOnes(repeats(1_000_000), { limit: 100, run: keep })).toEqual([])
  })

  it("is bounded, redacted, and says that it was cut", () => {
    const path = join(directory, "b.log")
    logIn(path).keep("odd hunter2hunter2", { a: "x".repeat(1_000_000), key: "hunter2hunter2" })
    const line = readFileSync(path, "utf8")
    expect(line.length).toBeLessThan(300_000)
    expect(line).not.toContain("hunter2hunter2")
    expect(JSON.parse(line)).toMatchObject({
      keptAs: "12345678",
      msg: "odd [redacted]",
      payload: { "…": "…" },
    })
  })
})
