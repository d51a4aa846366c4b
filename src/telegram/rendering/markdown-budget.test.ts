import { describe, expect, it } from "vitest"
import { repeats, slowOnes } from "../../../test/fakes/hostile-text.ts"
import { renderMarkdown, renderStreaming } from "./markdown.ts"
import { withinBudget } from "./markdown-budget.ts"
import { splitRich } from "./split.ts"
import { recentPart } from "./streaming.ts"

describe("what rendering costs", () => {
  it("is below 100 ms for any mark and any two, as an answer and as a preview", { timeout: 120_000 }, () => {
    const answer = (text: string) => splitRich(renderMarkdown(text))
    expect(slowOnes(repeats(19_990, 32), { limit: 100, run: answer })).toEqual([])
    expect(slowOnes(repeats(64_000), { limit: 100, run: answer })).toEqual([])
    const preview = (text: string) => splitRich(renderStreaming(recentPart(text, 16_000)))
    expect(slowOnes(repeats(1_000_000), { limit: 100, run: preview })).toEqual([])
  })
})

describe("withinBudget", () => {
  const kinds = (source: string) => withinBudget(source).map(({ kind }) => kind)

  it("leaves an ordinary long answer whole, and takes it apart without loss when it is too long", () => {
    const paragraph =
      "Some **bold** text with `code`, a [link](https://example.com/a) and *more* words.\n\n- one\n- two with `code`\n\n```ts\nconst a = [1, 2]\n\n```\n\n"
    expect(kinds(paragraph.repeat(80))).toEqual(["markdown"])
    const long = `${paragraph.repeat(500)}end`
    expect(kinds(long)).toEqual(["markdown", "plain"])
    expect(
      withinBudget(long)
        .map(({ text }) => text)
        .join("\n\n"),
    ).toBe(long)
  })

  it.each([
    [
      "a paragraph of marks between two calm ones",
      `a\n\n${"_*".repeat(300)}\n\nb`,
      ["markdown", "plain", "markdown"],
    ],
    ["code full of marks", `\`\`\`c\n${"*_[](\n".repeat(500)}\`\`\`\n\nafter`, ["markdown"]],
    ["marks after code is closed", `\`\`\`\na\n\`\`\`\n${"_*".repeat(300)}`, ["plain"]],
    ["a fence that HTML hides", `<div>\n\`\`\`\n</div>\n\n${"_*".repeat(300)}`, ["plain"]],
    ["an indented fence, which may be none", `    \`\`\`\n${"_*".repeat(300)}`, ["plain"]],
    ["fifty quotes in one another", `${"> ".repeat(50)}x`, ["plain"]],
  ])("%s", (_, source, expected) => {
    expect(kinds(source)).toEqual(expected)
  })
})
