import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { entityFaults } from "../../../test/fakes/entity-faults.ts"
import { markdownCorpus } from "../../../test/fakes/markdown-corpus.ts"
import { startTelegramOracle } from "../../../test/fakes/telegram-oracle.ts"
import { renderMarkdown, renderStreaming } from "./markdown.ts"
import type { Rich } from "./rich.ts"
import { splitRich } from "./split.ts"

const telegram = startTelegramOracle()
const F = "```"

/** `type«text»` for each entity: offsets that a reader can check. */
function marks({ text, entities }: Rich): readonly string[] {
  return entities.map((entity) => {
    const shown = text.slice(entity.offset, entity.offset + entity.length)
    const extra =
      entity.type === "text_link" ? entity.url : entity.type === "pre" ? (entity.language ?? "") : ""
    return `${entity.type}«${shown}»${extra}`
  })
}

function faults(rich: Rich): readonly string[] {
  const verdict = telegram.judge(rich)
  const empty = rich.text.trim() === "" ? ["empty text"] : []
  return [...empty, ...entityFaults(rich), ...(verdict.kind === "rejected" ? [verdict.reason] : [])]
}

describe("renderMarkdown", () => {
  const cases: readonly (readonly [
    what: string,
    markdown: string,
    text: string,
    marks: readonly string[],
  ])[] = [
    ["emphasis", "**b** _i_ ~~s~~ `c`", "b i s c", ["bold«b»", "italic«i»", "strikethrough«s»", "code«c»"]],
    ["nothing inside code", "**a `b` c**", "a b c", ["bold«a»", "code«b»", "bold«c»"]],
    ["one tilde means about", "~5 to ~10", "~5 to ~10", []],
    ["a heading", "# Title `x`", "Title x", ["bold«Title»", "code«x»"]],
    ["a link", "[a (b)](https://x.co/a_(b))", "a (b)", ["text_link«a (b)»https://x.co/a_(b)"]],
    ["a link by reference", "[a][r]\n\n[r]: https://x.co", "a", ["text_link«a»https://x.co/"]],
    ["a link Telegram refuses", "[dev](http://localhost:3000)", "dev (http://localhost:3000)", []],
    ["a file link", "[a.ts](src/a.ts:3)", "a.ts (src/a.ts:3)", []],
    ["a script link", "[x](javascript:alert(1))", "x (javascript:alert(1))", []],
    ["a link posing as another site", "[x](https://good.co@evil.co/)", "x (https://good.co@evil.co/)", []],
    ["a bare address", "see https://x.co/a_b.", "see https://x.co/a_b.", []],
    ["a link without text", "[](https://x.co)", "https://x.co", ["text_link«https://x.co»https://x.co/"]],
    ["an image", "![alt](https://x.co/i.png)", "🖼 alt", ["text_link«🖼 alt»https://x.co/i.png"]],
    [
      "a badge links where it leads",
      "[![b](https://i.co/x)](https://x.co)",
      "🖼 b",
      ["text_link«🖼 b»https://x.co/"],
    ],
    ["html as text", "<b>x</b> & &amp; a<br>b", "<b>x</b> & & a\nb", []],
    ["code with language", `${F}ts\n  a<b>()\n${F}`, "  a<b>()", ["pre«  a<b>()»ts"]],
    ["an unclosed fence", `a\n\n${F}py\nx`, "a\n\nx", ["pre«x»py"]],
    ["a fence in a list", `1. a\n   ${F}sh\n   ls\n   ${F}\n2. b`, "1. a\nls\n2. b", ["pre«ls»sh"]],
    ["nested lists", "- a\n  - b\n    1. c\n- d", "• a\n   ◦ b\n      1. c\n• d", []],
    ["a list starting at 3", "3. a\n4. b", "3. a\n4. b", []],
    ["tasks", "- [ ] a\n- [x] b", "☐ a\n☑ b", []],
    ["a quote", "> a **b**\n\nc", "a b\n\nc", ["blockquote«a b»", "bold«b»"]],
    ["quotes in quotes are one", "> a\n>\n> > b", "a\n\nb", ["blockquote«a\n\nb»"]],
    [
      "a long quote folds",
      "> a\n".repeat(11),
      "a\n".repeat(11).trim(),
      [`expandable_blockquote«${"a\n".repeat(11).trim()}»`],
    ],
    ["a rule", "a\n\n---\n\nb", "a\n\n———\n\nb", []],
    ["a footnote", "a[^1]\n\n[^1]: *b*", "a[1]\n\n[1] b", ["italic«b»"]],
    ["terminal colours", `${F}\n\u001b[31mred\u001b[0m\n${F}`, "red", ["pre«red»"]],
    ["lone surrogates", "a\ud83d **b\udc00**", "a b", ["bold«b»"]],
    ["bidi overrides", "a&#8238;b\u202ec", "abc", []],
    [
      "Korean emphasis beside brackets",
      '**완료(예정)**는 **"인용"**을',
      '완료(예정)는 "인용"을',
      ["bold«완료(예정)»", 'bold«"인용"»'],
    ],
    ["nothing", " \n", "…", []],
    ["nothing to see", "\u200b\u2800", "…", []],
    ["definitions only", "[a]: https://x.co", "[a]: https://x.co", []],
  ]
  it.each(cases)("%s", (_what, markdown, text, expected) => {
    const rich = renderMarkdown(markdown)
    expect(rich.text).toBe(text)
    expect(marks(rich)).toEqual(expected)
    expect(faults(rich)).toEqual([])
  })

  it("drops a language no client could read", () => {
    expect(marks(renderMarkdown("~~~{.py`}\nx\n~~~"))).toEqual(["pre«x»"])
  })

  it("draws a table that fits a phone, columns aligned also for wide characters", () => {
    const rich = renderMarkdown("| name | n |\n|:--|--:|\n| 가나다 | 1 |\n| **b** | 23 |")
    expect(rich.text).toBe("name   │  n\n───────┼───\n가나다 │  1\nb      │ 23")
    expect(marks(rich)).toEqual([`pre«${rich.text}»`])
  })

  it("lists a table that is too wide or holds links, row by row", () => {
    const rich = renderMarkdown(
      "| File | Why | |\n|-|-|-|\n| `a.ts` | [issue](https://x.co) | y |\n| b | | |",
    )
    expect(rich.text).toBe("• File: a.ts\n  Why: issue\n  y\n• File: b")
    expect(marks(rich)).toEqual([
      "bold«File:»",
      "code«a.ts»",
      "text_link«issue»https://x.co/",
      "bold«File: b»",
    ])
  })

  it.each(Object.entries(markdownCorpus))(
    "%s is accepted by Telegram, whole and in parts",
    (_name, markdown) => {
      const rich = renderMarkdown(markdown)
      expect(entityFaults(rich)).toEqual([])
      for (const part of splitRich(rich)) expect(faults(part)).toEqual([])
      for (const part of splitRich(rich, { limit: 64 })) expect(faults(part)).toEqual([])
    },
  )

  it("survives what would exhaust a recursive parser", () => {
    for (const markdown of [
      "**".repeat(5000),
      "*a ".repeat(5000),
      ">".repeat(3000),
      "- ".repeat(3000),
      "[".repeat(3000),
    ]) {
      expect(renderMarkdown(`${markdown}x`).text).toContain("x")
    }
  })

  it("is accepted by Telegram whatever is written", () => {
    const piece = fc.constantFrom(
      ...[
        "*",
        "**",
        "_",
        "`",
        "[",
        "](",
        ")",
        "\n",
        "\n\n",
        "a",
        "b ",
        "~~",
        "> ",
        "- ",
        "1. ",
        "|",
        "|-|\n",
        "😀",
        `${F}\n`,
        `${F}js\n`,
      ],
      ...[
        "<b>",
        "&",
        "\\",
        "# ",
        "   ",
        "$",
        "http://x.co/",
        "![",
        "[^1]",
        "[^1]: ",
        "가(",
        "\ud83d",
        "\u202e",
        "- [ ] ",
        "\t",
        "---\n",
        "👨‍👩‍👧",
      ],
    )
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 50 }), (pieces) => {
        const markdown = pieces.join("")
        for (const rich of [renderMarkdown(markdown), renderStreaming(markdown)]) {
          expect(faults(rich)).toEqual([])
          for (const part of splitRich(rich, { limit: 20, maxEntities: 3 })) expect(faults(part)).toEqual([])
        }
      }),
      { numRuns: 250 },
    )
  })
})

describe("renderStreaming", () => {
  it.each(Object.entries(markdownCorpus))(
    "every beginning of %s is accepted by Telegram",
    (_name, markdown) => {
      const beginning = markdown.slice(0, 400)
      for (let length = 0; length <= beginning.length; length++) {
        expect(faults(renderStreaming(beginning.slice(0, length)))).toEqual([])
      }
    },
  )

  const cases: readonly (readonly [prefix: string, text: string, marks: readonly string[]])[] = [
    ["", "…", []],
    ["a **", "a", []],
    ["a **b", "a b", ["bold«b»"]],
    ["a **b*", "a b", ["bold«b»"]],
    ["a **b `c", "a b c", ["bold«b»", "code«c»"]],
    ["2 * 3", "2 * 3", []],
    ["snake_case", "snake_case", []],
    ["`a*b", "a*b", ["code«a*b»"]],
    ["a [docs](https://x.c", "a docs", []],
    ["a [docs](https://x.co/a_(b", "a docs", []],
    ["a [doc", "a doc", []],
    ["- [", "•", []],
    ["a\n-", "a", []],
    ["a\n\n| x | y", "a", []],
    ["a\n\n| x | y |\n|--", "a", []],
    ["| x | y |\n|--|--|\n| 1", "x │ y\n──┼──", ["pre«x │ y\n──┼──»"]],
    ["a\n\n```js", "a", []],
    ["```js\nx\n``", "x", ["pre«x»js"]],
  ]
  it.each(cases)("%j is shown as %j", (prefix, text, expected) => {
    const rich = renderStreaming(prefix)
    expect(rich.text).toBe(text)
    expect(marks(rich)).toEqual(expected)
  })

  it("leaves a heap of stray marks as it is", () => {
    expect(renderStreaming("*a ".repeat(20)).text).toBe("*a ".repeat(20).trim())
  })

  it("renders only the end of a long text, with its code still code", () => {
    const lines = Array.from({ length: 2000 }, (_, index) => `line ${index}`)
    const rich = renderStreaming(["before", "```ts", ...lines].join("\n"))
    expect(rich.text.length).toBeLessThan(17_000)
    expect(rich.text).toContain("line 1999")
    expect(rich.text).not.toContain("before")
    expect(rich.entities).toMatchObject([{ type: "pre", language: "ts" }])
  })
})
