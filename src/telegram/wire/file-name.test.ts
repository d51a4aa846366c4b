import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { safeFileName } from "./file-name.ts"

describe("a safe file name", () => {
  it.each([
    ["report.pdf", "report.pdf"],
    ["보고서 최종.pdf", "보고서 최종.pdf"],
    ["../../etc/passwd", "passwd"],
    ["C:\\Users\\me\\secret.txt", "secret.txt"],
    [".bashrc", "bashrc"],
    ["-rf", "rf"],
    ['a"; rm -rf $HOME;.sh', "a__ rm -rf _HOME_.sh"],
    ["a\r\nb.txt", "a__b.txt"],
    ["gpj.\u202Eexe.txt", "gpj._exe.txt"],
    ["CON.txt", "_CON.txt"],
    ["", "file"],
    ["...", "file"],
    ["/", "file"],
  ])("of %j is %j", (name, expected) => {
    expect(safeFileName(name)).toBe(expected)
  })

  it("keeps the extension of a long one", () => {
    const name = safeFileName(`${"가".repeat(200)}.tar`)
    expect(name).toMatch(/^가+\.tar$/)
    expect(Buffer.byteLength(name)).toBeLessThanOrEqual(120)
  })

  it("is one harmless path component, whatever comes", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (name) => {
        const safe = safeFileName(name)
        expect(safe).not.toBe("")
        expect(safe).not.toMatch(/[/\\\p{Cc}"';]|^[.-]/u)
        expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(121)
        expect(safeFileName(safe)).toBe(safe)
      }),
    )
  })
})
