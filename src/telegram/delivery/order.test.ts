import { describe, expect, it } from "vitest"
import { type OutboxRow, PRIORITY, type Priority } from "../../ledger/outbox.ts"
import type { TurnId } from "../../protocol/ids.ts"
import { plain } from "../rendering/rich.ts"
import { nextRow, type OpenRow, type TargetState } from "./order.ts"
import type { Payload, Target } from "./payload.ts"

const to = { bot: 5, chat: 42, thread: 7 }
const text: Payload = { kind: "text", to, rich: plain("x") }
const edit = (key: string): Payload => ({ kind: "edit", to, target: { key }, rich: plain("x") })
const icon = (iconEmojiId: string): Payload => ({ kind: "topic_edit", to, iconEmojiId })
const rename = (name: string): Payload => ({ kind: "topic_edit", to, name })

function owed(id: number, priority: Priority, payload: Payload, row: Partial<OutboxRow> = {}): OpenRow {
  const fresh: OutboxRow = {
    ...{ id, key: null, lane: "telegram:5:42", priority, payload, state: "pending" },
    ...{ attempts: 0, ambiguous: 0, notBefore: 0, session: null, turn: null, request: null },
    ...{ message: null, error: null, createdAt: 0, updatedAt: 0 },
  }
  return { row: { ...fresh, ...row }, payload }
}

const turn = (name: string): Partial<OutboxRow> => ({ turn: name as TurnId })

/** What goes, in words: `3`, `drop 3`, `wait 500`, `wait`. */
function choose(rows: readonly OpenRow[], targets: Readonly<Record<string, TargetState>> = {}): string {
  const sorted = rows.toSorted(
    (a, b) => PRIORITY[a.row.priority] - PRIORITY[b.row.priority] || a.row.id - b.row.id,
  )
  const stateOf = (target: Target): TargetState =>
    ("key" in target ? targets[target.key] : undefined) ?? { kind: "there", message: 1 }
  const next = nextRow(sorted, { now: 100, stateOf })
  if (next.kind === "send") return String(next.open.row.id)
  if (next.kind === "drop") return `drop ${next.open.row.id}`
  return next.inMs === null ? "wait" : `wait ${100 + next.inMs}`
}

describe("the next row", () => {
  it.each<[string, string, readonly OpenRow[]]>([
    ["nothing", "wait", []],
    ["the oldest of one priority", "1", [owed(1, "final", text), owed(2, "final", text)]],
    ["the most urgent", "2", [owed(1, "final", text), owed(2, "answer", text)]],
    ["not before its time", "wait 500", [owed(1, "final", text, { notBefore: 500 })]],
    ["another one meanwhile", "2", [owed(1, "final", text, { notBefore: 500 }), owed(2, "status", text)]],
    [
      "no later part of the same answer",
      "wait 500",
      [owed(1, "final", text, { ...turn("t"), notBefore: 500 }), owed(2, "final", text, turn("t"))],
    ],
    [
      "but another answer",
      "2",
      [owed(1, "final", text, { ...turn("t"), notBefore: 500 }), owed(2, "final", text, turn("u"))],
    ],
    [
      "only the newest edit of a message",
      "drop 1",
      [owed(1, "status", edit("k")), owed(2, "status", edit("k"))],
    ],
    ["edits of different messages", "1", [owed(1, "status", edit("k")), owed(2, "status", edit("l"))]],
    [
      "what a clock that was ahead had put off",
      "1",
      [owed(1, "final", text, { notBefore: 500, updatedAt: 400 })],
    ],
    ["only the newest icon", "drop 1", [owed(1, "status", icon("a")), owed(2, "status", icon("b"))]],
    ["a name besides an icon", "1", [owed(1, "status", rename("a")), owed(2, "status", icon("b"))]],
  ])("is %s", (_name, expected, rows) => {
    expect(choose(rows)).toBe(expected)
  })

  it("waits with an edit until its message is there, and drops it when that never comes", () => {
    const rows = [owed(1, "answer", edit("k")), owed(2, "status", text)]
    expect(choose(rows, { k: { kind: "owed" } })).toBe("2")
    expect(choose(rows, { k: { kind: "there", message: 3 } })).toBe("1")
    expect(choose(rows, { k: { kind: "never" } })).toBe("drop 1")
  })
})
