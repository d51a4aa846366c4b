import { describe, expect, it } from "vitest"
import { unifiedDiff } from "./unified-diff.ts"

describe("unifiedDiff", () => {
  it.each([
    ["a new file", "", "one\ntwo\n", "@@ -0,0 +1,2 @@\n+one\n+two\n"],
    ["an emptied file", "one\n", "", "@@ -1,1 +0,0 @@\n-one\n"],
    ["a changed line", "a\nb\nc\n", "a\nB\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n"],
    ["an appended line", "a\n", "a\nb\n", "@@ -1,1 +1,2 @@\n a\n+b\n"],
    ["a repeated line inserted", "x\nx\n", "x\nx\nx\n", "@@ -1,2 +1,3 @@\n x\n x\n+x\n"],
    ["nothing", "same\n", "same\n", ""],
  ])("shows %s", (_, before, after, diff) => {
    expect(unifiedDiff(before, after)).toBe(diff)
  })

  it("keeps three lines of context around a change", () => {
    const lines = Array.from({ length: 20 }, (_, n) => `line ${n}`)
    const changed = lines.with(10, "changed")
    const diff = unifiedDiff(lines.join("\n"), changed.join("\n"))
    expect(diff.split("\n")[0]).toBe("@@ -8,7 +8,7 @@")
    expect(diff).toContain("-line 10\n+changed\n")
  })

  it("shows two changes far apart as two hunks", () => {
    const lines = Array.from({ length: 1_000 }, (_, n) => `line ${n}`)
    const diff = unifiedDiff(lines.join("\n"), lines.with(3, "near").with(900, "far").join("\n"))
    expect(diff.match(/^@@ .* @@$/gm)).toEqual(["@@ -1,7 +1,7 @@", "@@ -898,7 +898,7 @@"])
    expect(diff).not.toContain("line 500")
  })

  it("says when only the end of the last line differs", () => {
    expect(unifiedDiff("a", "a\n")).toContain("No newline at end of file")
  })

  it("does not look for the smallest diff of two files that share nothing", () => {
    const file = (mark: string): string => Array.from({ length: 20_000 }, (_, n) => `${mark} ${n}\n`).join("")
    expect(unifiedDiff(file("old"), file("new"))).toMatch(/^@@ -1,20000 \+1,20000 @@\n-old 0\n/)
  })

  it("is bounded and says how much it leaves out", () => {
    const diff = unifiedDiff("", "y\n".repeat(200_000))
    expect(diff.length).toBeLessThan(70_000)
    expect(diff).toMatch(/\n… \d{6} more lines\n$/)
  })
})
