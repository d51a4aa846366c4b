/** Runs `bin/remoteagent.js` as an owner would: its own process, an empty home, nothing of this machine's environment. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"

const program = path.resolve(import.meta.dirname, "../../bin/remoteagent.js")

export interface CliResult {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

export interface CliRequest {
  readonly environment?: Readonly<Record<string, string>>
  readonly input?: string
}

/** A home directory of its own; processes started in it end, and it is removed, with `dispose`. */
export class OwnerHome implements AsyncDisposable {
  readonly path = mkdtempSync(path.join(tmpdir(), "ra-home-"))
  readonly dataDir = path.join(this.path, ".remoteagent")
  readonly #running = new Set<RunningCli>()

  /** Runs a command to its end. */
  async run(words: readonly string[], request: CliRequest = {}): Promise<CliResult> {
    const cli = this.start(words, request)
    cli.endInput(request.input ?? "")
    return await cli.ended
  }

  /** Starts a command that goes on until it is stopped. */
  start(words: readonly string[], request: CliRequest = {}): RunningCli {
    const child = spawn(process.execPath, [program, ...words], {
      cwd: this.path,
      env: {
        PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`,
        HOME: this.path,
        LANG: "C.UTF-8",
        NODE_COMPILE_CACHE: compileCache,
        ...request.environment,
      },
    })
    const cli = new RunningCli(child)
    this.#running.add(cli)
    void cli.ended.then(() => this.#running.delete(cli))
    return cli
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running].map((cli) => cli.kill()))
    rmSync(this.path, { recursive: true, force: true, maxRetries: 5, retryDelay: 50 })
  }
}

/** Shared by all runs: compiling the program anew in each would be most of the time of these tests. */
const compileCache = path.resolve(import.meta.dirname, "../../.tmp/compile-cache")

export class RunningCli {
  readonly ended: Promise<CliResult>
  readonly #child: ChildProcess
  #stdout = ""
  #stderr = ""
  /** Those who wait for a text, told of every output. */
  readonly #watchers = new Set<() => void>()

  constructor(child: ChildProcess) {
    this.#child = child
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.#stdout += text
      this.#tell()
    })
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr += text
      this.#tell()
    })
    this.ended = new Promise((resolve, reject) => {
      child.on("error", reject)
      child.on("close", (code) => {
        resolve({ code, stdout: this.#stdout, stderr: this.#stderr })
        this.#tell()
      })
    })
  }

  get pid(): number {
    if (this.#child.pid === undefined) throw new Error("the command did not start")
    return this.#child.pid
  }

  get output(): string {
    return this.#stdout + this.#stderr
  }

  /** Resolves with the match as soon as the output has it. @throws when the command ends without it. */
  async shows(pattern: RegExp): Promise<RegExpExecArray> {
    const { promise, resolve, reject } = Promise.withResolvers<RegExpExecArray>()
    const look = () => {
      const match = pattern.exec(this.output)
      if (match) resolve(match)
      else if (this.#child.exitCode !== null) reject(new Error(`ended without ${pattern}:\n${this.output}`))
    }
    this.#watchers.add(look)
    look()
    return await promise.finally(() => this.#watchers.delete(look))
  }

  type(text: string): void {
    this.#child.stdin?.write(text)
  }

  /** Nobody reads any more what it prints, as when `head` has ended. */
  stopReading(): void {
    this.#child.stdout?.destroy()
    this.#child.stderr?.destroy()
  }

  endInput(text = ""): void {
    this.#child.stdin?.on("error", () => undefined).end(text)
  }

  signal(name: NodeJS.Signals): void {
    this.#child.kill(name)
  }

  async kill(): Promise<void> {
    this.#child.kill("SIGKILL")
    await this.ended
  }

  #tell(): void {
    for (const watcher of this.#watchers) watcher()
  }
}
