const CONTEXT = 3
const MAX_DIFF = 64 * 1024

/**
 * A unified diff of one hunk: what differs between the common head and the common tail. Not the smallest diff, but a
 * correct one in linear time. Bounded to 64 Ki characters.
 */
export function unifiedDiff(before: string, after: string): string {
  const old = splitLines(before)
  const now = splitLines(after)
  const head = commonPrefix(old, now)
  const tail = commonSuffix(old, now, head)
  if (head === old.length && head === now.length) return ""
  const from = Math.max(0, head - CONTEXT)
  const oldEnd = Math.min(old.length, old.length - tail + CONTEXT)
  const nowEnd = Math.min(now.length, now.length - tail + CONTEXT)
  const lines = [
    `@@ -${range(from, oldEnd)} +${range(from, nowEnd)} @@`,
    ...old.slice(from, head).map((line) => ` ${line}`),
    ...old.slice(head, old.length - tail).map((line) => `-${line}`),
    ...now.slice(head, now.length - tail).map((line) => `+${line}`),
    ...old.slice(old.length - tail, oldEnd).map((line) => ` ${line}`),
  ]
  return clip(`${lines.join("\n")}\n`)
}

function splitLines(text: string): readonly string[] {
  if (text === "") return []
  return (text.endsWith("\n") ? text.slice(0, -1) : text).split("\n")
}

function commonPrefix(a: readonly string[], b: readonly string[]): number {
  let n = 0
  while (n < a.length && n < b.length && a[n] === b[n]) n++
  return n
}

function commonSuffix(a: readonly string[], b: readonly string[], head: number): number {
  let n = 0
  while (n < a.length - head && n < b.length - head && a[a.length - 1 - n] === b[b.length - 1 - n]) n++
  return n
}

function range(start: number, end: number): string {
  const length = end - start
  return `${length === 0 ? start : start + 1},${length}`
}

function clip(diff: string): string {
  return diff.length <= MAX_DIFF ? diff : `${diff.slice(0, diff.lastIndexOf("\n", MAX_DIFF) + 1)}…\n`
}
