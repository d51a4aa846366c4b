/** Collects text of unknown length in bounded space: its beginning and its end, the middle left out. */

export const MAX_TEXT = 64 * 1024
const HALF = MAX_TEXT / 2

export interface Bounded {
  readonly text: string
  readonly truncated: boolean
}

export class BoundedText {
  #head = ""
  #tail = ""
  #dropped = 0

  append(text: string): void {
    const room = Math.max(0, HALF - this.#head.length)
    this.#head += text.slice(0, room)
    const rest = this.#tail + text.slice(room)
    const kept = rest.length <= HALF ? rest : rest.slice(cutAt(rest, rest.length - HALF))
    this.#dropped += rest.length - kept.length
    this.#tail = kept
  }

  value(): Bounded {
    if (this.#dropped === 0) return { text: this.#head + this.#tail, truncated: false }
    const head = this.#head.slice(0, cutAt(this.#head, this.#head.length))
    return { text: `${head}\n… ${this.#dropped} characters left out …\n${this.#tail}`, truncated: true }
  }
}

export function boundText(text: string): Bounded {
  const bounded = new BoundedText()
  bounded.append(text)
  return bounded.value()
}

/** Never between the two halves of a character outside the basic plane. */
function cutAt(text: string, at: number): number {
  const before = text.charCodeAt(at - 1)
  return before >= 0xd800 && before <= 0xdbff ? at - 1 : at
}
