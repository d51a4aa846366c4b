import { structuredPatch } from "diff"

const CONTEXT = 3
const MAX_DIFF = 64 * 1024
/** Beyond so many changed lines the smallest diff is not looked for: that would take more than 100 ms. */
const MAX_EDITS = 1_000

/** The hunks of a unified diff with three lines of context; bounded to 64 Ki characters, empty when nothing differs. */
export function unifiedDiff(before: string, after: string): string {
  const [old, now] = sameEnds(before, after)
  const patch = structuredPatch("", "", old, now, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: MAX_EDITS,
  })
  return clipDiff((patch?.hunks ?? [wholeReplaced(old, now)]).map(hunkText).join(""))
}

export interface Hunk {
  readonly oldStart: number
  readonly oldLines: number
  readonly newStart: number
  readonly newLines: number
  readonly lines: readonly string[]
}

/** As `diff -u` writes it: a side without lines is named by the line before it. */
export function hunkText({ oldStart, oldLines, newStart, newLines, lines }: Hunk): string {
  const range = (start: number, count: number): string => `${count === 0 ? start - 1 : start},${count}`
  const body = lines.map((line) => `${line}\n`).join("")
  return `@@ -${range(oldStart, oldLines)} +${range(newStart, newLines)} @@\n${body}`
}

/** Whole lines of a diff, up to 64 Ki characters, and how many more there are. */
export function clipDiff(diff: string): string {
  if (diff.length <= MAX_DIFF) return diff
  const kept = diff.slice(0, diff.lastIndexOf("\n", MAX_DIFF) + 1)
  const left = diff.slice(kept.length).split("\n").length - 1
  return `${kept}… ${left} more lines\n`
}

/** A line end that both texts lack says nothing; without one on both sides it would fill the diff with remarks. */
function sameEnds(before: string, after: string): readonly [string, string] {
  const lacks = (text: string): boolean => text !== "" && !text.endsWith("\n")
  const isNoise = (lacks(before) || before === "") && (lacks(after) || after === "")
  const ended = (text: string): string => (isNoise && text !== "" ? `${text}\n` : text)
  return [ended(before), ended(after)]
}

function wholeReplaced(before: string, after: string): Hunk {
  const [old, now] = [linesOf(before), linesOf(after)]
  return {
    ...{ oldStart: 1, oldLines: old.length },
    ...{ newStart: 1, newLines: now.length },
    lines: [...old.map((line) => `-${line}`), ...now.map((line) => `+${line}`)],
  }
}

function linesOf(text: string): readonly string[] {
  return text === "" ? [] : text.replace(/\n$/, "").split("\n")
}
