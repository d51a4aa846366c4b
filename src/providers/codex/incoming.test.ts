import { describe, expect, it } from "vitest"
import { readChanges } from "./file-changes.ts"
import { AnyItem, readNotification } from "./incoming.ts"
import { readItem } from "./items.ts"
import { QuotaWindows } from "./limits.ts"

describe("a notification", () => {
  it("of an unknown kind or form is not an error", () => {
    expect(readNotification("brand/new", {})).toEqual({ kind: "unknown" })
    expect(readNotification("toString", {})).toEqual({ kind: "unknown" })
    expect(readNotification("turn/started", { turn: 1 })).toMatchObject({ kind: "malformed" })
    expect(readNotification("thread/status/changed", {})).toEqual({ kind: "unused" })
  })

  it("may carry an item nobody knows", () => {
    const params = { turnId: "t", item: { type: "hologram", id: "h1", depth: 3 } }
    expect(readNotification("item/started", params)).toMatchObject({
      kind: "used",
      notification: { params: { item: { type: "unread", id: "h1", kind: "hologram" } } },
    })
  })
})

describe("an item", () => {
  const read = (item: object) => {
    const parsed = AnyItem.parse(item)
    return parsed.type === "unread" ? "unread" : readItem(parsed, "completed")
  }

  it.each<[object, object]>([
    [
      {
        type: "mcpToolCall",
        id: "1",
        server: "s",
        tool: "t",
        status: "failed",
        arguments: { a: 1 },
        result: null,
        error: { message: "no" },
      },
      { kind: "tool", name: "s.t", status: "failed", input: '{"a":1}', output: "no" },
    ],
    [
      {
        type: "mcpToolCall",
        id: "1",
        server: "s",
        tool: "t",
        status: "completed",
        arguments: {},
        result: { content: [{ type: "text", text: "yes" }, { type: "image" }] },
        error: null,
      },
      { kind: "tool", status: "completed", output: 'yes\n{"type":"image"}' },
    ],
    [
      { type: "imageView", id: "1", path: "/a/b.JPG" },
      { kind: "image", mediaType: "image/jpeg" },
    ],
    [
      { type: "webSearch", id: "1", query: "cats", action: null },
      { kind: "tool", name: "web_search", input: "cats" },
    ],
    [
      { type: "reasoning", id: "1", summary: ["a", "b"], content: [] },
      { kind: "reasoning", text: "a\n\nb" },
    ],
    [
      { type: "collabAgentToolCall", id: "1", tool: "spawn", status: "inProgress", prompt: "go" },
      { kind: "tool", name: "spawn", status: "running", input: "go" },
    ],
  ])("%j", (item, expected) => {
    expect(read(item)).toMatchObject(expected)
  })

  it("without anything to show is left out", () => {
    expect(read({ type: "reasoning", id: "1", summary: [], content: [] })).toBeNull()
    expect(read({ type: "userMessage", id: "1", clientId: null, content: [] })).toBeNull()
    expect(read({ type: "fileChange", id: "1", changes: 5 })).toBe("unread")
  })
})

describe("a file change", () => {
  it.each([
    [{ type: "add", move_path: null }, "a\nb\n", { change: "add", diff: "@@ -0,0 +1,2 @@\n+a\n+b\n" }],
    [{ type: "delete", move_path: null }, "a", { change: "delete", diff: "@@ -1,1 +0,0 @@\n-a\n" }],
    [{ type: "add", move_path: null }, "", { change: "add", diff: "" }],
    [
      { type: "update", move_path: null },
      "@@ -1 +1 @@\n-a\n+b\n",
      { change: "update", diff: "@@ -1 +1 @@\n-a\n+b\n" },
    ],
    [
      { type: "update", move_path: "/y" },
      "@@ -1 +1 @@\n-a\n+b\n\n\nMoved to: /y",
      { change: "move", movedTo: "/y", diff: "@@ -1 +1 @@\n-a\n+b\n" },
    ],
  ])("%j %j", (kind, diff, expected) => {
    expect(readChanges([{ path: "/x", kind, diff }])).toEqual([{ path: "/x", ...expected }])
  })
})

it("quota windows are merged, and the exhausted one that ends last decides", () => {
  const quota = new QuotaWindows()
  expect(quota.resetsAt()).toBeNull()
  quota.update({ primary: { usedPercent: 100, windowDurationMins: 300, resetsAt: 10 }, secondary: null })
  quota.update({ primary: null, secondary: { usedPercent: 40, windowDurationMins: 10_080, resetsAt: 99 } })
  expect(quota.limits()).toEqual([
    { name: "5h", usedPercent: 100, resetsAt: 10_000 },
    { name: "7d", usedPercent: 40, resetsAt: 99_000 },
  ])
  expect(quota.resetsAt()).toBe(10_000)
})
