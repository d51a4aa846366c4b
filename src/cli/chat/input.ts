/** What the owner types: one text at a time, a pasted text of several lines being one. */
import { createInterface } from "node:readline"
import { Keyboard } from "./keyboard.ts"

export type Typed =
  | { readonly kind: "text"; readonly text: string }
  /** The caller had something to show; what was typed so far comes back with the next question. */
  | { readonly kind: "woken" }
  | { readonly kind: "interrupt" }
  | { readonly kind: "end" }

export interface AskInput {
  readonly prompt: string
  /** Aborts when the caller has something to show. */
  readonly wake: AbortSignal
  /** The screen belongs to the agent: in a terminal, the prompt is there only while something is being typed. */
  readonly isQuiet: boolean
  /** Called before the first key of a quiet prompt shows. */
  readonly onBegin: () => void
}

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
    this.#piped ??= createInterface({ input: this.#stdin })[Symbol.asyncIterator]()
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
