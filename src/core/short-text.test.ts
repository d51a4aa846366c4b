import { describe, expect, it } from "vitest"
import { cutAt, shortText } from "./short-text.ts"

describe("shortText", () => {
  it.each([
    ["as it is", "deploy it", 20, "deploy it"],
    ["on one line", "deploy\n  it\tnow", 20, "deploy it now"],
    ["cut with an ellipsis", "deploy it now", 8, "deploy…"],
    ["not within an emoji", "aaaa🚀🚀", 6, "aaaa…"],
    ["not within a family", "ab👨‍👩‍👧‍👦 cd", 8, "ab…"],
    ["without half characters", "a\uD83D b", 20, "a b"],
    ["without a hidden direction", "a\u202Eb", 20, "ab"],
    ["without terminal colours", "\u001b[31mred\u001b[0m", 20, "red"],
    ["nothing", " \n ", 20, ""],
  ])("shows a text %s", (_name, text, limit, shown) => {
    expect(shortText(text, limit)).toBe(shown)
  })

  it("is quick about a text of megabytes", () => {
    expect(shortText(" ".repeat(20_000_000), 60).length).toBeLessThanOrEqual(60)
  })

  it("halves a character that alone has no room, but no code point", () => {
    expect(cutAt("👨‍👩‍👧‍👦", 3).isWellFormed()).toBe(true)
  })
})
