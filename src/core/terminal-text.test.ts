import { stripVTControlCharacters } from "node:util"
import { describe, expect, it } from "vitest"
import { withoutEscapes } from "./terminal-text.ts"

describe("withoutEscapes", () => {
  it.each([
    "plain",
    "\u001b[31mred\u001b[0m \u001b[1;38;5;200mx",
    "\u001b]0;title\u0007after",
    "\u001b]8;;https://x.y\u001b\\link\u001b]8;;\u001b\\",
    "\u001b[2K\u001b[1Gls safe",
    "\u009b31mred",
  ])("%j: as Node has it", (text) => {
    expect(withoutEscapes(text)).toBe(stripVTControlCharacters(text))
  })

  it.each([
    ["\u001b]52;c;aGk=\u0007x", "x"],
    ["\u001bPdevice\u001b\\x", "x"],
    ["\u001b(Bx\u001bcy", "xy"],
    ["a\u001b", "a"],
    ["\u001b]0;no end", "0;no end"],
  ])("%j becomes %j", (text, expected) => {
    expect(withoutEscapes(text)).toBe(expected)
  })
})
