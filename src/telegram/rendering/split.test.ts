import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { entityFaults } from "../../../test/fakes/entity-faults.ts"
import { startTelegramOracle } from "../../../test/fakes/telegram-oracle.ts"
import { renderMarkdown } from "./markdown.ts"
import { bold, concat, italic, join, link, plain, pre, quote, type Rich, strikethrough } from "./rich.ts"
import { splitRich } from "./split.ts"

const telegram = startTelegramOracle()

function texts(rich: Rich, limit: number): readonly string[] {
  return splitRich(rich, { limit }).map((part) => part.text)
}

describe("splitRich", () => {
  it("leaves what fits alone", () => {
    const rich = renderMarkdown("# a\n\n`b`")
    expect(splitRich(rich)).toEqual([rich])
  })

  const cuts: readonly (readonly [what: string, text: string, limit: number, parts: readonly string[]])[] = [
    ["between paragraphs", "aaaa bbbb\n\ncccc\ndddd", 18, ["aaaa bbbb", "cccc\ndddd"]],
    ["else between lines", "aaaa bbbb\ncccc dddd", 16, ["aaaa bbbb", "cccc dddd"]],
    ["else between words", "aaaa bbbb cccc", 11, ["aaaa bbbb", "cccc"]],
    ["exactly at the end of a line", "aaaa\nbbbb", 4, ["aaaa", "bbbb"]],
    ["else anywhere", "aaaaaaaaaa", 4, ["aaaa", "aaaa", "aa"]],
    ["never in a surrogate pair", "a😀😀😀", 4, ["a😀", "😀😀"]],
    ["never between a letter and its accent", "aaae\u0301", 4, ["aaa", "e\u0301"]],
    ["white space is not a part", "aaaa\n\n\n\n\n\nbbbb", 4, ["aaaa", "bbbb"]],
    ["nothing is one part", "", 4, ["…"]],
  ]
  it.each(cuts)("cuts %s", (_what, text, limit, parts) => {
    expect(texts(plain(text), limit)).toEqual(parts)
  })

  it("keeps a family of emoji together", () => {
    const family = "👨‍👩‍👧"
    expect(texts(plain(`aaaaa${family}b`), 10)).toEqual(["aaaaa", `${family}b`])
  })

  it("cuts a character longer than a part between code points", () => {
    const family = "👨‍👩‍👧‍👦"
    const parts = texts(plain(family), 4)
    expect(parts.every((part) => part.isWellFormed() && part.length <= 4)).toBe(true)
    expect(parts.join("")).toBe(family)
  })

  it("moves a block of code whole to the next part when it fits there", () => {
    const parts = splitRich(concat("some words before\n\n", pre("  a\nb\nc\nd", "ts")), { limit: 22 })
    expect(parts.map((part) => part.text)).toEqual(["some words before", "  a\nb\nc\nd"])
  })

  it("opens cut code again with its language, at a line, indentation kept", () => {
    const code = Array.from({ length: 30 }, (_, index) => `  line(${index})`).join("\n")
    const parts = splitRich(pre(code, "ts"), { limit: 100 })
    expect(parts.length).toBeGreaterThan(3)
    expect(parts.map((part) => part.text).join("\n")).toBe(code)
    for (const part of parts) {
      expect(part.entities).toEqual([{ type: "pre", language: "ts", offset: 0, length: part.text.length }])
    }
  })

  it("opens a cut quote and the style in it again", () => {
    const parts = splitRich(quote(concat("a ", bold("bbb ccc ddd"))), { limit: 8 })
    expect(parts.map((part) => part.entities.map((entity) => entity.type))).toEqual([
      ["blockquote", "bold"],
      ["blockquote", "bold"],
    ])
  })

  it("starts a new part before Telegram would drop entities", () => {
    const rich = join(
      Array.from({ length: 250 }, (_, index) => bold(`w${index}`)),
      " ",
    )
    const parts = splitRich(rich)
    expect(parts.map((part) => part.entities.length)).toEqual([96, 96, 58])
  })

  it("starts a new part before long addresses are too much", () => {
    const rich = join(
      Array.from({ length: 12 }, (_, index) => link(`l${index}`, `https://x.co/${"a".repeat(1500)}`)),
      " ",
    )
    expect(splitRich(rich).map((part) => part.entities.length)).toEqual([5, 5, 2])
  })

  it("drops the innermost where one spot has more entities than a part may", () => {
    const rich = quote(bold(italic(strikethrough("aaaa"))))
    expect(splitRich(rich, { maxEntities: 2 }).map((part) => part.entities.length)).toEqual([2])
  })

  it("loses nothing but white space, keeps the limits and is accepted, whatever the text", () => {
    const words = fc.array(
      fc.oneof(fc.string({ unit: "grapheme", maxLength: 12 }), fc.constantFrom("\n", "\n\n", " ", "😀")),
      { maxLength: 40 },
    )
    const piece = fc
      .tuple(
        fc.constantFrom(plain, bold, quote, (text: string) => pre(text, "ts")),
        words,
      )
      .map(([make, parts]) => make(parts.join("")))
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), fc.integer({ min: 4, max: 80 }), (pieces, limit) => {
        const rich = concat(...pieces)
        const parts = splitRich(rich, { limit, maxEntities: 5 })
        for (const part of parts) {
          expect(part.text.length).toBeLessThanOrEqual(limit)
          expect(part.entities.length).toBeLessThanOrEqual(5)
          expect(part.text.isWellFormed()).toBe(true)
          expect(entityFaults(part).filter((fault) => !fault.includes("white space"))).toEqual([])
          expect(telegram.judge(part).kind).toBe("accepted")
        }
        const letters = (text: string) =>
          text.replace(/[\s\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\uFFFC…]/gu, "")
        expect(letters(parts.map((part) => part.text).join(""))).toBe(letters(rich.text))
      }),
      { numRuns: 400 },
    )
  })
})

describe("room for what is added when a part is sent again", () => {
  it("is left in every part", () => {
    const mark = "\n(다시 보냄)"
    for (const text of ["lorem ipsum ".repeat(2_000), "x".repeat(9_000)])
      for (const part of splitRich(plain(text)))
        expect(part.text.length + mark.length).toBeLessThanOrEqual(4096)
  })
})
