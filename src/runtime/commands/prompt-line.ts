import { shortText } from "../../core/short-text.ts"
import type { Turn } from "../../ledger/turns.ts"

/** A prompt in one line of at most `length` UTF-16 units; the names of its files when it has no words. */
export function promptLine({ prompt }: Pick<Turn, "prompt">, length: number): string {
  return shortText(prompt.text, length) || shortText(prompt.files.map((file) => file.name).join(", "), length)
}
