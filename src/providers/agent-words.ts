import { makeRedactor } from "../core/redact.ts"
import { firstLine } from "./bounded-text.ts"

const redact = makeRedactor([])

/**
 * The first line of what an agent says about a failure, fit for a chat: without keys; nothing where it is a payload, a
 * stack trace or names a path.
 */
export function agentWords(text: string): string | undefined {
  const line = firstLine(redact(text), 300)
  return line === "" || /[{}]|(^|\s)\/\S|\bat .*:\d+/.test(line) ? undefined : line
}
