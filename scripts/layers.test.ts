import { describe, expect, it } from "vitest"
import { checkLayers, importsOf } from "./layers.ts"

const file = (path: string, text: string) => ({ path, text })
const messages = (...files: { path: string; text: string }[]) =>
  checkLayers(files).map((fault) => fault.message)

describe("a session's files", () => {
  const reads = 'import { statSync } from "node:fs"\nstatSync("/")\n'
  it.each([
    ["src/telegram/files/named.ts", 1],
    ["src/runtime/commands/fresh.ts", 1],
    ["src/telegram/files/named.test.ts", 0],
    ["src/telegram/files/download.ts", 0],
    ["src/host/outgoing-files.ts", 0],
  ])("are looked at by the host alone: %s", (path, faults) => {
    expect(messages(file(path, reads))).toHaveLength(faults)
  })
})

describe("checkLayers", () => {
  const target = (part: string) => file(`src/${part}/thing.ts`, "export const thing = 1\n")

  it.each([
    ["core", "protocol"],
    ["platform", "core"],
    ["ledger", "platform"],
    ["runtime", "ledger"],
    ["telegram", "runtime"],
    ["host", "providers"],
    ["cli", "telegram"],
    ["cli", "host"],
  ])("lets %s import %s", (from, to) => {
    const user = file(`src/${from}/user.ts`, `import { thing } from "../${to}/thing.ts"\nthing\n`)
    expect(messages(user, target(to))).toEqual([])
  })

  it.each([
    ["protocol", "core"],
    ["core", "ledger"],
    ["core", "platform"],
    ["platform", "runtime"],
    ["runtime", "telegram"],
    ["runtime", "host"],
    ["telegram", "web"],
    ["ops", "telegram"],
    ["providers", "host"],
    ["host", "runtime"],
    ["ledger", "cli"],
  ])("does not let %s import %s", (from, to) => {
    const user = file(`src/${from}/user.ts`, `import type { thing } from "../${to}/thing.ts"\n`)
    expect(messages(user, target(to))).toEqual([`${from} must not import ${to} (src/${to}/thing.ts)`])
  })

  it.each([
    ["telegram/delivery", "telegram/wire", []],
    ["telegram/intake", "telegram/owner", []],
    [
      "telegram/wire",
      "telegram/delivery",
      ["telegram/wire must not import telegram/delivery (src/telegram/delivery/thing.ts)"],
    ],
    [
      "telegram/places",
      "telegram/owner",
      ["telegram/places must not import telegram/owner (src/telegram/owner/thing.ts)"],
    ],
    [
      "telegram/turns",
      "telegram/commands",
      ["telegram/turns must not import telegram/commands (src/telegram/commands/thing.ts)"],
    ],
    ["telegram/cellar", "telegram/wire", ["telegram has no room cellar"]],
    ["runtime/commands", "runtime/host-link", []],
  ])("knows the rooms of a part: %s and %s", (from, to, faults) => {
    const user = file(`src/${from}/user.ts`, `import { thing } from "../../${to}/thing.ts"\nthing\n`)
    expect(messages(user, target(to))).toEqual(faults)
  })

  it("lets the files that join rooms import them, and no room import those", () => {
    const joins = file("src/telegram/assemble.ts", 'import { thing } from "./wire/thing.ts"\nthing\n')
    expect(messages(joins, target("telegram/wire"))).toEqual([])
    const user = file("src/telegram/wire/user.ts", 'import { thing } from "../thing.ts"\nthing\n')
    expect(messages(user, target("telegram"))).toEqual([
      "telegram/wire must not import what joins the rooms (src/telegram/thing.ts)",
    ])
  })

  it("sees re-exports, lazy imports and imports over several lines", () => {
    const text = [
      'import {\n  one,\n  two,\n} from "../a.ts"',
      'export { three } from "./b.ts"',
      'import "./c.ts"',
      'const late = () => import("./d.ts")',
      'const text = "import x from nothing"',
    ].join("\n")
    expect(importsOf(text).map(({ from, line, isLazy }) => [from, line, isLazy])).toEqual([
      ["../a.ts", 1, false],
      ["./b.ts", 5, false],
      ["./c.ts", 6, false],
      ["./d.ts", 7, true],
    ])
  })

  it("keeps the program away from tests", () => {
    const user = file("src/core/user.ts", 'import { fake } from "../../test/fakes/fake.ts"\nfake\n')
    const fake = file("test/fakes/fake.ts", "export const fake = 1\n")
    expect(messages(user, fake)).toEqual(["the program must not import test/fakes/fake.ts"])
  })

  it("lets tests import anything", () => {
    const test = file("src/core/user.test.ts", 'import { fake } from "../../test/fakes/fake.ts"\nfake\n')
    expect(messages(test, file("test/fakes/fake.ts", "export const fake = 1\n"))).toEqual([])
  })

  it("keeps I/O out of core and packages out of protocol", () => {
    expect(messages(file("src/core/a.ts", 'import { readFileSync } from "node:fs"\nreadFileSync\n'))).toEqual(
      ["core is without I/O, so it must not import node:fs"],
    )
    expect(messages(file("src/protocol/a.ts", 'import path from "node:path"\npath\n'))).toEqual([
      "protocol must not import node:path",
    ])
  })

  it("tells each circle of imports once", () => {
    const faults = checkLayers([
      file("src/core/a.ts", 'import { b } from "./b.ts"\nexport const a = b\n'),
      file("src/core/b.ts", 'import { c } from "./c.ts"\nexport const b = c\n'),
      file("src/core/c.ts", 'import { a } from "./a.ts"\nexport const c = a\n'),
    ])
    expect(faults.map((fault) => fault.message)).toEqual([
      "imports itself: src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts",
    ])
  })

  it("refuses a file that only re-exports, and not one that also does something", () => {
    const barrel = 'export { b } from "./b.ts"\nexport * from "./b.ts"\n'
    const b = file("src/core/b.ts", "export const b = 1\n")
    expect(messages(file("src/core/index.ts", barrel), b)).toEqual([
      "only re-exports; import from where things are",
    ])
    expect(messages(file("src/core/more.ts", `${barrel}export const c = 1\n`), b)).toEqual([])
  })

  it("names an import of a file that is not there", () => {
    expect(messages(file("src/core/a.ts", 'import { b } from "./b.ts"\nb\n'))).toEqual([
      "there is no src/core/b.ts",
    ])
  })

  it("warns of a long file and does not call it an error", () => {
    const [fault] = checkLayers([file("src/core/long.ts", "export const a = 1\n".repeat(401))])
    expect(fault).toMatchObject({ severity: "warning", line: 400 })
  })
})
