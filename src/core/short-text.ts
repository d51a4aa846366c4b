/** Words of others where there is room for one short line: labels of buttons, titles, names, notices. */

import { graphemesOf } from "./graphemes.ts"
import { withoutEscapes } from "./terminal-text.ts"

const ELLIPSIS = "…"

/**
 * One line without anything that a wire or a screen refuses (half characters, controls, bidi overrides), at most
 * `limit` UTF-16 units long. What is cut ends in an ellipsis, and never in the middle of what reads as one character.
 */
export function shortText(text: string, limit: number): string {
  // More is never shown; a text of megabytes is not searched for its whitespace.
  const near = text.length > 8 * limit ? text.slice(0, 8 * limit) : text
  const line = oneLine(near)
  if (line.length <= limit && near.length === text.length) return line
  return cutAt(line, limit - ELLIPSIS.length).trimEnd() + ELLIPSIS
}

/** At most `limit` UTF-16 units of it, ending between two characters. */
export function cutAt(text: string, limit: number): string {
  if (text.length <= limit) return text
  let end = 0
  for (const { index, segment } of graphemesOf(text.slice(0, limit + LONGEST))) {
    const next = index + segment.length
    if (next > limit) break
    end = next
  }
  // One character alone may be longer than the room there is: then it is halved, but never into half code points.
  return end > 0 ? text.slice(0, end) : text.slice(0, limit).replace(/[\uD800-\uDBFF]$/, "")
}

/** Looked at beyond the limit, to know whether a character ends there. */
const LONGEST = 64

function oneLine(text: string): string {
  return withoutEscapes(text)
    .replace(/\s+/gu, " ")
    .replace(/\p{Surrogate}|[\u202A-\u202E\u2066-\u2069\uFEFF]|\p{Cc}/gu, "")
    .trim()
}
