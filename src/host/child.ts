/** A running child process: lines in, lines out, and an end that takes its whole tree along. */
import type { ChildProcess } from "node:child_process"
import { LineTooLong, splitLines } from "../platform/lines.ts"
import { endTree, type TreeRoot } from "../platform/process-tree.ts"
import type { Child, Log, Valve } from "../providers/provider.ts"

export interface ChildParts {
  readonly process: ChildProcess
  readonly ends: ProcessEnds
  readonly root: TreeRoot
  readonly label: string
  readonly log: Log
  /** Null: what it says is not written down, and so never held back. */
  readonly valve: Valve | null
  readonly stderrTail: () => string
  /** Nothing of the tree is left, as far as it can be found. */
  readonly onTreeGone: () => void
}

type Exit = Awaited<Child["exited"]>

/** Heard from the very start: a short-lived child may be gone before anybody else has looked at it. */
export interface ProcessEnds {
  readonly exited: Promise<Exit>
  /** Its output has been read to the end, too. */
  readonly closed: Promise<void>
}

export function hearEnds(child: ChildProcess): ProcessEnds {
  return {
    exited: new Promise((resolve) => child.once("exit", (code, signal) => resolve({ code, signal }))),
    closed: new Promise((resolve) => child.once("close", () => resolve())),
  }
}

const MAX_LINE_BYTES = 32 * 1024 * 1024
const DEFAULT_GRACE_MS = 3_000
/** Output may be held open by a grandchild after the exit: it is waited for only this long, in ms. */
const OUTPUT_AFTER_EXIT_MS = 250
const LEFTOVER_GRACE_MS = 1_000

export class RunningChild implements Child {
  readonly pid: number
  readonly exited: Promise<Exit>
  readonly #parts: ChildParts
  readonly #listeners: ((line: string) => void)[] = []
  #ending: Promise<void> | null = null

  constructor(parts: ChildParts) {
    this.#parts = parts
    this.pid = parts.root.pid
    this.exited = this.#watch()
    void parts.ends.exited.then(() => this.#sweep())
    parts.process.stdin?.on("error", (error) =>
      parts.log.debug({ error, label: parts.label }, "a child's input failed"),
    )
  }

  writeLine(line: string): Promise<void> {
    const { stdin } = this.#parts.process
    if (!stdin?.writable) return Promise.reject(new Error(`${this.#parts.label} takes no input any more`))
    return new Promise((resolve, reject) => {
      stdin.write(`${line}\n`, (error) => (error ? reject(error) : resolve()))
    })
  }

  endInput(): void {
    this.#parts.process.stdin?.end()
  }

  /** Output is read from the first listener on, so that no line comes before somebody hears it. */
  onLine(listener: (line: string) => void): void {
    this.#listeners.push(listener)
    if (this.#listeners.length === 1) this.#readLines()
  }

  stderrTail(): string {
    return this.#parts.stderrTail()
  }

  kill(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
    this.#ending ??= endTree(this.#parts.root, graceMs)
    return this.#ending
  }

  #readLines(): void {
    const { stdout } = this.#parts.process
    if (!stdout) return
    const lines = splitLines(MAX_LINE_BYTES, (line) => {
      for (const listener of this.#listeners) listener(line)
    })
    stdout.on("data", (chunk: Buffer) => {
      try {
        lines.push(chunk)
      } catch (error) {
        if (!(error instanceof LineTooLong)) throw error
        this.#parts.log.error(
          { label: this.#parts.label },
          "a child wrote a line beyond all bounds and is ended",
        )
        stdout.destroy()
        void this.kill(0)
      }
    })
    stdout.on("end", () => lines.end())
    const release = this.#parts.valve?.attach(stdout)
    // What is left in the pipe of a dead child is little, and its last words matter.
    if (release) void this.#parts.ends.exited.then(release)
  }

  async #watch(): Promise<Exit> {
    const { process: child, ends } = this.#parts
    const exit = await ends.exited
    // Whoever never listened does not wait for output either.
    if (this.#listeners.length === 0) child.stdout?.resume()
    const late = Promise.withResolvers<void>()
    const timer = setTimeout(late.resolve, OUTPUT_AFTER_EXIT_MS)
    await Promise.race([ends.closed, late.promise])
    clearTimeout(timer)
    return exit
  }

  /** What a child left running in its group belongs to nobody now. */
  async #sweep(): Promise<void> {
    await this.kill(LEFTOVER_GRACE_MS)
    this.#parts.onTreeGone()
  }
}
