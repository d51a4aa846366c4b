/** Collects text of unknown length in bounded space: its beginning and its end, the middle left out. */

/** In UTF-16 units, as every length here. */
export const MAX_TEXT = 64 * 1024

export interface Bounded {
  readonly text: string
  readonly truncated: boolean
}

export class BoundedText {
  readonly #half: number
  #head = ""
  #tail = ""
  #dropped = 0

  constructor(max = MAX_TEXT) {
    this.#half = Math.floor(max / 2)
  }

  append(text: string): void {
    const room = Math.max(0, this.#half - this.#head.length)
    this.#head += text.slice(0, room)
    const rest = this.#tail + text.slice(room)
    const kept = rest.length <= this.#half ? rest : rest.slice(cutAt(rest, rest.length - this.#half))
    this.#dropped += rest.length - kept.length
    this.#tail = kept
  }

  value(): Bounded {
    if (this.#dropped === 0) return { text: this.#head + this.#tail, truncated: false }
    const head = this.#head.slice(0, cutAt(this.#head, this.#head.length))
    return { text: `${head}\n… ${this.#dropped} characters left out …\n${this.#tail}`, truncated: true }
  }
}

export function boundText(text: string, max = MAX_TEXT): Bounded {
  const bounded = new BoundedText(max)
  bounded.append(text)
  return bounded.value()
}

/** The first line, cut with an ellipsis beyond `max`. */
export function firstLine(text: string, max = 200): string {
  const line = text.trimStart().split("\n", 1)[0]?.trimEnd() ?? ""
  return line.length > max ? `${line.slice(0, cutAt(line, max - 1))}…` : line
}

/** Never between the two halves of a character outside the basic plane. */
function cutAt(text: string, at: number): number {
  const before = text.charCodeAt(at - 1)
  return before >= 0xd800 && before <= 0xdbff ? at - 1 : at
}
