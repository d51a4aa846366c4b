import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { RotatingFile } from "./rotating-file.ts"

describe("a file that rotates", () => {
  it("keeps the former one", () => {
    const directory = mkdtempSync(join(tmpdir(), "rotating-"))
    const path = join(directory, "logs", "file.log")
    const file = new RotatingFile(path, 10)
    for (const line of ["first one\n", "second\n", "third\n"]) file.write(line)
    expect([readFileSync(`${path}.1`, "utf8"), readFileSync(path, "utf8")]).toEqual([
      "first one\nsecond\n",
      "third\n",
    ])
    rmSync(directory, { recursive: true })
  })

  it.runIf(existsSync("/dev/full"))("does not bring down who writes to a full disk", () => {
    const file = new RotatingFile("/dev/full", 1_000_000)
    for (const line of ["one\n", "two\n"]) file.write(line)
  })
})
