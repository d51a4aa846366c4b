/** Operations on formatted text that move its entities along. */
import type { Entity, Rich } from "./rich.ts"

/** The part from `start` to `end` (UTF-16 units); entities that cross an edge are cut there. */
export function slice(rich: Rich, start: number, end: number): Rich {
  const entities = rich.entities.flatMap((entity): Entity[] => {
    const from = Math.max(entity.offset, start)
    const to = Math.min(entity.offset + entity.length, end)
    return to > from ? [{ ...entity, offset: from - start, length: to - from }] : []
  })
  return { text: rich.text.slice(start, end), entities }
}

/** Without blank lines at the start, and without white space at the end or (outside code) at the start. */
export function trim(rich: Rich): Rich {
  const { text } = rich
  const end = text.trimEnd().length
  const firstLetter = text.length - text.trimStart().length
  const insideCode = rich.entities.some(
    (entity) =>
      entity.type === "pre" && entity.offset <= firstLetter && firstLetter < entity.offset + entity.length,
  )
  // In code the indentation of the first line belongs to the code; the line breaks before it do not.
  const start = insideCode ? text.lastIndexOf("\n", firstLetter) + 1 : firstLetter
  return slice(rich, Math.min(start, end), end)
}

/** Puts `width` spaces before every line but the first. Lines of code and of quotes, blocks of their own, stay. */
export function indentFollowing(rich: Rich, width: number): Rich {
  const blocks = rich.entities.filter(isBlock)
  const starts = lineStarts(rich.text).filter((at) => !blocks.some((block) => isWithin(at, block)))
  if (width === 0 || starts.length === 0) return rich
  const pad = " ".repeat(width)
  const pieces = [0, ...starts].map((at, index) => rich.text.slice(at, starts[index] ?? rich.text.length))
  return {
    text: pieces.join(pad),
    entities: rich.entities.map((entity) => {
      const offset = entity.offset + width * countUpTo(starts, entity.offset)
      const end = entity.offset + entity.length
      return { ...entity, offset, length: end + width * countUpTo(starts, end - 1) - offset }
    }),
  }
}

/** Whether it begins with a block (code or quote) that has to start on a line of its own. */
export function startsWithBlock(rich: Rich): boolean {
  return rich.entities.some((entity) => isBlock(entity) && entity.offset === 0)
}

function isBlock(entity: Entity): boolean {
  return entity.type === "pre" || entity.type === "blockquote" || entity.type === "expandable_blockquote"
}

function isWithin(at: number, block: Entity): boolean {
  return block.offset <= at && at < block.offset + block.length
}

function lineStarts(text: string): readonly number[] {
  return [...text.matchAll(/\n(?=[^\n])/g)].map((match) => match.index + 1)
}

/** How many of the ascending `positions` are at or before `limit`. */
function countUpTo(positions: readonly number[], limit: number): number {
  let low = 0
  let high = positions.length
  while (low < high) {
    const middle = (low + high) >> 1
    if ((positions[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
