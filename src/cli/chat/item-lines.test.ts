import { describe, expect, it } from "vitest"
import { repeats, slowOnes } from "../../../test/fakes/hostile-text.ts"
import { chatText } from "../../core/texts/chat.ts"
import type { ItemId } from "../../protocol/ids.ts"
import { harmless } from "../harmless.ts"
import { commandHead, itemLines } from "./item-lines.ts"

const say = chatText("en")
const base = { id: "i1" as ItemId, status: "completed" } as const

describe("what an item costs the terminal", () => {
  it.each<[string, (text: string) => unknown]>([
    ["harmless", harmless],
    ["reasoning", (text) => itemLines({ ...base, kind: "reasoning", text }, say)],
    ["command", (text) => itemLines({ ...base, kind: "command", command: text, output: text }, say)],
    ["commandHead", commandHead],
    ["tool", (text) => itemLines({ ...base, kind: "tool", name: text, title: text }, say)],
    ["plan", (text) => itemLines({ ...base, kind: "plan", steps: [{ text, status: "pending" }], text }, say)],
  ])("%s: below 100 ms for 1 MB of anything", { timeout: 60_000 }, (_, run) => {
    expect(slowOnes(repeats(1_000_000), { limit: 100, run })).toEqual([])
  })

  it("shows the end of a long output, and how much went before", () => {
    const output = Array.from({ length: 30 }, (_, index) => `line ${index}`).join("\n")
    const shown = itemLines({ ...base, kind: "command", command: "x", output }, say).map(({ text }) => text)
    expect(shown.at(-1)).toBe("  line 29")
    expect(shown[0]).toContain("22")
  })
})
