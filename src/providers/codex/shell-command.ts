/** The command a person would have typed, out of the `bash -lc '…'` that Codex runs. */
export function unwrapShell(command: string): string {
  const script = /^(?:\S*\/)?(?:ba|z|da)?sh -l?c (.+)$/su.exec(command)?.[1]
  if (script === undefined) return command
  return unquote(script) ?? command
}

/** The one shell word that `text` is, without its quotes; null when it is more than one word. */
function unquote(text: string): string | null {
  const part = /'([^']*)'|"((?:[^"\\]|\\.)*)"|\\(.)|([^\s'"\\]+)/suy
  let word = ""
  while (part.lastIndex < text.length) {
    const match = part.exec(text)
    if (match === null) return null
    const [, single, double, escaped, bare] = match
    word += single ?? double?.replace(/\\(["\\$`])/gu, "$1") ?? escaped ?? bare ?? ""
  }
  return word
}
