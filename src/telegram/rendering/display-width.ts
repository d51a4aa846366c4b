import { graphemesOf } from "../../core/graphemes.ts"

const wide =
  /\uFE0F|[\p{Emoji_Presentation}\u{1100}-\u{115F}\u{2E80}-\u{303E}\u{3041}-\u{A4CF}\u{AC00}-\u{D7A3}\u{F900}-\u{FAFF}\u{FE30}-\u{FE6F}\u{FF00}-\u{FF60}\u{FFE0}-\u{FFE6}\u{20000}-\u{3FFFD}]/u

/** Columns the text takes in a monospace font: two for Chinese, Japanese, Korean and emoji. */
export function displayWidth(text: string): number {
  let columns = 0
  for (const { segment } of graphemesOf(text)) columns += wide.test(segment) ? 2 : 1
  return columns
}
