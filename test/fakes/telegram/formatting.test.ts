import type { MessageEntity } from "@grammyjs/types/message.js"
import { describe, expect, it } from "vitest"
import { ApiError } from "./api-error.ts"
import { Formatter, type Markup, textLimit } from "./formatting.ts"

const formatter = new Formatter()
const link = (url: string): MessageEntity => ({ type: "text_link", offset: 0, length: 4, url })
const bold = (offset: number, length: number): MessageEntity => ({ type: "bold", offset, length })

function format(markup: Markup) {
  return formatter.format(markup, textLimit)
}

function complaintAbout(markup: Markup): string {
  try {
    return `accepted: ${JSON.stringify(format(markup))}`
  } catch (error) {
    if (error instanceof ApiError) return error.message
    throw error
  }
}

describe("accepts", () => {
  it.each<[string, Markup, string, readonly MessageEntity[]]>([
    ["entities", { text: "text", entities: [bold(0, 4)] }, "text", [bold(0, 4)]],
    [
      "a link with a dotted host",
      { text: "text", entities: [link("https://example.com/a")] },
      "text",
      [link("https://example.com/a")],
    ],
    [
      "a link to an address",
      { text: "text", entities: [link("http://127.0.0.1:8080/")] },
      "text",
      [link("http://127.0.0.1:8080/")],
    ],
    [
      "HTML",
      { text: "<b>a</b> 😀 <i>c</i>", parseMode: "HTML" },
      "a 😀 c",
      [bold(0, 1), { type: "italic", offset: 5, length: 1 }],
    ],
    ["MarkdownV2", { text: "*a*\\.", parseMode: "MarkdownV2" }, "a.", [bold(0, 1)]],
    [
      "links it finds itself",
      { text: "see example.com" },
      "see example.com",
      [{ type: "url", offset: 4, length: 11 }],
    ],
    [
      "no links inside code",
      { text: "x.com", entities: [{ type: "code", offset: 0, length: 5 }] },
      "x.com",
      [{ type: "code", offset: 0, length: 5 }],
    ],
    [
      "white space around, which it cuts",
      { text: " \n text \n", entities: [bold(3, 6)] },
      "text",
      [bold(0, 4)],
    ],
    ["empty entities, which it drops", { text: "text", entities: [bold(1, 0)] }, "text", []],
    [
      "100 entities",
      { text: "a".repeat(200), entities: Array.from({ length: 100 }, (_, i) => bold(i * 2, 1)) },
      "a".repeat(200),
      Array.from({ length: 100 }, (_, i) => bold(i * 2, 1)),
    ],
    ["4096 characters, emoji count once", { text: "😀".repeat(4096) }, "😀".repeat(4096), []],
  ])("%s", (_, markup, text, entities) => {
    expect(format(markup)).toEqual({ text, entities })
  })
})

describe("refuses", () => {
  it.each<[string, Markup, string | RegExp]>([
    [
      "a link to localhost",
      { text: "text", entities: [link("http://localhost:3000")] },
      "entity URL 'http://localhost:3000' is invalid: Wrong HTTP URL",
    ],
    [
      "a link to a host without a dot",
      { text: "text", entities: [link("https://exam")] },
      "entity URL 'https://exam' is invalid: Wrong HTTP URL",
    ],
    [
      "a link to a file",
      { text: "text", entities: [link("file:///etc/passwd")] },
      /Unsupported URL protocol/,
    ],
    [
      "an entity past the end",
      { text: "abc", entities: [bold(2, 4)] },
      /^entity beginning at UTF-16 offset 2 ends after the end of the text at UTF-16 offset 6/,
    ],
    [
      "a negative offset",
      { text: "abc", entities: [bold(-1, 2)] },
      "receive an entity with incorrect offset -1",
    ],
    [
      "a negative length",
      { text: "abc", entities: [bold(1, -2)] },
      "receive an entity with incorrect length -2",
    ],
    [
      "an entity inside a surrogate pair",
      { text: "😀b", entities: [bold(1, 1)] },
      /^entity begins in a middle of a UTF-16 symbol/,
    ],
    ["a lone surrogate", { text: "\ud83d" }, "strings must be encoded in UTF-8"],
    [
      "more than 100 entities",
      { text: "a".repeat(101), entities: Array.from({ length: 101 }, (_, i) => bold(i, 1)) },
      /silently drops/,
    ],
    [
      "too many bytes of entities",
      { text: "text", entities: Array.from({ length: 10 }, () => link(`https://a.com/${"x".repeat(1000)}`)) },
      "ENTITIES_TOO_LONG",
    ],
    ["4097 characters", { text: "x".repeat(4097) }, "message is too long"],
    ["32769 bytes", { text: "x".repeat(32_769) }, "text is too long"],
    [
      "unknown HTML",
      { text: "a <div>b</div>", parseMode: "HTML" },
      'can\'t parse entities: Unsupported start tag "div" at byte offset 2',
    ],
    [
      "unescaped MarkdownV2",
      { text: "Hello.", parseMode: "MarkdownV2" },
      /^can't parse entities: Character '\.' is reserved/,
    ],
  ])("%s", (_, markup, complaint) => {
    const answer = complaintAbout(markup)
    const text = typeof complaint === "string" ? complaint : undefined
    if (text === undefined) expect(answer.replace("Bad Request: ", "")).toMatch(complaint)
    else expect(answer).toBe(`Bad Request: ${text}`)
  })
})
