/** Cuts formatted text into messages. */

import { graphemesOf } from "../../core/graphemes.ts"
import { isVisible, NOTHING_VISIBLE } from "./clean-text.ts"
import { type Entity, plain, type Rich } from "./rich.ts"
import { slice, trim } from "./rich-edit.ts"

export interface SplitLimits {
  /** UTF-16 units of text per part, at least 2. Telegram counts code points, so its 4096 are always safe. */
  readonly limit: number
  /** Telegram silently drops entities beyond 100, and adds some of its own. */
  readonly maxEntities: number
  /** UTF-8 bytes of all entities with their addresses; beyond about 9500 Telegram answers ENTITIES_TOO_LONG. */
  readonly maxEntityBytes: number
}

/** A part that may have arrived already says so when it is sent again, in a line of its own. */
const ROOM_FOR_MARK = 24
const TELEGRAM: SplitLimits = { limit: 4096 - ROOM_FOR_MARK, maxEntities: 96, maxEntityBytes: 9000 }

/**
 * Parts that Telegram accepts, in order, at least one. Cuts between paragraphs, else lines, else words, never inside a
 * character; a block of code is kept whole where it fits. Entities that are cut go on in the next part, so code keeps
 * its language and quotes stay quotes. White space at a cut is dropped.
 */
export function splitRich(rich: Rich, limits: Partial<SplitLimits> = {}): readonly Rich[] {
  const all = { ...TELEGRAM, ...limits }
  const parts: Rich[] = []
  let start = 0
  while (start < rich.text.length) {
    const furthest = furthestEnd(rich, start, all)
    const end = furthest === rich.text.length ? furthest : bestCut(rich, { start, end: furthest }, all.limit)
    const part = trim(slice(rich, start, end))
    if (isVisible(part.text)) parts.push(withinBudget(part, all))
    start = nextStart(rich, end)
  }
  return parts.length > 0 ? parts : [plain(NOTHING_VISIBLE)]
}

/** Past the white space at a cut, but not past the indentation of code. */
function nextStart(rich: Rich, end: number): number {
  const isCode = rich.entities.some(
    (entity) => entity.type === "pre" && entity.offset <= end && end < entity.offset + entity.length,
  )
  const gap = isCode ? /\n*/y : /\s*/y
  gap.lastIndex = end
  return end + (gap.exec(rich.text)?.[0].length ?? 0)
}

interface Window {
  readonly start: number
  readonly end: number
}

function furthestEnd(rich: Rich, start: number, limits: SplitLimits): number {
  const end = Math.min(rich.text.length, start + limits.limit)
  const inside = rich.entities.filter(
    (entity) => entity.offset < end && entity.offset + entity.length > start,
  )
  const surplus = inside[affordable(inside, limits)]
  return surplus !== undefined && surplus.offset > start ? surplus.offset : end
}

/** How many of the first entities a part can hold. */
function affordable(entities: readonly Entity[], limits: SplitLimits): number {
  let bytes = 0
  const tooMany = entities.findIndex((entity, index) => {
    bytes += wireSize(entity)
    return index >= limits.maxEntities || bytes > limits.maxEntityBytes
  })
  return tooMany === -1 ? entities.length : tooMany
}

/** A constructor, an offset and a length of four bytes each, and the string it carries. */
function wireSize(entity: Entity): number {
  switch (entity.type) {
    case "text_link":
      return 16 + Buffer.byteLength(entity.url)
    case "pre":
      return 16 + Buffer.byteLength(entity.language ?? "")
    default:
      return 16
  }
}

/** More entities than allowed on one spot cannot be divided over parts: the innermost go. */
function withinBudget(part: Rich, limits: SplitLimits): Rich {
  const count = affordable(part.entities, limits)
  return count === part.entities.length ? part : { ...part, entities: part.entities.slice(0, count) }
}

function bestCut(rich: Rich, window: Window, limit: number): number {
  const size = window.end - window.start
  const blocks = rich.entities.filter((entity) => entity.type === "pre")
  const cut = blocks.find((block) => block.offset < window.end && block.offset + block.length > window.end)
  if (cut !== undefined && cut.length <= limit && cut.offset - window.start >= size * 0.3) return cut.offset
  const outside = (at: number) =>
    !blocks.some((block) => block !== cut && block.offset < at && at < block.offset + block.length)
  const find = (separator: string, least: number) =>
    lastBreak(rich.text, { separator, window, least: window.start + size * least, isAllowed: outside })
  const paragraph = cut === undefined ? find("\n\n", 0.5) : null
  return paragraph ?? find("\n", 0.25) ?? find(" ", 0.25) ?? characterEnd(rich.text, window)
}

interface BreakQuery {
  readonly separator: string
  readonly window: Window
  readonly least: number
  readonly isAllowed: (at: number) => boolean
}

function lastBreak(text: string, { separator, window, least, isAllowed }: BreakQuery): number | null {
  let at = text.lastIndexOf(separator, window.end)
  while (at > window.start && at >= least) {
    if (isAllowed(at)) return at
    at = text.lastIndexOf(separator, at - 1)
  }
  return null
}

/** Longer clusters (stacked accents) are cut; looking further back would cost more than it shows. */
const LONGEST_GRAPHEME = 128

/** The last end of a whole visible character, else of a code point, in the window. */
function characterEnd(text: string, { start, end }: Window): number {
  const base = Math.max(start, end - LONGEST_GRAPHEME)
  const cluster = graphemesOf(text.slice(base, end + LONGEST_GRAPHEME)).containing(end - base)
  const whole = base + (cluster?.index ?? end - base)
  if (whole > start && whole > base) return whole
  return isHighSurrogate(text, end - 1) && end - 1 > start ? end - 1 : end
}

function isHighSurrogate(text: string, at: number): boolean {
  return (text.charCodeAt(at) & 0xfc00) === 0xd800
}
