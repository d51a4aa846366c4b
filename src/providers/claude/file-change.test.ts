import { describe, expect, it } from "vitest"
import { proposedChange, reportedChange } from "./file-change.ts"

const holds = (text: string | null | undefined) => () => text
const file_path = "/w/a.txt"

describe("proposedChange", () => {
  it("is against the file as it is", () => {
    const edits = [
      { old_string: "b", new_string: "B" },
      { old_string: "c", new_string: "$&" },
    ]
    expect(proposedChange("MultiEdit", { file_path, edits }, holds("a\nb\nc\n"))).toEqual({
      path: file_path,
      change: "update",
      diff: "@@ -1,3 +1,3 @@\n a\n-b\n-c\n+B\n+$&\n",
    })
    expect(proposedChange("Write", { file_path, content: "x\n" }, holds("y\n"))).toMatchObject({
      change: "update",
      diff: "@@ -1,1 +1,1 @@\n-y\n+x\n",
    })
    expect(proposedChange("Write", { file_path, content: "x\n" }, holds(null))).toMatchObject({
      change: "add",
    })
  })

  it("shows what is asked for when the file does not hold it or cannot be read", () => {
    const edit = { file_path, old_string: "b", new_string: "B" }
    for (const text of ["other", undefined]) {
      expect(proposedChange("Edit", edit, holds(text))?.diff).toBe("@@ -1,1 +1,1 @@\n-b\n+B\n")
    }
  })

  it("is none for other tools and for input of another form", () => {
    expect(proposedChange("Bash", { command: "ls" }, holds(null))).toBeNull()
    expect(proposedChange("Write", { path: "x" }, holds(null))).toBeNull()
  })
})

describe("reportedChange", () => {
  it("is the patch that was applied, if there is one", () => {
    const hunk = { oldStart: 4, oldLines: 1, newStart: 4, newLines: 1, lines: ["-a", "+b"] }
    expect(reportedChange({ filePath: file_path, structuredPatch: [hunk] })).toEqual({
      path: file_path,
      change: "update",
      diff: "@@ -4,1 +4,1 @@\n-a\n+b\n",
    })
    expect(reportedChange({ filePath: file_path, structuredPatch: [] })).toBeNull()
    expect(reportedChange("Error")).toBeNull()
  })
})
