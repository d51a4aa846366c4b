/** A program on a real pseudo-terminal, with an emulator in front of it: what a person would see, and would have typed. */
import { type IPty, spawn } from "@lydell/node-pty"
import emulator from "@xterm/headless"

export interface TerminalRequest {
  readonly command: string
  readonly words: readonly string[]
  readonly cwd: string
  /** The whole environment but for TERM. */
  readonly environment: Readonly<Record<string, string>>
  readonly columns?: number
  readonly rows?: number
}

export interface Ended {
  readonly code: number
  /** The settings of the line (echo, raw mode, …) are those from before, the cursor is shown, no mode is left on. */
  readonly isRestored: boolean
}

/** Far beyond what anything here takes: only a failing test waits so long, and is told what was on the screen. */
const patienceMs = 20_000

/** Like an interactive shell, it outlives a Ctrl-C, and looks at what the program leaves behind. */
const shell = `before=$(stty -g); trap : INT QUIT; "$@"; code=$?
[ "$(stty -g)" = "$before" ] || { stty "$before"; echo "[the line was left changed]"; }
exit $code`

export class Terminal implements AsyncDisposable {
  readonly ended: Promise<Ended>
  /** What the program had the terminal do beyond its screen, by name: title, bell, … */
  readonly deeds: string[] = []
  readonly #pty: IPty
  readonly #emulator: emulator.Terminal
  readonly #watchers = new Set<() => void>()
  #written = ""
  #hasEnded = false
  #isCursorShown = true

  constructor(request: TerminalRequest) {
    const { command, words, cwd, environment, columns: cols = 100, rows = 30 } = request
    this.#emulator = new emulator.Terminal({ cols, rows, scrollback: 1000, allowProposedApi: true })
    this.#pty = spawn("/bin/sh", ["-c", shell, "sh", command, ...words], {
      name: "xterm-256color",
      cols,
      rows,
      cwd,
      env: { ...environment },
    })
    this.#watchDeeds()
    this.#pty.onData((text) => {
      this.#written += text
      this.#emulator.write(text, () => this.#tell())
    })
    // A terminal answers some sequences as if its owner had typed; that is what hostile output is after.
    this.#emulator.onData((reply) => {
      this.deeds.push(`reply ${JSON.stringify(reply)}`)
      this.#pty.write(reply)
    })
    this.ended = new Promise((resolve) => {
      this.#pty.onExit(({ exitCode: code }) => {
        this.#emulator.write("", () => {
          resolve({ code, isRestored: this.#isRestored() })
          this.#hasEnded = true
          this.#tell()
        })
      })
    })
  }

  /** Every byte that was written to the terminal. */
  get written(): string {
    return this.#written
  }

  /** The lines on the screen and those that scrolled off it; a line that was wrapped is one. */
  get screen(): string {
    const { active } = this.#emulator.buffer
    const lines: string[] = []
    for (let index = 0; index < active.length; index++) {
      const line = active.getLine(index)
      if (!line) continue
      const isWhole = !active.getLine(index + 1)?.isWrapped
      // A wide character that does not fit at the end of a row leaves an empty cell there.
      const end = line.getCell(line.length - 1)?.getCode() === 0 ? line.length - 1 : line.length
      const text = line.translateToString(isWhole, 0, isWhole ? line.length : end)
      if (line.isWrapped) lines.push(`${lines.pop() ?? ""}${text}`)
      else lines.push(text)
    }
    return lines.join("\n").trimEnd()
  }

  /**
   * Resolves once the screen has it; `$` is the end of everything on it.
   * @param cursorColumn where the cursor must be too, counted from zero.
   * @throws with the screen when that does not come.
   */
  async sees(pattern: RegExp, { cursorColumn }: { cursorColumn?: number } = {}): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
    const cursor = () => this.#emulator.buffer.active.cursorX
    const fail = (why: string) =>
      reject(new Error(`${why} ${pattern}:\n${this.screen}\n(the cursor is in column ${cursor()})`))
    const look = () => {
      const match = pattern.exec(this.screen)
      if (match && cursor() === (cursorColumn ?? cursor())) resolve(match)
      else if (this.#hasEnded) fail("ended without")
    }
    const giveUp = setTimeout(() => fail("waited in vain for"), patienceMs)
    this.#watchers.add(look)
    look()
    return await promise.finally(() => {
      clearTimeout(giveUp)
      this.#watchers.delete(look)
    })
  }

  types(keys: string): void {
    this.#pty.write(keys)
  }

  resizes(columns: number, rows: number): void {
    this.#emulator.resize(columns, rows)
    this.#pty.resize(columns, rows)
  }

  /** Hangs up when the program has not ended by itself. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#hasEnded) this.#pty.kill("SIGHUP")
    await this.ended
    this.#emulator.dispose()
  }

  #watchDeeds(): void {
    const { parser } = this.#emulator
    this.#emulator.onTitleChange((title) => this.deeds.push(`title ${title}`))
    this.#emulator.onBell(() => this.deeds.push("bell"))
    // 52: the clipboard; 8: a link that does not lead where it says.
    for (const code of [8, 52]) {
      parser.registerOscHandler(code, (data) => {
        this.deeds.push(`osc ${code} ${data}`)
        return false
      })
    }
    for (const final of ["h", "l"]) {
      parser.registerCsiHandler({ prefix: "?", final }, (params) => {
        if (params.includes(25)) this.#isCursorShown = final === "h"
        return false
      })
    }
  }

  #isRestored(): boolean {
    const { modes, buffer } = this.#emulator
    return (
      this.#isCursorShown &&
      buffer.active.type === "normal" &&
      !modes.bracketedPasteMode &&
      modes.mouseTrackingMode === "none" &&
      !this.#written.includes("[the line was left changed]")
    )
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
