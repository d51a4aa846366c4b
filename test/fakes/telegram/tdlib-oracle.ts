/**
 * Telegram's own text parser, offline: TDLib's synchronous functions need neither login nor network, and the official Bot API
 * server calls the same code.
 */
import { createRequire } from "node:module"
import type { MessageEntity, ParseMode } from "@grammyjs/types/message.js"
import { z } from "zod"

const tdEntity = z.object({
  offset: z.number(),
  length: z.number(),
  type: z.looseObject({ _: z.string() }),
})
const tdAnswer = z.union([
  z.object({ _: z.literal("error"), message: z.string() }),
  z.object({ _: z.literal("formattedText"), text: z.string(), entities: z.array(tdEntity) }),
  z.object({ _: z.literal("textEntities"), entities: z.array(tdEntity) }),
])
type TdEntity = z.infer<typeof tdEntity>
type TdAnswer = z.infer<typeof tdAnswer>

/** What TDLib says against a text. */
export class Unparsable extends Error {}

const commonTypes = {
  textEntityTypeMention: "mention",
  textEntityTypeHashtag: "hashtag",
  textEntityTypeCashtag: "cashtag",
  textEntityTypeBotCommand: "bot_command",
  textEntityTypeUrl: "url",
  textEntityTypeEmailAddress: "email",
  textEntityTypePhoneNumber: "phone_number",
  textEntityTypeBold: "bold",
  textEntityTypeItalic: "italic",
  textEntityTypeUnderline: "underline",
  textEntityTypeStrikethrough: "strikethrough",
  textEntityTypeSpoiler: "spoiler",
  textEntityTypeCode: "code",
  textEntityTypeBlockQuote: "blockquote",
  textEntityTypeExpandableBlockQuote: "expandable_blockquote",
} as const satisfies Record<string, MessageEntity.CommonMessageEntity["type"]>
const tdNames = new Map(Object.entries(commonTypes).map(([td, type]) => [type, td]))

/** One for the whole process: the native library can be set up only once. */
let loaded: TdlibOracle | undefined

/** Loads the library when first called: 57 MB and about 0.1 s, which many tests never need. */
export function tdlibOracle(): TdlibOracle {
  loaded ??= new TdlibOracle()
  return loaded
}

export class TdlibOracle {
  readonly #execute: (request: object) => unknown

  constructor() {
    const require = createRequire(import.meta.url)
    const tdl: typeof import("tdl") = require("tdl")
    const { getTdjson }: typeof import("prebuilt-tdlib") = require("prebuilt-tdlib")
    try {
      tdl.configure({ tdjson: getTdjson(), verbosityLevel: 0 })
    } catch (error) {
      // Another module of this process was first; the library is then ready for use all the same.
      if (!(error instanceof Error && error.message.includes("already initialized"))) throw error
    }
    this.#execute = (request) => Reflect.apply(tdl.execute, undefined, [request])
  }

  /** Parses markup; throws Unparsable with TDLib's words. */
  parse(text: string, mode: ParseMode): { text: string; entities: MessageEntity[] } {
    const parseMode =
      mode === "HTML"
        ? { _: "textParseModeHTML" }
        : { _: "textParseModeMarkdown", version: mode === "MarkdownV2" ? 2 : 1 }
    const answer = this.#ask({ _: "parseTextEntities", text, parse_mode: parseMode })
    if (answer._ !== "formattedText") throw new Error(`TDLib answered ${answer._}`)
    return { text: answer.text, entities: answer.entities.flatMap(toBotApi) }
  }

  /** Throws Unparsable when Telegram would reject the text with these entities. */
  check(text: string, entities: readonly MessageEntity[]): void {
    this.#ask({ _: "getMarkdownText", text: { _: "formattedText", text, entities: entities.map(toTd) } })
  }

  /** Links, mentions, commands and the like, which Telegram finds by itself. */
  detect(text: string): MessageEntity[] {
    return this.#ask({ _: "getTextEntities", text }).entities.flatMap(toBotApi)
  }

  #ask(request: object): Exclude<TdAnswer, { _: "error" }> {
    const answer = tdAnswer.parse(this.#execute(request))
    if (answer._ === "error") throw new Unparsable(answer.message)
    return answer
  }
}

function toBotApi({ offset, length, type }: TdEntity): MessageEntity[] {
  const place = { offset, length }
  if (isCommon(type._)) return [{ type: commonTypes[type._], ...place }]
  switch (type._) {
    case "textEntityTypePre":
      return [{ type: "pre", ...place }]
    case "textEntityTypePreCode":
      return [{ type: "pre", ...place, language: String(type.language) }]
    case "textEntityTypeTextUrl":
      return [{ type: "text_link", ...place, url: String(type.url) }]
    case "textEntityTypeCustomEmoji":
      return [{ type: "custom_emoji", ...place, custom_emoji_id: String(type.custom_emoji_id) }]
    case "textEntityTypeMentionName": {
      const user = { id: Number(type.user_id), is_bot: false, first_name: `User ${type.user_id}` }
      return [{ type: "text_mention", ...place, user }]
    }
    case "textEntityTypeDateTime":
      return [{ type: "date_time", ...place, unix_time: Number(type.unix_time), date_time_format: "r" }]
    default:
      // Bank cards and media timestamps have no counterpart in the Bot API.
      return []
  }
}

function isCommon(name: string): name is keyof typeof commonTypes {
  return name in commonTypes
}

function toTd(entity: MessageEntity): object {
  return { _: "textEntity", offset: entity.offset, length: entity.length, type: tdType(entity) }
}

function tdType(entity: MessageEntity): object {
  switch (entity.type) {
    case "pre":
      return entity.language
        ? { _: "textEntityTypePreCode", language: entity.language }
        : { _: "textEntityTypePre" }
    case "text_link":
      return { _: "textEntityTypeTextUrl", url: entity.url }
    case "text_mention":
      return { _: "textEntityTypeMentionName", user_id: entity.user.id }
    case "custom_emoji":
      return { _: "textEntityTypeCustomEmoji", custom_emoji_id: entity.custom_emoji_id }
    case "date_time":
      return { _: "textEntityTypeDateTime", unix_time: entity.unix_time }
    default:
      return { _: tdNames.get(entity.type) ?? "textEntityTypeBold" }
  }
}
