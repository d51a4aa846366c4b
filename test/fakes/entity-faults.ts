import type { Entity, Rich } from "../../src/telegram/rendering/rich.ts"

/**
 * What is wrong with a list of entities by Telegram's published rules (TDLib `formattedText`): Telegram repairs some of
 * these silently by dropping formatting, so its parser alone would not tell. Empty when all is well.
 */
export function entityFaults({ text, entities }: Rich): readonly string[] {
  const single = entities.flatMap((entity) => faultsOf(text, entity))
  const pairs = entities.flatMap((a, index) => entities.slice(index + 1).flatMap((b) => pairFaults(a, b)))
  return [...single, ...pairs]
}

function faultsOf(text: string, entity: Entity): readonly string[] {
  const { offset, length, type } = entity
  const shown = text.slice(offset, offset + length)
  return [
    ...(offset < 0 || length <= 0 || offset + length > text.length ? [`${type} out of bounds`] : []),
    ...(shown.isWellFormed() ? [] : [`${type} cuts a surrogate pair`]),
    ...(shown.trim() === "" ? [`${type} over white space`] : []),
  ]
}

function pairFaults(a: Entity, b: Entity): readonly string[] {
  const endA = a.offset + a.length
  const endB = b.offset + b.length
  const names = `${a.type} and ${b.type} at ${a.offset} and ${b.offset}`
  if (b.offset < a.offset || (b.offset === a.offset && b.length > a.length)) return [`${names}: not sorted`]
  if (b.offset >= endA) return []
  if (endB > endA) return [`${names}: partial overlap`]
  if (HOLDS_NOTHING.has(a.type)) return [`${names}: nothing may be inside`]
  if (QUOTES.has(a.type) && QUOTES.has(b.type)) return [`${names}: nested quotes`]
  if (a.type === b.type) return [`${names}: nested in itself`]
  if (!QUOTES.has(a.type) && (HOLDS_NOTHING.has(b.type) || QUOTES.has(b.type)))
    return [`${names}: must stand alone`]
  return []
}

const HOLDS_NOTHING: ReadonlySet<string> = new Set(["code", "pre", "date_time"])
const QUOTES: ReadonlySet<string> = new Set(["blockquote", "expandable_blockquote"])
