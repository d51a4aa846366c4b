const limit = 4096

/** Cuts a long text the way Telegram's clients do before sending: at a line or a word if there is one near the end. */
export function splitPaste(text: string): string[] {
  const parts: string[] = []
  let rest = text.trim()
  while (rest.length > limit) {
    const cut = cutAt(rest)
    parts.push(rest.slice(0, cut).trimEnd())
    rest = rest.slice(cut).trimStart()
  }
  return rest === "" ? parts : [...parts, rest]
}

function cutAt(text: string): number {
  const window = text.slice(0, limit)
  const line = window.lastIndexOf("\n")
  if (line > limit / 2) return line
  const word = window.lastIndexOf(" ")
  if (word > limit / 2) return word
  const isInsidePair = /[\uD800-\uDBFF]$/.test(window)
  return isInsidePair ? limit - 1 : limit
}
