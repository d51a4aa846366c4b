/** Texts that agents and strangers could send to hold a process up, and what each costs. */

const MARKS = [
  ..."*_[]()~`<>&!#-+=|:.@/\\\"'aA1 \n\t\r;{}$",
  ..."\u001b\u009b\u202eé",
  ...[
    "**",
    "](",
    "```",
    "~~~",
    "[^",
    "- ",
    "> ",
    "1. ",
    "\n\n",
    "|-|\n",
    "[a]: b\n",
    "<!--",
    "&amp;",
    "www.",
  ],
  ...[
    "a@b.c",
    "http://",
    "a://b:",
    "\u001b]",
    "\u001b[",
    "완료",
    "👨‍👩‍👧",
    "TELEGRAM_FILE:",
    "TELEGRAM_FILE: /",
  ],
  ...["bearer ", "authorization:", "cookie: ", "x-api-key=", "SECRET", "sk-", "eyJaaaaaaaa.", "?key="],
  ...["-----BEGIN PRIVATE KEY-----", "111111:", "ghp_", "a-a."],
] as const

/** Each mark, and (of the first `pairs`) each two of them, repeated to the length. */
export function* repeats(length: number, pairs = 0): Generator<readonly [name: string, text: string]> {
  const ends = MARKS.slice(0, pairs)
  for (const mark of MARKS) yield [mark, filled(mark, length)]
  for (const one of ends) for (const other of ends) yield [one + other, filled(one + other, length)]
}

function filled(mark: string, length: number): string {
  return mark.repeat(Math.ceil(length / mark.length)).slice(0, length)
}

export interface Slow {
  readonly name: string
  /** Time of the processor on this thread, in ms, the least of three tries: a busy machine is not held against it. */
  readonly ms: number
}

/** Those that take longer than `limit` ms. */
export function slowOnes(
  texts: Iterable<readonly [name: string, text: string]>,
  { limit, run }: { readonly limit: number; readonly run: (text: string) => unknown },
): readonly Slow[] {
  const slow: Slow[] = []
  for (const [name, text] of texts) {
    let ms = Number.POSITIVE_INFINITY
    for (let tries = 0; tries < 3 && ms > limit; tries++)
      ms = Math.min(
        ms,
        costOf(() => run(text)),
      )
    if (ms > limit) slow.push({ name, ms: Math.round(ms) })
    // One that takes this long takes as long three times more.
    if (ms > 20 * limit) break
  }
  return slow
}

function costOf(run: () => unknown): number {
  const before = process.threadCpuUsage()
  run()
  const { user, system } = process.threadCpuUsage(before)
  return (user + system) / 1000
}
