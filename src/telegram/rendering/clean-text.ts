import { withoutEscapes } from "../../core/terminal-text.ts"

/** Shown where there is nothing to show: Telegram refuses a message without visible text. */
export const NOTHING_VISIBLE = "…"

/**
 * Removes what Telegram rejects (lone surrogates), drops itself (controls, bidi overrides) or shows as rubbish
 * (terminal colours). Done before offsets are counted, so that they stay true after the server's own cleaning.
 */
export function cleanText(text: string): string {
  return withoutEscapes(text)
    .replace(/\r\n?|[\u0085\u2028\u2029]/gu, "\n")
    .replace(/\p{Surrogate}|[\u202A-\u202E\uFEFF]|(?![\n\t])\p{Cc}/gu, "")
}

/** Whether Telegram would find any text in it; spaces, invisible marks and blank braille do not count. */
export function isVisible(text: string): boolean {
  return /[^\s\p{Cc}\p{Cf}\p{Cs}\p{Default_Ignorable_Code_Point}\u2800\uFFFC]/u.test(text)
}
