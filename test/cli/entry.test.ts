/** Which code `bin/remoteagent.js` starts: what was built, unless the sources have changed since. */
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

const bin = resolve(import.meta.dirname, "../../bin/remoteagent.js")
const BUILT_AT = 1_700_000_000
const EARLIER = BUILT_AT - 60
const LATER = BUILT_AT + 60

describe("the entry", () => {
  let home: string
  beforeEach(() => {
    home = mkdtempSync(join(tmpdir(), "ra-entry-"))
    write("package.json", '{ "type": "module" }')
    cpSync(bin, join(home, "bin", "remoteagent.js"))
    write("package-lock.json", "{}")
    write("src/cli/main.ts", `export const main = () => console.log("sources")`)
    write("src/core/rule.ts", "")
    write("dist/cli/main.js", `export const main = () => console.log("built")`)
    for (const path of [
      "package-lock.json",
      "src",
      "src/cli",
      "src/cli/main.ts",
      "src/core",
      "src/core/rule.ts",
    ]) {
      touch(path, EARLIER)
    }
    touch("dist/cli/main.js", BUILT_AT)
  })
  afterEach(() => rmSync(home, { recursive: true, force: true }))

  function write(path: string, text: string): void {
    mkdirSync(dirname(join(home, path)), { recursive: true })
    writeFileSync(join(home, path), text)
  }
  const touch = (path: string, at: number): void => utimesSync(join(home, path), at, at)
  const remove = (path: string): void => rmSync(join(home, path), { recursive: true })
  const started = (): string =>
    execFileSync(process.execPath, [join(home, "bin", "remoteagent.js")], {
      encoding: "utf8",
      env: { HOME: home },
    }).trim()

  it("is what was built from these sources", () => {
    expect(started()).toBe("built")
  })

  it.each([
    ["a source was edited", () => touch("src/core/rule.ts", LATER)],
    ["a source was added or removed", () => touch("src/core", LATER)],
    ["the libraries changed", () => touch("package-lock.json", LATER)],
    ["nothing was built", () => remove("dist")],
  ])("is the sources when %s", (_what, change) => {
    change()
    expect(started()).toBe("sources")
  })

  it("is what was built where there are no sources, as in an installed package", () => {
    remove("src")
    remove("package-lock.json")
    expect(started()).toBe("built")
  })
})
