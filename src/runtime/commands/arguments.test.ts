import { describe, expect, it } from "vitest"
import { readArguments, storedArguments } from "./arguments.ts"
import { parseLine } from "./parse-line.ts"

describe("readArguments", () => {
  const list = { all: { kind: "flag", flag: "-a" }, text: { kind: "rest" } } as const
  const fresh = { agent: { kind: "word" }, path: { kind: "rest" } } as const
  const steer = { text: { kind: "rest", isRequired: true } } as const

  it.each([
    [list, "", { all: false, text: null }],
    [list, "-a", { all: true, text: null }],
    [list, "red -a apples", { all: true, text: "red  apples".replace("  ", " ") }],
    [list, "x-a", { all: false, text: "x-a" }],
    [fresh, "codex /a b", { agent: "codex", path: "/a b" }],
    [steer, "one\n two ", { text: "one\n two" }],
  ] as const)("reads %j from “%s”", (given, text, values) => {
    expect(readArguments(given, text)).toEqual({ kind: "read", values })
  })

  it.each([
    [steer, "  "],
    [{}, "too much"],
    [{ id: { kind: "word" } }, "one two"],
  ] as const)("refuses %j with “%s”", (given, text) => {
    expect(readArguments(given, text)).toEqual({ kind: "wrong" })
  })

  it("takes from a button only what the command takes", () => {
    expect(storedArguments(list, { all: true, text: "a", more: 1 })).toEqual({
      kind: "read",
      values: { all: true, text: "a" },
    })
    expect(storedArguments(steer, { text: 7 })).toEqual({ kind: "wrong" })
  })
})

describe("parseLine", () => {
  it.each([
    ["/new codex  /a", { name: "new", rest: "codex  /a", addressee: null }],
    ["/Stop@Some_bot", { name: "stop", rest: "", addressee: "Some_bot" }],
    ["/steer\nfaster", { name: "steer", rest: "faster", addressee: null }],
    ["/tmp/x.log is full", null],
    ["stop", null],
    ["/ stop", null],
  ])("reads “%s”", (text, line) => {
    expect(parseLine(text)).toEqual(line)
  })
})
