/**
 * Formatted text as Telegram takes it: text and entities, offsets in UTF-16 units. Values are made by the builders
 * here only, which keep offsets right and nesting legal, so anything composed of them is accepted by Telegram.
 */
import { cleanText } from "./clean-text.ts"
import { acceptableLink } from "./link-url.ts"

type Style = "bold" | "italic" | "underline" | "strikethrough" | "spoiler"
type Quote = "blockquote" | "expandable_blockquote"
export type DateFormat = "r" | `${"w" | ""}${"d" | "D" | ""}${"t" | "T" | ""}`

/** What an entity says of its range (Bot API `MessageEntity` without offset and length). */
export type Mark =
  | { readonly type: Style | Quote | "code" }
  | { readonly type: "pre"; readonly language?: string }
  | { readonly type: "text_link"; readonly url: string }
  | { readonly type: "date_time"; readonly unix_time: number; readonly date_time_format: DateFormat }

/** Assignable to the Bot API's `MessageEntity`. */
export type Entity = Mark & { readonly offset: number; readonly length: number }

export interface Rich {
  readonly text: string
  /** Sorted by offset, outer before inner. */
  readonly entities: readonly Entity[]
}

export type RichPart = Rich | string

export const EMPTY: Rich = { text: "", entities: [] }

/** Text without formatting. */
export function plain(text: string): Rich {
  return { text: cleanText(text), entities: [] }
}

export function bold(content: RichPart): Rich {
  return enclose(content, { type: "bold" })
}

export function italic(content: RichPart): Rich {
  return enclose(content, { type: "italic" })
}

export function strikethrough(content: RichPart): Rich {
  return enclose(content, { type: "strikethrough" })
}

/** Monospace within a line; tapping copies it. */
export function code(text: string): Rich {
  return enclose(text, { type: "code" })
}

/** Monospace block. A language that Telegram's clients could not read is left out. */
export function pre(text: string, language?: string | null): Rich {
  const known = language !== null && language !== undefined && /^[\w+#.-]{1,40}$/.test(language)
  return enclose(text, known ? { type: "pre", language } : { type: "pre" })
}

/** A link, or `text (url)` when Telegram would refuse the address. */
export function link(content: RichPart, url: string): Rich {
  const address = acceptableLink(url)
  if (address !== null) return enclose(content, { type: "text_link", url: address })
  const shown = toRich(content)
  return shown.text === "" || shown.text === url ? plain(url) : concat(shown, ` (${url})`)
}

export function quote(content: RichPart): Rich {
  return enclose(content, { type: "blockquote" })
}

/** A quote shown as a few lines that unfold on a tap. */
export function expandableQuote(content: RichPart): Rich {
  return enclose(content, { type: "expandable_blockquote" })
}

/** A moment shown in the reader's own time zone; `fallback` is what older clients show. `unixTime` in seconds. */
export function dateTime(unixTime: number, format: DateFormat, fallback: string): Rich {
  return enclose(fallback, { type: "date_time", unix_time: Math.trunc(unixTime), date_time_format: format })
}

/** Parts one after another. */
export function concat(...parts: readonly RichPart[]): Rich {
  return join(parts, "")
}

/** Parts with a separator between them. */
export function join(parts: readonly RichPart[], separator: string): Rich {
  const gap = cleanText(separator)
  let text = ""
  const entities: Entity[] = []
  parts.forEach((part, index) => {
    const rich = toRich(part)
    if (index > 0) text += gap
    for (const entity of rich.entities) entities.push({ ...entity, offset: entity.offset + text.length })
    text += rich.text
  })
  return { text, entities }
}

function toRich(part: RichPart): Rich {
  return typeof part === "string" ? plain(part) : part
}

function enclose(content: RichPart, mark: Mark): Rich {
  const rich = toRich(content)
  if (rich.text.trim() === "") return rich
  const whole = { start: 0, end: rich.text.length }
  const inner = rich.entities.filter((entity) => mayContain(mark, entity))
  const holes = isStyle(mark) ? inner.filter(isSolid) : []
  const outer = cutAround(whole, holes)
    .map((piece) => (mark.type === "pre" ? piece : withoutOuterSpace(rich.text, piece)))
    .filter(({ start, end }) => end > start)
    .map(({ start, end }): Entity => ({ ...mark, offset: start, length: end - start }))
  return { text: rich.text, entities: [...outer, ...inner].sort(byPosition) }
}

/** Telegram's nesting rules: code holds nothing, a quote no quote; a link or a style never itself. */
function mayContain(outer: Mark, inner: Mark): boolean {
  switch (outer.type) {
    case "code":
    case "pre":
    case "date_time":
      return false
    case "text_link":
      // Telegram would drop the code and keep the link; so do we, for the target matters more than the typeface.
      return isStyle(inner)
    case "blockquote":
    case "expandable_blockquote":
      return !isQuote(inner)
    case "bold":
    case "italic":
    case "underline":
    case "strikethrough":
    case "spoiler":
      return inner.type !== outer.type && !isQuote(inner)
  }
}

function isStyle(mark: Mark): boolean {
  return !isSolid(mark) && !isQuote(mark) && mark.type !== "text_link" && mark.type !== "date_time"
}

function isQuote(mark: Mark): boolean {
  return mark.type === "blockquote" || mark.type === "expandable_blockquote"
}

function isSolid(mark: Mark): boolean {
  return mark.type === "code" || mark.type === "pre"
}

interface Range {
  readonly start: number
  readonly end: number
}

function cutAround(range: Range, holes: readonly Entity[]): readonly Range[] {
  const pieces: Range[] = []
  let start = range.start
  for (const hole of holes) {
    if (hole.offset > start) pieces.push({ start, end: Math.min(hole.offset, range.end) })
    start = Math.max(start, hole.offset + hole.length)
  }
  if (start < range.end) pieces.push({ start, end: range.end })
  return pieces
}

function withoutOuterSpace(text: string, { start, end }: Range): Range {
  const inside = text.slice(start, end)
  return { start: end - inside.trimStart().length, end: start + inside.trimEnd().length }
}

function byPosition(a: Entity, b: Entity): number {
  return a.offset - b.offset || b.length - a.length
}
