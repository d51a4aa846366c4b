/** What the owner types: one text at a time, a pasted text of several lines being one. */
import { linesFrom } from "../../platform/lines.ts"
import { Keyboard } from "./keyboard.ts"
import type { AskInput, Typed } from "./typed.ts"

export class Input {
  readonly #stdin: NodeJS.ReadStream
  readonly #keyboard: Keyboard
  /** Kept open over all questions where input is no terminal: what was read ahead must not be lost. */
  #piped: AsyncIterator<string> | null = null
  /** The read that a question which was woken had begun. */
  #pending: Promise<IteratorResult<string>> | null = null

  constructor(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream) {
    this.#stdin = stdin
    this.#keyboard = new Keyboard(stdin, stdout)
  }

  /** Something is typed and not sent. */
  get isTyping(): boolean {
    return this.#keyboard.isTyping
  }

  ask(asked: AskInput): Promise<Typed> {
    return this.#stdin.isTTY ? this.#keyboard.ask(asked) : this.#askPipe(asked.wake)
  }

  /** Gives the terminal back as it was. */
  release(): void {
    if (this.#stdin.isTTY) this.#keyboard.release()
  }

  async #askPipe(wake: AbortSignal): Promise<Typed> {
    this.#piped ??= linesFrom(this.#stdin)
    this.#pending ??= this.#piped.next()
    const woken = Promise.withResolvers<null>()
    const onWake = () => woken.resolve(null)
    wake.addEventListener("abort", onWake, { once: true })
    if (wake.aborted) onWake()
    const read = await Promise.race([this.#pending, woken.promise])
    wake.removeEventListener("abort", onWake)
    if (read === null) return { kind: "woken" }
    this.#pending = null
    return read.done ? { kind: "end" } : { kind: "text", text: read.value }
  }
}
