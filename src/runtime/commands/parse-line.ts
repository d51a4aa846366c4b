/** Which words are a command. Pure. */

export interface Line {
  readonly name: string
  /** What follows the name, trimmed. */
  readonly rest: string
  /** `/name@somebody`: whom it is for. */
  readonly addressee: string | null
}

/** `/name@bot rest`; null when the text has not the form of a command. */
export function parseLine(text: string): Line | null {
  const match = /^\/([a-zA-Z0-9_]{1,32})(?:@([a-zA-Z0-9_]+))?(?:\s+([\s\S]*))?$/.exec(text.trim())
  if (!match?.[1]) return null
  return { name: match[1].toLowerCase(), rest: (match[3] ?? "").trim(), addressee: match[2] ?? null }
}
