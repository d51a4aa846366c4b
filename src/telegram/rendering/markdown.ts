/** Markdown, as agents write it, to Telegram text and entities. */
import { cleanText, isVisible, NOTHING_VISIBLE } from "./clean-text.ts"
import { renderDocument } from "./markdown-blocks.ts"
import { readMarkdown } from "./markdown-source.ts"
import { plain, type Rich } from "./rich.ts"
import { trim } from "./rich-edit.ts"
import { closeDangling, recentPart } from "./streaming.ts"

/** Beyond this an answer is a file, not a message; it is not worth the parser's time (UTF-16 units). */
const LONGEST_FORMATTED = 64_000
/** A preview shows one message; four times that leaves the parser enough to see where it is. */
const LONGEST_STREAMED = 16_000

/**
 * Never throws, never returns an empty text: what has no visible result is shown as written, and nothing as "…".
 * The result may be longer than a message: see `splitRich`.
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
  if (source.length > LONGEST_FORMATTED || isTooNested(source)) return unformatted(source)
  try {
    const rich = trim(renderDocument(readMarkdown(source)))
    return isVisible(rich.text) ? rich : null
  } catch (error) {
    // The parser and this renderer are recursive: thousands of nested marks exhaust the stack.
    if (error instanceof RangeError) return unformatted(source)
    throw error
  }
}

function unformatted(source: string): Rich | null {
  return isVisible(source) ? plain(source.trim()) : null
}

/** The parser is slow on absurd nesting, which no agent writes but a quoted file may hold. */
function isTooNested(source: string): boolean {
  return /^(?:[ \t]*(?:>|(?:[-*+]|\d{1,9}[.)])[ \t])){40}/m.test(source)
}
