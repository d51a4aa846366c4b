/**
 * Without the sequences that drive a terminal: colours, cursor, titles, links, clipboard (ECMA-48, xterm). A sequence
 * without its end loses its beginning only. Takes time in proportion to the text, which `util.stripVTControlCharacters`
 * does not: 1 MB of `ESC ]` holds it for minutes.
 */
export function withoutEscapes(text: string): string {
  return text.includes("\u001b") || /[\u0090\u0098\u009b\u009d-\u009f]/.test(text)
    ? text.replace(SEQUENCE, "")
    : text
}

/** Strings first (title, link, clipboard, device control), then control sequences, then what has two characters. */
const SEQUENCE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  /(?:\u001b[\]PX^_]|[\u0090\u0098\u009d-\u009f])[^\u0007\u001b\u009c]*(?:\u0007|\u001b\\|\u009c)|(?:\u001b\[|\u009b)[0-?]*[ -/]*[@-~]|\u001b[ -/]*[0-~]?/g
