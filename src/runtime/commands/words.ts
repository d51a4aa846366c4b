/** What a command answers, before a surface gives it a look. */

export type Span = string | { readonly bold: string } | { readonly code: string }
export type Words = readonly Span[]

export const bold = (text: string): Words => [{ bold: text }]
export const code = (text: string): Words => [{ code: text }]

export function concat(...parts: readonly (string | Words)[]): Words {
  return parts.flatMap((part) => (typeof part === "string" ? [part] : part))
}

export function join(parts: readonly (string | Words)[], separator: string): Words {
  return parts.flatMap((part, index) => concat(...(index === 0 ? [] : [separator]), part))
}

/** For where there are only letters. */
export function plain(words: Words): string {
  return words
    .map((span) => (typeof span === "string" ? span : "bold" in span ? span.bold : span.code))
    .join("")
}
