/**
 * The supervisor's contract without a host: own process group per child, explicit environment, bounded output.
 * For tests of adapters; the host's own supervisor also records its children for a later host.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { access, constants } from "node:fs/promises"
import { delimiter, isAbsolute, join } from "node:path"
import { StringDecoder } from "node:string_decoder"
import { ProviderError } from "../../src/core/provider-error.ts"
import type { Child, ChildSpec, RunResult, Supervisor } from "../../src/providers/provider.ts"

const MAX_LINE = 32 * 1024 * 1024
const STDERR_KEPT = 16 * 1024
const DEFAULT_GRACE_MS = 3_000

export interface PlainSupervisor extends Supervisor {
  /** Pids of children that have not exited. */
  running(): readonly number[]
  /** Resolves when none of these children runs any more. */
  ended(pids: readonly number[]): Promise<void>
  /** Ends everything it started. */
  close(): Promise<void>
}

/** `env` is the whole base environment of every child; nothing of the test process leaks in. */
export function createPlainSupervisor(env: Readonly<Record<string, string>>): PlainSupervisor {
  const children = new Set<PlainChild>()

  async function start(spec: ChildSpec): Promise<PlainChild> {
    const process = spawn(spec.command, spec.args, {
      cwd: spec.cwd,
      env: { ...env, ...spec.env },
      stdio: ["pipe", "pipe", "pipe"],
      detached: true,
    })
    await spawned(process, spec)
    const child = new PlainChild(process)
    children.add(child)
    void child.exited.then(() => children.delete(child))
    return child
  }

  return {
    spawn: start,
    async run(spec) {
      return collect(await start(spec), spec.timeoutMs, spec.maxOutput ?? 1024 * 1024)
    },
    find: (command) => findOnPath(command, env.PATH ?? ""),
    running: () => [...children].map((child) => child.pid),
    async ended(pids) {
      await Promise.all(
        [...children].filter((child) => pids.includes(child.pid)).map((child) => child.exited),
      )
    },
    async close() {
      await Promise.all([...children].map((child) => child.kill(500)))
    },
  }
}

function spawned(process: ChildProcess, spec: ChildSpec): Promise<void> {
  return new Promise((resolve, reject) => {
    process.once("spawn", resolve)
    process.once("error", (cause) => {
      reject(
        new ProviderError(
          { class: "crashed", reason: { code: "not_started", agent: spec.label } },
          { cause },
        ),
      )
    })
  })
}

class PlainChild implements Child {
  readonly pid: number
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>
  readonly #process: ChildProcess
  /** Lines that came before anyone listened. */
  #early: string[] | null = []
  #listener: ((line: string) => void) | null = null
  #partial = ""
  #stderr = ""
  #gone = false

  constructor(process: ChildProcess) {
    if (process.pid === undefined) throw new Error("a spawned child has a pid")
    this.pid = process.pid
    this.#process = process
    this.exited = new Promise((resolve) => {
      process.once("close", (code, signal) => {
        this.#gone = true
        resolve({ code, signal })
      })
    })
    const decoder = new StringDecoder("utf8")
    process.stdout?.on("data", (chunk: Buffer) => this.#read(decoder.write(chunk)))
    process.stderr?.on("data", (chunk: Buffer) => {
      this.#stderr = (this.#stderr + chunk.toString("utf8")).slice(-STDERR_KEPT)
    })
    // A write to a dead child is reported by writeLine; the stream's own event would end the test process.
    process.stdin?.on("error", () => undefined)
  }

  writeLine(line: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const stdin = this.#process.stdin
      if (this.#gone || stdin === null || !stdin.writable) return reject(new Error("the child is gone"))
      stdin.write(`${line}\n`, (error) => (error ? reject(error) : resolve()))
    })
  }

  endInput(): void {
    this.#process.stdin?.end()
  }

  onLine(listener: (line: string) => void): void {
    this.#listener = listener
    const early = this.#early ?? []
    this.#early = null
    for (const line of early) listener(line)
  }

  stderrTail(): string {
    return this.#stderr
  }

  async kill(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
    signalGroup(this.pid, "SIGTERM")
    const timer = setTimeout(() => signalGroup(this.pid, "SIGKILL"), graceMs)
    await this.exited
    clearTimeout(timer)
    signalGroup(this.pid, "SIGKILL")
  }

  #read(text: string): void {
    const lines = (this.#partial + text).split("\n")
    this.#partial = lines.pop() ?? ""
    if (this.#partial.length > MAX_LINE) signalGroup(this.pid, "SIGKILL")
    for (const line of lines) {
      if (this.#listener) this.#listener(line)
      else this.#early?.push(line)
    }
  }
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error
  }
}

async function collect(child: PlainChild, timeoutMs: number, maxOutput: number): Promise<RunResult> {
  let stdout = ""
  let timedOut = false
  child.onLine((line) => {
    if (stdout.length < maxOutput) stdout = `${stdout}${line}\n`.slice(0, maxOutput)
  })
  child.endInput()
  const timer = setTimeout(() => {
    timedOut = true
    signalGroup(child.pid, "SIGKILL")
  }, timeoutMs)
  const { code, signal } = await child.exited
  clearTimeout(timer)
  return { code, signal, stdout, stderr: child.stderrTail(), timedOut }
}

async function findOnPath(command: string, path: string): Promise<string | null> {
  const candidates = isAbsolute(command) ? [command] : path.split(delimiter).map((dir) => join(dir, command))
  for (const candidate of candidates) {
    const found = await access(candidate, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (found) return candidate
  }
  return null
}
