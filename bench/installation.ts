/** A data directory with its runtime process, its host and the echo agent, as the owner would have them. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { AgentLog } from "./agent-log.ts"
import { monotonicMs } from "./monotonic.ts"
import type { TelegramProcess } from "./telegram/client.ts"

const repository = dirname(import.meta.dirname)
const OWNER = "42"

export interface Started {
  /** Monotonic milliseconds: just before the process was made. */
  readonly at: number
  /** When it said that it is ready. */
  readonly readyAt: number
  /** Of the local page, if it has one. */
  readonly localUrl: string | null
}

export class Installation implements AsyncDisposable {
  readonly directory: string
  readonly dataDir: string
  readonly agent: AgentLog
  readonly #telegram: Pick<TelegramProcess, "apiRoot" | "tokens">
  #compileCache = join(process.env.HOME ?? homedir(), ".cache")
  #process: ChildProcess | null = null
  #output = ""

  constructor(telegram: Pick<TelegramProcess, "apiRoot" | "tokens">) {
    const base = join(repository, ".tmp")
    mkdirSync(base, { recursive: true })
    this.directory = mkdtempSync(join(base, "bench-"))
    this.dataDir = join(this.directory, "data")
    this.#telegram = telegram
    this.agent = new AgentLog(join(this.directory, "echo"))
    mkdirSync(this.dataDir, { mode: 0o700 })
    mkdirSync(join(this.directory, "home"))
    const echo = {
      command: process.execPath,
      args: [join(repository, "test/fakes/acp-agent.ts")],
      env: this.agent.environment,
    }
    writeFileSync(join(this.dataDir, "config.json"), JSON.stringify({ providers: { acp: { echo } } }), {
      mode: 0o600,
    })
  }

  /** Resolves when it says that it is ready. */
  async start(): Promise<Started> {
    const at = monotonicMs()
    const child = spawn(process.execPath, [join(repository, "bin/remoteagent.js"), "start"], {
      env: this.#environment(),
      stdio: ["ignore", "pipe", "pipe"],
    })
    this.#process = child
    const ready = Promise.withResolvers<number>()
    let localUrl: string | null = null
    createInterface({ input: child.stdout }).on("line", (line) => {
      this.#keep(line)
      localUrl ??= /http:\/\/127\.0\.0\.1:\d+\//.exec(line)?.[0] ?? null
      if (line.startsWith("Ready.")) ready.resolve(monotonicMs())
    })
    createInterface({ input: child.stderr }).on("line", (line) => this.#keep(line))
    child.once("exit", (code) => ready.reject(new Error(`the runtime ended with ${code}:\n${this.#output}`)))
    const readyAt = await ready.promise
    return { at, readyAt, localUrl }
  }

  async stop(): Promise<void> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, "exit")
    child.kill("SIGTERM")
    await ended
  }

  /** The next start finds nothing compiled. */
  forgetCompiledCode(): void {
    this.#compileCache = mkdtempSync(join(this.directory, "cache-"))
  }

  get runtimePid(): number {
    const pid = this.#process?.pid
    if (pid === undefined) throw new Error("the runtime does not run")
    return pid
  }

  get hostPid(): number | null {
    try {
      return (JSON.parse(readFileSync(join(this.dataDir, "host.lock.holder"), "utf8")) as { pid: number }).pid
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
    await this.endHost()
    rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
  }

  /** The host and its agents are no children of ours: their end is looked for, not heard. */
  async endHost(): Promise<void> {
    const pid = this.hostPid
    if (pid === null || !isAlive(pid)) return
    process.kill(pid, "SIGTERM")
    while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  #environment(): Record<string, string> {
    return {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: join(this.directory, "home"),
      LANG: "C.UTF-8",
      XDG_CACHE_HOME: this.#compileCache,
      DATA_DIR: this.dataDir,
      DEFAULT_MODE: "acp:echo",
      LOCAL_UI_PORT: "0",
      TELEGRAM_API_ROOT: this.#telegram.apiRoot,
      TELEGRAM_BOT_TOKENS: this.#telegram.tokens.join(","),
      TELEGRAM_OWNER_ID: OWNER,
    }
  }

  #keep(line: string): void {
    this.#output = `${this.#output}${line}\n`.slice(-20_000)
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false
    throw error
  }
}
