import { describe, expect, it } from "vitest"
import { entityFaults } from "../../../test/fakes/entity-faults.ts"
import { startTelegramOracle } from "../../../test/fakes/telegram-oracle.ts"
import {
  bold,
  code,
  concat,
  dateTime,
  expandableQuote,
  italic,
  join,
  link,
  plain,
  pre,
  quote,
  type Rich,
  strikethrough,
} from "./rich.ts"

const telegram = startTelegramOracle()

describe("builders", () => {
  const cases: readonly (readonly [what: string, rich: Rich, telegramReads: string])[] = [
    ["bold", concat("a ", bold("b"), " c"), "a **b** c"],
    [
      "offsets count UTF-16 units",
      concat("😀 ", italic("é"), join([bold("가"), "나"], " · ")),
      "😀 __é__**가** · 나",
    ],
    ["bold leaves code alone", bold(concat("a ", code("b"), " c")), "**a** `b` **c**"],
    ["bold in bold is bold", bold(concat("a", bold("b"))), "**ab**"],
    ["no style over white space", concat(bold("  "), strikethrough(" a ")), "   ~~a~~ "],
    ["a link wins over code inside", link(code("a"), "https://x.co"), "[a](https://x.co/)"],
    ["a refused link shows its address", link("a", "http://localhost/"), "a (http://localhost/)"],
    ["a refused bare address is shown once", link("file:///x", "file:///x"), "file:///x"],
    ["a link without text shows its address", link("", "tel:1"), "tel:1"],
    ["code with language", pre("let x", "ts"), "```ts\nlet x```"],
    ["code keeps its first indentation", pre("  a\nb"), "```\n  a\nb```"],
    ["terminal colours and controls go", plain("\u001b[1ma\u0007\r\nb"), "a\nb"],
  ]
  it.each(cases)("%s", (_what, rich, telegramReads) => {
    const verdict = telegram.judge(rich)
    expect(entityFaults(rich)).toEqual([])
    expect(verdict).toMatchObject({ kind: "accepted", remaining: [] })
    if (verdict.kind === "accepted")
      expect(verdict.markdown.replace(/^```\n*/, "```\n")).toBe(telegramReads.replace(/^```\n*/, "```\n"))
  })

  it("styles may be within each other", () => {
    const rich = bold(concat("a ", italic("b"), " c"))
    expect(rich.entities.map(({ type, offset, length }) => [type, offset, length])).toEqual([
      ["bold", 0, 5],
      ["italic", 2, 1],
    ])
    expect(telegram.judge(rich).kind).toBe("accepted")
  })

  it("quotes hold code and links, but no quotes", () => {
    const rich = expandableQuote(concat("a ", quote("b"), "\n", pre("c"), "\n", link("d", "https://x.co")))
    expect(entityFaults(rich)).toEqual([])
    expect(rich.entities.map((entity) => entity.type)).toEqual(["expandable_blockquote", "pre", "text_link"])
    expect(telegram.judge(rich)).toMatchObject({
      kind: "accepted",
      remaining: [{ type: "textEntityTypeExpandableBlockQuote", offset: 0 }],
    })
  })

  it("shows a moment with a fallback for old clients", () => {
    const rich = concat("resets ", dateTime(1_800_000_000.9, "r", "04:11"))
    expect(rich).toEqual({
      text: "resets 04:11",
      entities: [
        { type: "date_time", unix_time: 1_800_000_000, date_time_format: "r", offset: 7, length: 5 },
      ],
    })
    expect(telegram.judge(rich).kind).toBe("accepted")
  })
})
