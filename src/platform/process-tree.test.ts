import { spawn } from "node:child_process"
import { once } from "node:events"
import { describe, expect, it } from "vitest"
import { listProcesses, type ProcessRow, parsePsLine, processStart } from "./process-table.ts"
import { endTree, treeOf } from "./process-tree.ts"

const row = (pid: number, parent: number, group: number, session = group): ProcessRow => ({
  ...{ pid, parent, group, session, startTime: `t${pid}` },
})

describe("treeOf", () => {
  const root = { pid: 10, startTime: "t10" }
  it.each([
    ["descendants that left the group", [row(10, 1, 10), row(11, 10, 11), row(12, 11, 11)], [10, 11, 12]],
    ["members of the group that lost their parent", [row(11, 1, 10)], [11]],
    ["members of the session in a group of their own", [row(11, 1, 11, 10)], [11]],
    ["children of such members", [row(12, 11, 12), row(11, 1, 10)], [11, 12]],
    ["no stranger", [row(1, 0, 1), row(10, 1, 10), row(20, 1, 20)], [10]],
  ])("finds %s", (_what, processes, expected) => {
    expect(
      treeOf(root, processes)
        .map(({ pid }) => pid)
        .toSorted(),
    ).toEqual(expected)
  })

  it("finds nothing when the pid belongs to somebody else by now", () => {
    expect(treeOf({ pid: 10, startTime: "earlier" }, [row(10, 1, 10), row(11, 10, 10)])).toEqual([])
  })
})

describe("endTree", () => {
  it("ends a tree whose members ignore being asked, and only that", async () => {
    const bystander = spawn("sleep", ["100"], { detached: true })
    const script = "trap '' TERM; setsid sleep 100 & sleep 100 & echo ready; wait; wait"
    const root = spawn("sh", ["-c", script], { detached: true, stdio: ["ignore", "pipe", "ignore"] })
    await once(root.stdout, "data")
    const pid = root.pid ?? 0
    const startTime = (await processStart(pid)) ?? ""
    const before = treeOf({ pid, startTime }, await listProcesses())
    expect(before.length).toBeGreaterThanOrEqual(3)
    await endTree({ pid, startTime }, 100)
    const left = new Set((await listProcesses()).map((one) => one.pid))
    expect(before.filter((one) => left.has(one.pid))).toEqual([])
    expect(left.has(bystander.pid ?? 0)).toBe(true)
    bystander.kill("SIGKILL")
  })
})

describe("parsePsLine", () => {
  it("reads a line as BSD, macOS and Linux print it", () => {
    expect(parsePsLine("  501     1   501 Ss   Mon Nov 22 14:00:01 2027    ")).toEqual({
      ...{ pid: 501, parent: 1, group: 501, session: 0, startTime: "Mon Nov 22 14:00:01 2027" },
    })
  })

  it("takes a zombie for gone", () => {
    expect(parsePsLine("  501     1   501 Z    Mon Nov 22 14:00:01 2027")).toBeNull()
  })
})
