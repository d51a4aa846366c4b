/** What the owner types: one text at a time, a pasted text of several lines being one. */
import { createInterface, type Interface } from "node:readline"

export type Typed =
  | { readonly kind: "text"; readonly text: string }
  /** The caller had something to show; what was typed so far comes back with the next question. */
  | { readonly kind: "woken" }
  | { readonly kind: "interrupt" }
  | { readonly kind: "end" }

/** Lines that arrive together are one paste; nobody types two within this time, in ms. */
const pasteGapMs = 15

export class Input {
  readonly #stdin: NodeJS.ReadStream
  readonly #stdout: NodeJS.WriteStream
  /** What was typed and not sent when the last question was interrupted. */
  #draft = ""
  #history: string[] = []
  /** Kept open over all questions where input is no terminal: what was read ahead must not be lost. */
  #piped: AsyncIterator<string> | null = null
  /** The read that a question which was woken had begun. */
  #pending: Promise<IteratorResult<string>> | null = null

  constructor(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream) {
    this.#stdin = stdin
    this.#stdout = stdout
  }

  ask(prompt: string, wake: AbortSignal): Promise<Typed> {
    return this.#stdin.isTTY ? this.#askTerminal(prompt, wake) : this.#askPipe(wake)
  }

  async #askTerminal(prompt: string, wake: AbortSignal): Promise<Typed> {
    if (wake.aborted) return { kind: "woken" }
    const terminal = createInterface({
      input: this.#stdin,
      output: this.#stdout,
      prompt,
      history: this.#history,
      historySize: 200,
      escapeCodeTimeout: 50,
    })
    const { promise, resolve } = Promise.withResolvers<Typed>()
    const lines: string[] = []
    let sending: NodeJS.Timeout | undefined
    terminal.on("history", (history) => {
      this.#history = history
    })
    terminal.on("line", (line) => {
      lines.push(line)
      clearTimeout(sending)
      sending = setTimeout(() => resolve({ kind: "text", text: lines.join("\n") }), pasteGapMs)
    })
    terminal.on("SIGINT", () => resolve({ kind: "interrupt" }))
    const onClose = () => resolve({ kind: "end" })
    terminal.on("close", onClose)
    const onWake = () => {
      if (lines.length === 0) resolve({ kind: "woken" })
    }
    wake.addEventListener("abort", onWake, { once: true })
    terminal.prompt()
    if (this.#draft !== "") terminal.write(this.#draft)
    const typed = await promise
    wake.removeEventListener("abort", onWake)
    terminal.off("close", onClose)
    this.#leave(terminal, typed)
    return typed
  }

  #leave(terminal: Interface, typed: Typed): void {
    this.#draft = typed.kind === "woken" ? terminal.line : ""
    if (typed.kind === "woken") this.#stdout.write("\r\u001b[0J")
    else if (typed.kind !== "text") this.#stdout.write("\n")
    terminal.close()
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
