import { parseEnv } from "node:util"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { changeEnv } from "./env-text.ts"

describe("changing a .env file", () => {
  it("replaces a value in its place and leaves every other line as it is", () => {
    const text = "# mine\nexport A=1\n\nB = two words # why\nC='x\ny'\n"
    expect(changeEnv(text, { A: "3" })).toBe("# mine\nA=3\n\nB = two words # why\nC='x\ny'\n")
  })

  it("adds at the end what was not there, also when the last line has no end", () => {
    expect(changeEnv("A=1", { B: "2" })).toBe("A=1\nB=2\n")
    expect(changeEnv("", { B: "2" })).toBe("B=2\n")
  })

  it("removes a name wherever it stands", () => {
    expect(changeEnv("A=1\nB=2\nA=3\n", { A: null })).toBe("B=2\n")
  })

  it("keeps one assignment of several", () => {
    expect(changeEnv("A=1\nB=2\nA=3\n", { A: "4" })).toBe("B=2\nA=4\n")
  })

  it("replaces a value that goes over several lines", () => {
    expect(changeEnv('A="one\ntwo"\nB=2\n', { A: "3" })).toBe("A=3\nB=2\n")
  })

  it("refuses what a .env file cannot hold", () => {
    expect(() => changeEnv("", { A: `'"\`` })).toThrow("A has a value")
  })

  it("reads back as it was written, with all other values unchanged", () => {
    const value = fc.stringMatching(/^[ -~]{0,40}$/).filter((text) => !/['"`\\]/.test(text))
    const values = fc.dictionary(fc.stringMatching(/^[A-Z][A-Z_]{0,8}$/), value)
    fc.assert(
      fc.property(values, values, (before, changes) => {
        const text = changeEnv(changeEnv("# head\n", before), changes)
        expect(parseEnv(text)).toEqual({ ...before, ...changes })
        expect(text.startsWith("# head\n")).toBe(true)
      }),
    )
  })
})
