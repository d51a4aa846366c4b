/**
 * Completes what is half-written at the end of streamed Markdown, so that a preview does not flicker between markup
 * and text: `**bo` → `**bo**`, `[docs](htt` → `docs`, a table without its second line → hidden until it has one.
 */
export function closeDangling(prefix: string): string {
  const lines = prefix.split("\n")
  const block = lastBlock(lines)
  if (block.kind === "fence") return withoutPartialFence(lines)
  const head = lines.slice(0, block.start)
  const tail = withoutPartialLines(lines.slice(block.start)).join("\n")
  return [...head, closeInline(withoutOpenLink(tail))].join("\n")
}

/**
 * The end of a long text, at most about `length` UTF-16 units, cut at a line; a block of code it begins in is opened
 * again. A preview shows the end, and parsing all of a long text for every frame would block the process.
 */
export function recentPart(markdown: string, length: number): string {
  if (markdown.length <= length) return markdown
  const lines = markdown.slice(-LONGEST_READ).split("\n")
  let remaining = Math.min(markdown.length, LONGEST_READ)
  let fence: OpenFence | null = null
  for (const [index, line] of lines.entries()) {
    if (remaining <= length) {
      return ["…", "", ...(fence === null ? [] : [fence.line]), ...lines.slice(index)].join("\n")
    }
    fence = fenceAfter(line, fence)
    remaining -= line.length + 1
  }
  return `…\n\n${markdown.slice(-length)}`
}

/** Of a longer text it is not known whether its end is code. */
const LONGEST_READ = 64_000

interface OpenFence {
  readonly marks: string
  readonly line: string
}

/** The block of code that is open after this line, if any. */
function fenceAfter(line: string, open: OpenFence | null): OpenFence | null {
  const marks = /^[\s>]*(?:(?:[-*+]|\d+[.)])\s+)*(`{3,}|~{3,})/.exec(line)?.[1]
  if (marks === undefined) return open
  if (open === null) return { marks, line: line.trimStart() }
  return marks.startsWith(open.marks) && line.trim().endsWith(marks) ? null : open
}

type LastBlock = { readonly kind: "fence" } | { readonly kind: "text"; readonly start: number }

function lastBlock(lines: readonly string[]): LastBlock {
  let fence: OpenFence | null = null
  let start = 0
  lines.forEach((line, index) => {
    const before = fence
    fence = fenceAfter(line, before)
    if (fence === null && (before !== null || line.trim() === "")) start = index + 1
  })
  return fence === null ? { kind: "text", start } : { kind: "fence" }
}

/** A closing fence arrives one character at a time. */
function withoutPartialFence(lines: readonly string[]): string {
  const last = lines.at(-1) ?? ""
  return (/^\s*[`~]{1,2}$/.test(last) ? lines.slice(0, -1) : lines).join("\n")
}

function withoutPartialLines(lines: readonly string[]): readonly string[] {
  const last = lines.at(-1) ?? ""
  // `-`, `==` or `#` alone may become a list, a heading underline or a heading; each looks different.
  const shown = /^\s*(?:[-=+*#>~`]+|\d+[.)]?)\s*$/.test(last) ? lines.slice(0, -1) : lines
  return withoutPartialTable(shown)
}

function withoutPartialTable(lines: readonly string[]): readonly string[] {
  const first = lines.findIndex((line) => line.trimStart().startsWith("|"))
  if (first === -1 || !(lines.at(-1) ?? "").trimStart().startsWith("|")) return lines
  const complete = lines.slice(0, -1)
  return complete.length - first < 2 ? lines.slice(0, first) : complete
}

/** `[label](http` and `[label` become their label; a task's half-written box is hidden. */
function withoutOpenLink(text: string): string {
  return text
    .replace(/^(\s*[-*+] )\[[ xX]?\]?$/m, "$1")
    .replace(/!?\[([^\][]*)\]\([^()\s]*(?:\([^()\s]*\)?[^()\s]*)?$/, "$1")
    .replace(/!?\[([^\][]*)$/, "$1")
}

/** Walks over the markers outside code and closes those still open, innermost first. */
function closeInline(text: string): string {
  const open: { readonly marker: string; readonly at: number }[] = []
  for (const { 0: marker, index: at } of text.matchAll(/\\.|`+|\*{1,3}|_{1,2}|~~/gs)) {
    if (marker.startsWith("\\")) continue
    const top = open.at(-1)
    if (top?.marker.startsWith("`")) {
      if (marker === top.marker) open.pop()
      continue
    }
    const before = text[at - 1] ?? " "
    const after = text[at + marker.length] ?? " "
    if (top !== undefined && top.marker === marker && !/\s/.test(before)) open.pop()
    else if (opens({ marker, before, after, isLast: at + marker.length === text.length }))
      open.push({ marker, at })
  }
  return open.length > MOST_OPEN ? text : open.reduceRight(closeOne, text)
}

/** More than this is not emphasis being written. */
const MOST_OPEN = 8

interface Flank {
  readonly marker: string
  readonly before: string
  readonly after: string
  readonly isLast: boolean
}

function opens({ marker, before, after, isLast }: Flank): boolean {
  if (marker.startsWith("`")) return true
  if (isLast) return /[\s(["']/.test(before)
  return !/\s/.test(after) && (marker.startsWith("*") || !/\w/.test(before))
}

function closeOne(text: string, { marker, at }: { readonly marker: string; readonly at: number }): string {
  const content = text.slice(at + marker.length)
  if (/^[\s*_~`]*$/.test(content)) return text.slice(0, at).trimEnd()
  const half = marker.slice(0, -1)
  const shown = text.trimEnd()
  // The first of two closing characters has arrived; the other follows in the next piece.
  return half !== "" && shown.endsWith(half) ? shown + marker.slice(half.length) : shown + marker
}
