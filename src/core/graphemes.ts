let segmenter: Intl.Segmenter | null = null

/** What a reader takes for one character each. The segmenter loads tables for ms, so a start does not wait for it. */
export function graphemesOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" })
  return segmenter.segment(text)
}
