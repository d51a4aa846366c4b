/**
 * What of a text is worth parsing. The parser takes some microseconds a character, and grows with the square of the
 * marks in a paragraph: without a limit one answer of 64 KB made of marks would hold the process up for minutes.
 */

export interface Stretch {
  readonly kind: "markdown" | "plain"
  readonly text: string
}

/** UTF-16 units that are parsed in all: more than the messages an answer is shown in. */
const MOST_CHARACTERS = 20_000
/** Marks and lines in all; short paragraphs full of code and links have some 3,500 in 16,000 characters. */
const MOST_COSTS = 4_000
/** What beginning a block costs, in lines. */
const COST_OF_BLOCK = 4
const COST_OF_CODE_LINE = 0.25
/** The same in one block. */
const MOST_MARKS = 400
const MOST_LINES = 600
/** Quotes, lists and indentation that a line may begin with, one inside the other. */
const DEEPEST = 40

/** The text in pieces, in order: one piece where all of it may be parsed. */
export function withinBudget(source: string): readonly Stretch[] {
  const stretches: Stretch[] = []
  let left = { characters: MOST_CHARACTERS, costs: MOST_COSTS }
  for (const block of blocksOf(source)) {
    const costs = COST_OF_BLOCK + block.marks + block.lines
    const isBeyond = block.text.length > left.characters || costs > left.costs
    // After the end of the budget everything is plain: a text does not change its look back and forth.
    if (isBeyond) return [...stretches, { kind: "plain", text: source.slice(block.start) }]
    const isCalm = block.marks <= MOST_MARKS && block.lines <= MOST_LINES && !block.isTooNested
    if (isCalm) left = { characters: left.characters - block.text.length, costs: left.costs - costs }
    append(stretches, { kind: isCalm ? "markdown" : "plain", text: block.text })
  }
  return stretches
}

function append(stretches: Stretch[], { kind, text }: Stretch): void {
  const last = stretches.at(-1)
  if (last?.kind === kind) stretches[stretches.length - 1] = { kind, text: `${last.text}\n\n${text}` }
  else stretches.push({ kind, text })
}

interface Block {
  readonly start: number
  readonly text: string
  /** Outside code. */
  readonly marks: number
  readonly lines: number
  readonly isTooNested: boolean
}

/** Parts between blank lines; a block of code is in one with its blank lines. */
function* blocksOf(source: string): Generator<Block> {
  let block = emptyBlock(0)
  let code: string | null = null
  let isHtmlSeen = false
  for (let at = 0; at < source.length; ) {
    const end = endOfLine(source, at)
    const line = source.slice(at, end)
    if (code === null && line.trim() === "") {
      if (at > block.start) yield { ...block, text: source.slice(block.start, at - 1) }
      block = emptyBlock(end + 1)
    } else {
      // Where HTML may be open, what looks like code may be none.
      isHtmlSeen ||= code === null && /^ {0,3}</.test(line)
      const isText = code === null || isHtmlSeen
      block.lines += isText ? 1 : COST_OF_CODE_LINE
      if (isText) {
        block.marks += marksOf(line)
        block.isTooNested ||= containersOf(line) >= DEEPEST
      }
      code = code === null ? openedBy(line) : isClosedBy(line, code) ? null : code
    }
    at = end + 1
  }
  if (source.length > block.start) yield { ...block, text: source.slice(block.start) }
}

function emptyBlock(start: number) {
  return { start, marks: 0, lines: 0, isTooNested: false }
}

function endOfLine(source: string, at: number): number {
  const end = source.indexOf("\n", at)
  return end === -1 ? source.length : end
}

/** The fence of a block of code at the margin; further in, only the parser can tell what it belongs to. */
function openedBy(line: string): string | null {
  return /^(?:(`{3,})[^`]*|(~{3,}).*)$/.exec(line)?.slice(1).find(Boolean) ?? null
}

/** As CommonMark has it: otherwise code would be taken for text from here on, and text for code. */
function isClosedBy(line: string, fence: string): boolean {
  const marks = /^ {0,3}(`{3,}|~{3,})[ \t]*$/.exec(line)?.[1]
  return marks?.startsWith(fence) ?? false
}

const MARKS: ReadonlySet<number> = new Set([..."*_[]~`<>|&!\\:@"].map((mark) => mark.charCodeAt(0)))

/** Signs that the parser keeps until it knows what they belong to, and beginnings of addresses. */
function marksOf(line: string): number {
  let count = line.split(/www\./i).length - 1
  for (let at = 0; at < line.length; at++) if (MARKS.has(line.charCodeAt(at))) count += 1
  return count
}

/** Signs of quotes and lists, and steps of indentation, before the first word. */
function containersOf(line: string): number {
  const lead = /^(?:[\s>*+.)-]|\d)*/.exec(line)?.[0] ?? ""
  const signs = lead.replace(/[\s\d]/g, "").length
  return signs + Math.floor((lead.length - lead.trimStart().length) / 2)
}
