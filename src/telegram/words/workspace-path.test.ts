import { describe, expect, it } from "vitest"
import { shortPath, withoutWorkspace } from "./workspace-path.ts"

describe("paths on a phone", () => {
  it.each([
    ["/home/o/ws/S001/src/a.ts", "src/a.ts"],
    ["/home/o/ws/S001", "."],
    ["/home/o/ws/S0010/a.ts", "/home/o/ws/S0010/a.ts"],
    ["/etc/passwd", "/etc/passwd"],
    ["src/a.ts", "src/a.ts"],
  ])("shows %s as %s", (path, shown) => {
    expect(shortPath(path, "/home/o/ws/S001")).toBe(shown)
  })

  it("leaves the workspace out of commands, and nothing else", () => {
    expect(withoutWorkspace("cat /w/S1/a /w/S12/b", "/w/S1")).toBe("cat a /w/S12/b")
    expect(withoutWorkspace("ls /", "/")).toBe("ls /")
  })
})
