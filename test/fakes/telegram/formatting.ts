import type { MessageEntity, ParseMode } from "@grammyjs/types/message.js"
import { badRequest } from "./api-error.ts"
import { tdlibOracle, Unparsable } from "./tdlib-oracle.ts"

export interface FormattedText {
  readonly text: string
  readonly entities: MessageEntity[]
}

export interface Markup {
  readonly text: string
  readonly parseMode?: ParseMode | undefined
  readonly entities?: readonly MessageEntity[] | undefined
}

export const textLimit = { max: 4096, tooLong: "message is too long" }
export const captionLimit = { max: 1024, tooLong: "message caption is too long" }

const rawLimitBytes = 32_768
const entityLimit = 100
const entityLimitBytes = 9500
/** Only such a text can hold something that Telegram would mark up by itself. */
const maybeMarked = /[/@#$]|\w\.\w|\d{5}/
const opaque: ReadonlySet<MessageEntity["type"]> = new Set([
  "code",
  "pre",
  "text_link",
  "text_mention",
  "custom_emoji",
])
const automatic: ReadonlySet<MessageEntity["type"]> = new Set([
  "mention",
  "hashtag",
  "cashtag",
  "bot_command",
  "url",
  "email",
  "phone_number",
])

/** Turns what a bot sent into what Telegram would store, or throws what Telegram would answer. */
export class Formatter {
  /** The text may come out empty: what is then wrong depends on the method. */
  format(markup: Markup, limit: { readonly max: number; readonly tooLong: string }): FormattedText {
    if (!markup.text.isWellFormed()) throw badRequest("strings must be encoded in UTF-8")
    if (Buffer.byteLength(markup.text) > rawLimitBytes) throw badRequest("text is too long")
    const formatted = trim(this.#interpret(markup))
    if ([...formatted.text].length > limit.max) throw badRequest(limit.tooLong)
    return { text: formatted.text, entities: this.#withDetected(formatted) }
  }

  /** What Telegram's clients mark up in a text that a user typed. */
  detect(text: string): MessageEntity[] {
    return maybeMarked.test(text) ? tdlibOracle().detect(text) : []
  }

  /** What Telegram says against a link, or undefined when it accepts it. */
  linkComplaint(url: string): string | undefined {
    try {
      tdlibOracle().check("x", [{ type: "text_link", offset: 0, length: 1, url }])
      return undefined
    } catch (error) {
      if (error instanceof Unparsable) return error.message.replace(/^Entity URL '.*' is invalid: /s, "")
      throw error
    }
  }

  #interpret(markup: Markup): FormattedText {
    if (markup.text === "") return { text: "", entities: [] }
    if (markup.parseMode) return this.#parse(markup.text, markup.parseMode)
    const entities = (markup.entities ?? []).filter((entity) => !automatic.has(entity.type))
    if (entities.length === 0) return { text: markup.text, entities: [] }
    this.#check(markup.text, entities)
    return { text: markup.text, entities: entities.filter((entity) => entity.length > 0).toSorted(byPlace) }
  }

  #parse(text: string, mode: ParseMode): FormattedText {
    try {
      return tdlibOracle().parse(text, mode)
    } catch (error) {
      throw translated(error)
    }
  }

  #check(text: string, entities: readonly MessageEntity[]): void {
    if (entities.length > entityLimit) {
      // Telegram accepts and silently drops the rest; for us that is a fault of the sender.
      throw badRequest(
        `emulator: ${entities.length} entities, Telegram silently drops those after ${entityLimit}`,
      )
    }
    const bytes = entities.reduce((sum, entity) => sum + 16 + Buffer.byteLength(attributeOf(entity)), 0)
    if (bytes > entityLimitBytes) throw badRequest("ENTITIES_TOO_LONG")
    try {
      tdlibOracle().check(text, entities)
    } catch (error) {
      throw translated(error)
    }
  }

  #withDetected({ text, entities }: FormattedText): MessageEntity[] {
    if (!maybeMarked.test(text)) return entities
    const blocked = entities.filter((entity) => opaque.has(entity.type))
    const found = this.detect(text).filter((entity) => !blocked.some((other) => overlap(entity, other)))
    return [...entities, ...found].toSorted(byPlace)
  }
}

function attributeOf(entity: MessageEntity): string {
  if (entity.type === "text_link") return entity.url
  return entity.type === "pre" ? (entity.language ?? "") : ""
}

function overlap(a: MessageEntity, b: MessageEntity): boolean {
  return a.offset < b.offset + b.length && b.offset < a.offset + a.length
}

function byPlace(a: MessageEntity, b: MessageEntity): number {
  return a.offset - b.offset || b.length - a.length
}

/** Telegram cuts white space at the end, and at the beginning up to the first entity. */
function trim({ text, entities }: FormattedText): FormattedText {
  const end = text.trimEnd().length
  const leading = end - text.slice(0, end).trimStart().length
  const start = Math.min(leading, entities[0]?.offset ?? leading)
  const kept = entities
    .map((entity) => ({
      ...entity,
      offset: entity.offset - start,
      length: Math.min(entity.length, end - entity.offset),
    }))
    .filter((entity) => entity.length > 0)
  return { text: text.slice(start, end), entities: kept }
}

/** The server writes TDLib's complaints with a small first letter. */
function translated(error: unknown): unknown {
  if (!(error instanceof Unparsable)) return error
  return badRequest(error.message.charAt(0).toLowerCase() + error.message.slice(1))
}
