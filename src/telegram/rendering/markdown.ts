/** Markdown, as agents write it, to Telegram text and entities. */
import { cleanText, isVisible, NOTHING_VISIBLE } from "./clean-text.ts"
import { renderDocument } from "./markdown-blocks.ts"
import { type Stretch, withinBudget } from "./markdown-budget.ts"
import { readMarkdown } from "./markdown-source.ts"
import { join, plain, type Rich } from "./rich.ts"
import { trim } from "./rich-edit.ts"
import { closeDangling, recentPart } from "./streaming.ts"

/** A preview shows one message; four times that leaves the parser enough to see where it is. */
const LONGEST_STREAMED = 16_000

/**
 * Never throws, never returns an empty text: what has no visible result is shown as written, and nothing as "…".
 * What would cost too much to parse, and what lies beyond the messages an answer is shown in, is plain text. The result
 * may be longer than a message: see `splitRich`.
 */
export function renderMarkdown(markdown: string): Rich {
  const source = cleanText(markdown)
  return render(source) ?? unformatted(source) ?? plain(NOTHING_VISIBLE)
}

/**
 * The same for a text still being written: half-written markup at its end is completed or hidden. Of a long text only
 * the end is rendered. A frame is the last part of `splitRich`.
 */
export function renderStreaming(prefix: string): Rich {
  return render(closeDangling(recentPart(cleanText(prefix), LONGEST_STREAMED))) ?? plain(NOTHING_VISIBLE)
}

function render(source: string): Rich | null {
  const rich = join(withinBudget(source).map(renderStretch), "\n\n")
  return isVisible(rich.text) ? rich : null
}

function renderStretch({ kind, text }: Stretch): Rich {
  if (kind === "plain") return plain(text.trim())
  try {
    return trim(renderDocument(readMarkdown(text)))
  } catch (error) {
    // The parser and this renderer are recursive: thousands of nested marks exhaust the stack.
    if (error instanceof RangeError) return plain(text.trim())
    throw error
  }
}

function unformatted(source: string): Rich | null {
  return isVisible(source) ? plain(source.trim()) : null
}
