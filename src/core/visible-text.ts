/**
 * Text of an agent as the owner may rely on it: what an eye would pass over, or take for something else, is written out
 * where it stands. Nothing is removed, because what runs is what the agent wrote.
 */
export interface VisibleText {
  readonly text: string
  /** How many marks were put in. */
  readonly marked: number
}

/** In proportion to its length, whatever it holds. */
export function visibleText(source: string): VisibleText {
  let marked = 0
  const mark = (what: string): string => {
    marked += 1
    return `⟨${what}⟩`
  }
  const text = source
    .toWellFormed()
    .replaceAll("\r\n", "\n")
    .replace(LONG_GAP, (gap) =>
      mark(gap.startsWith("\n") ? `${gap.length} line breaks` : `${gap.length} spaces`),
    )
    .replace(HIDDEN, (char, at: number, whole: string) =>
      isPartOfEmoji(char, whole.slice(Math.max(0, at - 2), at)) ? char : mark(nameOf(char)),
    )
    .replace(DOUBLES, (char) => mark(`${char} ${nameOf(char)}`))
    .replace(WORD, (word) =>
      isImitation(word) ? word.replace(FOREIGN, (char) => mark(`${char} ${nameOf(char)}`)) : word,
    )
  return { text, marked }
}

/** Pushes what follows out of sight. Code is indented by less. */
const LONG_GAP = / {60,}|\n{8,}/g

/** Controls, direction and format marks, blanks that are no space, what fonts draw as nothing. */
const HIDDEN =
  /(?![\n\t])\p{Cc}|\p{Cf}|\p{Default_Ignorable_Code_Point}|(?! )[\p{Zs}\p{Zl}\p{Zp}]|[\u2800\uFFFC\uFFFD]/gu

/** Letters and signs of ASCII in another form: fullwidth, mathematical, enclosed. */
const DOUBLES =
  /[\uFF01-\uFF5E\u{1D400}-\u{1D7FF}\u24B6-\u24E9\u2010\u2011\u2024\u2044\u2215\u2236\uFE68\u29F5\u02D0\uA789]/gu

/** Bounded, so that a text that is one word costs no more than one of many. */
const WORD = /[\p{L}\p{M}]{1,200}/gu
const FOREIGN = /[\p{Script=Cyrillic}\p{Script=Greek}\p{Script=Armenian}\p{Script=Cherokee}\p{Script=Lisu}]/gu
/** Letters of other scripts that look like Latin ones. */
const LOOK_ALIKE = /^[асеорхуіјѕһԁԛԝԍӏАВСЕНІЈКМОРЅТХУαορνικχυΑΒΕΖΗΙΚΜΝΟΡΤΥΧօսոհցքԼՕՏ]+$/u

/** A word of two scripts, or one of another script that reads as a Latin word. */
function isImitation(word: string): boolean {
  const letters = word.replace(/\p{M}/gu, "")
  const isForeign = letters.search(FOREIGN) !== -1
  return isForeign && (/\p{Script=Latin}/u.test(letters) || LOOK_ALIKE.test(letters))
}

/** Joiners and variants within emoji belong to them. */
function isPartOfEmoji(char: string, before: string): boolean {
  return (
    /^[\u200D\uFE0F\u{E0020}-\u{E007F}]$/u.test(char) &&
    /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\uFE0F)$/u.test(before)
  )
}

function nameOf(char: string): string {
  const code = char.codePointAt(0) ?? 0
  return NAMES[code] ?? `U+${code.toString(16).toUpperCase().padStart(4, "0")}`
}

const NAMES: Readonly<Record<number, string>> = {
  8: "backspace",
  13: "return",
  27: "ESC",
  160: "no-break space",
}

/** Whether there is anything to read in it. */
export function isReadable(text: string | undefined): boolean {
  return text !== undefined && /[^\s\p{Cc}\p{Cf}\p{Default_Ignorable_Code_Point}\u2800\uFFFC]/u.test(text)
}

/** Beginning and end of a long text; `of` says how much is between. The end is where commands hide what they do. */
export function abridged(text: string, room: number): string {
  if (text.length <= room) return text
  const end = Math.max(40, Math.floor(room * 0.4))
  const start = Math.max(20, room - end)
  const left = text.length - start - end
  return left <= 0
    ? text
    : `${text.slice(0, start).toWellFormed()}\n⟨… ${left} …⟩\n${text.slice(-end).toWellFormed()}`
}
