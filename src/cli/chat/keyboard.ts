/** A line typed in a terminal, edited at a prompt. While an agent writes, the prompt is there only when it is needed. */
import { clearScreenDown, createInterface, cursorTo, type Interface, moveCursor } from "node:readline"
import type { AskInput, Typed } from "./typed.ts"

/** Lines that arrive together are one paste; nobody types two within this time, in ms. */
const pasteGapMs = 15

const key = { interrupt: 0x03, end: 0x04, newline: 0x0a, enter: 0x0d } as const

export class Keyboard {
  readonly #stdin: NodeJS.ReadStream
  readonly #stdout: NodeJS.WriteStream
  /** What was typed and not sent when the last question was woken. */
  #draft = ""
  #history: string[] = []
  /** The line being edited. */
  #editor: Interface | null = null

  constructor(stdin: NodeJS.ReadStream, stdout: NodeJS.WriteStream) {
    this.#stdin = stdin
    this.#stdout = stdout
  }

  get isTyping(): boolean {
    return (this.#editor?.line ?? this.#draft) !== ""
  }

  async ask(asked: AskInput): Promise<Typed> {
    if (asked.wake.aborted) return { kind: "woken" }
    if (asked.isQuiet && this.#draft === "") {
      const first = await this.#firstKey(asked.wake)
      if (first !== "typing") return this.#left({ kind: first })
      asked.onBegin()
    }
    return this.#left(await this.#edit(asked))
  }

  release(): void {
    this.#stdin.setRawMode(false)
  }

  /**
   * Until the next question nobody reads, so that keys wait: unseen between two looks at a working agent, where the
   * terminal would show them in the agent's words, and otherwise as usual, Ctrl-C being a signal.
   */
  #left(typed: Typed): Typed {
    this.#stdin.setRawMode(typed.kind === "woken")
    return typed
  }

  /** What it reads for the editor is put back for it. */
  async #firstKey(wake: AbortSignal): Promise<"typing" | "woken" | "interrupt" | "end"> {
    const stdin = this.#stdin
    const { promise, resolve } = Promise.withResolvers<"typing" | "woken" | "interrupt" | "end">()
    const onWake = () => resolve("woken")
    const onEnd = () => resolve("end")
    const onData = (chunk: Buffer) => {
      const what = meaning(chunk)
      if (what === "nothing") return
      stdin.off("data", onData).pause()
      const rest = what === "typing" ? chunk : chunk.subarray(1)
      if (rest.length > 0) stdin.unshift(rest)
      resolve(what)
    }
    wake.addEventListener("abort", onWake, { once: true })
    stdin.setRawMode(true)
    stdin.on("data", onData).once("end", onEnd).resume()
    const first = await promise
    wake.removeEventListener("abort", onWake)
    stdin.off("data", onData).off("end", onEnd).pause()
    return first
  }

  async #edit({ prompt, wake, isQuiet }: AskInput): Promise<Typed> {
    const { promise, resolve } = Promise.withResolvers<Typed>()
    const editor = this.#open(prompt)
    const lines: string[] = []
    let sending: NodeJS.Timeout | undefined
    editor.on("line", (line) => {
      lines.push(line)
      // A terminal whose size changes now would have it drawn once more.
      editor.setPrompt("")
      clearTimeout(sending)
      sending = setTimeout(() => resolve({ kind: "text", text: lines.join("\n") }), pasteGapMs)
    })
    editor.on("SIGINT", () => resolve({ kind: "interrupt" }))
    const onClose = () => resolve({ kind: "end" })
    editor.on("close", onClose)
    const onWake = () => {
      if (lines.length === 0) resolve({ kind: "woken" })
    }
    // Taken back to nothing: the screen is the agent's again.
    const onKey = () => {
      if (editor.line === "") onWake()
    }
    if (isQuiet) this.#stdin.on("keypress", onKey)
    wake.addEventListener("abort", onWake, { once: true })
    const typed = await promise
    this.#stdin.off("keypress", onKey)
    wake.removeEventListener("abort", onWake)
    editor.off("close", onClose)
    this.#close(editor, typed)
    return typed
  }

  #open(prompt: string): Interface {
    const editor = createInterface({
      input: this.#stdin,
      output: this.#stdout,
      prompt,
      history: this.#history,
      historySize: 200,
      escapeCodeTimeout: 50,
    })
    editor.on("history", (history) => {
      this.#history = history
    })
    this.#editor = editor
    editor.prompt()
    if (this.#draft !== "") editor.write(this.#draft)
    return editor
  }

  #close(editor: Interface, typed: Typed): void {
    this.#draft = typed.kind === "woken" ? editor.line : ""
    this.#editor = null
    if (typed.kind === "woken") this.#takeBack(editor)
    else if (typed.kind !== "text") this.#stdout.write("\n")
    editor.close()
  }

  /** A long line has several rows. */
  #takeBack(editor: Interface): void {
    moveCursor(this.#stdout, 0, -editor.getCursorPos().rows)
    cursorTo(this.#stdout, 0)
    clearScreenDown(this.#stdout)
  }
}

/** Enter alone sends nothing, so it begins nothing. */
function meaning(chunk: Buffer): "typing" | "interrupt" | "end" | "nothing" {
  const [first] = chunk
  if (first === key.interrupt) return "interrupt"
  if (first === key.end) return "end"
  return chunk.every((byte) => byte === key.enter || byte === key.newline) ? "nothing" : "typing"
}
