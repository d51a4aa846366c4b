/**
 * Telegram's own formatting rules, offline: TDLib's `parseTextEntities` is what the official Bot API server calls, and
 * `getMarkdownText` checks and normalises an entity list as sending does. No login, no network.
 */
import { getTdjson } from "prebuilt-tdlib"
import * as tdl from "tdl"
import type { error, formattedText, TextEntityType$Input, textEntity$Input } from "tdlib-types"
import type { Entity, Mark, Rich } from "../../src/telegram/rendering/rich.ts"

export type Verdict =
  | { readonly kind: "accepted"; readonly markdown: string; readonly remaining: readonly TelegramEntity[] }
  | { readonly kind: "rejected"; readonly reason: string }

/** An entity in TDLib's words, e.g. `textEntityTypeBold`. */
export interface TelegramEntity {
  readonly offset: number
  readonly length: number
  readonly type: string
}

export interface TelegramOracle {
  /** What Telegram says of text with entities; lengths are not judged. */
  judge(message: Rich): Verdict
  /** What Telegram makes of a text sent with a parse mode, or its error text. */
  parse(text: string, mode: "HTML" | "MarkdownV2"): Verdict
}

/** Loads TDLib; once per process is enough. */
export function startTelegramOracle(): TelegramOracle {
  tdl.configure({ tdjson: getTdjson(), verbosityLevel: 0 })
  return {
    judge: ({ text, entities }) =>
      verdict(
        tdl.execute({
          _: "getMarkdownText",
          text: { _: "formattedText", text, entities: entities.map(toTd) },
        }),
      ),
    parse: (text, mode) =>
      verdict(
        tdl.execute({
          _: "parseTextEntities",
          text,
          parse_mode:
            mode === "HTML" ? { _: "textParseModeHTML" } : { _: "textParseModeMarkdown", version: 2 },
        }),
      ),
  }
}

function verdict(answer: formattedText | error): Verdict {
  if (answer._ === "error") return { kind: "rejected", reason: answer.message }
  const remaining = answer.entities.map(({ offset, length, type }) => ({ offset, length, type: type._ }))
  return { kind: "accepted", markdown: answer.text, remaining }
}

function toTd({ offset, length, ...mark }: Entity): textEntity$Input {
  return { _: "textEntity", offset, length, type: toTdType(mark) }
}

function toTdType(mark: Mark): TextEntityType$Input {
  switch (mark.type) {
    case "bold":
      return { _: "textEntityTypeBold" }
    case "italic":
      return { _: "textEntityTypeItalic" }
    case "underline":
      return { _: "textEntityTypeUnderline" }
    case "strikethrough":
      return { _: "textEntityTypeStrikethrough" }
    case "spoiler":
      return { _: "textEntityTypeSpoiler" }
    case "code":
      return { _: "textEntityTypeCode" }
    case "blockquote":
      return { _: "textEntityTypeBlockQuote" }
    case "expandable_blockquote":
      return { _: "textEntityTypeExpandableBlockQuote" }
    case "pre":
      return mark.language === undefined
        ? { _: "textEntityTypePre" }
        : { _: "textEntityTypePreCode", language: mark.language }
    case "text_link":
      return { _: "textEntityTypeTextUrl", url: mark.url }
    case "date_time":
      return { _: "textEntityTypeDateTime", unix_time: mark.unix_time }
  }
}
