import { withoutEscapes } from "../core/terminal-text.ts"

/** Text of an agent or a log as it may be shown: it must not drive the terminal it is shown in. */
export function harmless(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  const controls = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g
  return withoutEscapes(text).replaceAll("\r\n", "\n").replace(controls, "\ufffd")
}
