/**
 * The whole system for a test: our Bot API server, a real runtime process, a real host, real agents. A world is made
 * of what an owner has, driven by what an owner does, and checked by what an owner sees.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { createInterface } from "node:readline"
import { fileURLToPath } from "node:url"
import { processStart } from "../src/platform/process-table.ts"
import type { Consumed } from "./fakes/acp-agent.ts"
import type { FakeBot } from "./fakes/telegram/bot.ts"
import type { Conversation } from "./fakes/telegram/conversation.ts"
import {
  type BotSpec,
  startTelegram,
  type TelegramOptions,
  type TelegramServer,
} from "./fakes/telegram/server.ts"

export const OWNER = 42
const repository = dirname(dirname(fileURLToPath(import.meta.url)))
/** The command line, as an owner starts it. */
export const entry = join(repository, "bin", "remoteagent.js")

export interface WorldOptions {
  /** DEFAULT_MODE; the echo agent unless told otherwise. */
  readonly agent?: string
  /** How many, or what each is like. */
  readonly bots?: number | readonly BotSpec[]
  readonly telegram?: TelegramOptions
  /** Merged over the configuration file that has the echo agent in it. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly environment?: Readonly<Record<string, string>>
  /** Written into the owner's fresh home before the first start, by their path in it. */
  readonly home?: Readonly<Record<string, string>>
}

const HELD_BACK =
  /"msg":"(?:a surface failed|a surface could not even say that it failed|what follows from a commit failed|a listener of live changes failed|an event could not be taken in)"/

export class World implements AsyncDisposable {
  readonly directory: string
  readonly home: string
  readonly dataDir: string
  readonly telegram: TelegramServer
  readonly bots: readonly FakeBot[]
  readonly #options: WorldOptions
  #process: ChildProcess | null = null
  #output = ""
  #extra: Readonly<Record<string, string>> = {}

  constructor(given: { directory: string; telegram: TelegramServer; options: WorldOptions }) {
    this.directory = given.directory
    this.home = join(given.directory, "home")
    this.dataDir = join(given.directory, "data")
    this.telegram = given.telegram
    this.#options = given.options
    this.bots = botSpecs(given.options.bots).map((spec) => this.telegram.addBot(spec))
    mkdirSync(this.home, { recursive: true })
    mkdirSync(this.dataDir, { recursive: true, mode: 0o700 })
    const acp = {
      echo: {
        command: process.execPath,
        args: [join(repository, "test/fakes/acp-agent.ts")],
        env: this.#echoEnvironment(),
      },
    }
    const config = { providers: { acp }, ...given.options.config }
    writeFileSync(join(this.dataDir, "config.json"), JSON.stringify(config), { mode: 0o600 })
    for (const [path, content] of Object.entries(given.options.home ?? {})) {
      const file = join(this.home, path)
      mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
      writeFileSync(file, content, { mode: 0o600 })
    }
  }

  /** The owner's private chat with a bot. */
  owner(bot = 0): Conversation {
    const chosen = this.bots[bot]
    if (!chosen) throw new Error(`there is no bot ${bot}`)
    return this.telegram.user({ id: OWNER, first_name: "Owner" }).chatWith(chosen)
  }

  /** What a clean login would have, and what the owner set for us; nothing of the machine that runs the tests. */
  get environment(): Record<string, string> {
    return {
      PATH: `${dirname(process.execPath)}:/usr/local/bin:/usr/bin:/bin`,
      HOME: this.home,
      LANG: "C.UTF-8",
      XDG_CACHE_HOME: join(process.env.HOME ?? homedir(), ".cache"),
      DATA_DIR: this.dataDir,
      DEFAULT_MODE: this.#options.agent ?? "acp:echo",
      LOCAL_UI_PORT: "0",
      TELEGRAM_API_ROOT: this.telegram.apiRoot,
      TELEGRAM_BOT_TOKENS: this.bots.map((bot) => bot.token).join(","),
      TELEGRAM_OWNER_ID: String(OWNER),
      ...this.#options.environment,
      ...this.#extra,
    }
  }

  /** For the next start, over everything else. */
  setEnvironment(environment: Readonly<Record<string, string>>): void {
    this.#extra = environment
  }

  async starts(): Promise<void> {
    const child = spawn(process.execPath, [entry, "start"], {
      env: this.environment,
      stdio: ["ignore", "pipe", "pipe"],
    })
    this.#process = child
    child.stderr?.on("data", (chunk: Buffer) => this.#keep(chunk))
    const ready = Promise.withResolvers<void>()
    if (child.stdout) {
      createInterface({ input: child.stdout }).on("line", (line) => {
        this.#keep(`${line}\n`)
        if (/^(?:Ready\.|준비되었습니다\.)/.test(line)) ready.resolve()
      })
    }
    child.once("exit", (code, signal) =>
      ready.reject(new Error(`the runtime ended (${code ?? signal}):\n${this.#output}`)),
    )
    await ready.promise
  }

  /** SIGTERM; resolves with the exit code. */
  async stops(): Promise<number | null> {
    return this.#ends("SIGTERM")
  }

  /** SIGKILL: as if the power had gone, for the runtime alone. */
  async dies(): Promise<void> {
    await this.#ends("SIGKILL")
  }

  async restarts(): Promise<void> {
    await this.dies()
    await this.starts()
  }

  /** Starts, and is killed so many ms later, ready or not. */
  async startsAndDies(ms: number): Promise<void> {
    const started = this.starts().catch(() => undefined)
    await new Promise((resolve) => setTimeout(resolve, ms))
    await this.dies()
    await started
  }

  /** SIGKILL for the agent that took the newest prompt, if it still runs. */
  killAgent(): boolean {
    const pid = this.consumed().at(-1)?.pid
    return pid !== undefined && signal(pid, "SIGKILL")
  }

  /** SIGKILL for the host alone, if it runs. */
  killHost(): void {
    const pid = this.hostPid
    if (pid !== null) signal(pid, "SIGKILL")
  }

  get hostPid(): number | null {
    return holderOf(join(this.dataDir, "host.lock.holder"))
  }

  get runtimePid(): number | null {
    return this.#process?.pid ?? null
  }

  /** What the echo agent has consumed, in order. */
  consumed(): readonly Pick<Consumed, "text" | "attempt" | "files" | "pid">[] {
    return readLines(join(this.directory, "echo", "consumed.log"))
  }

  /** Lets the echo agent go on from `[[hold name]]`. */
  releases(name: string): void {
    mkdirSync(join(this.directory, "echo", "holds"), { recursive: true })
    writeFileSync(join(this.directory, "echo", "holds", name), "")
  }

  get output(): string {
    return this.#output
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#ends("SIGTERM")
    const host = this.hostPid
    if (host !== null) signal(host, "SIGTERM")
    if (host !== null) await gone(host)
    await this.telegram.close()
    const hidden = this.#hiddenFaults()
    // A failing run is looked into with KEEP_WORLD=1.
    if (!process.env.KEEP_WORLD) rmSync(this.directory, { recursive: true, force: true, maxRetries: 5 })
    if (hidden.length > 0) throw new Error(`walls held back faults:\n${hidden.join("\n")}`)
  }

  /** Faults of ours that the owner was spared: no test may pass because of that. */
  #hiddenFaults(): readonly string[] {
    const path = join(this.dataDir, "logs", "runtime.log")
    const lines = existsSync(path) ? readFileSync(path, "utf8").split("\n") : []
    return lines.filter((line) => HELD_BACK.test(line)).map((line) => line.slice(0, 600))
  }

  async #ends(how: NodeJS.Signals): Promise<number | null> {
    const child = this.#process
    this.#process = null
    if (!child || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null
    const ended = once(child, "exit")
    child.kill(how)
    const [code] = await ended
    return code as number | null
  }

  #keep(text: Buffer | string): void {
    this.#output = (this.#output + text.toString()).slice(-100_000)
  }

  #echoEnvironment(): Record<string, string> {
    return { ACP_AGENT_STATE: join(this.directory, "echo") }
  }
}

export async function startWorld(options: WorldOptions = {}): Promise<World> {
  const world = await prepareWorld(options)
  await world.starts()
  return world
}

/** A world whose runtime is not started yet. */
export async function prepareWorld(options: WorldOptions = {}): Promise<World> {
  // Not below the temporary directory: Codex refuses to keep its helpers there.
  const base = join(repository, ".tmp")
  mkdirSync(base, { recursive: true })
  const directory = mkdtempSync(join(base, "w-"))
  return new World({ directory, telegram: await startTelegram(options.telegram), options })
}

const botSpecs = (bots: WorldOptions["bots"] = 1): readonly BotSpec[] =>
  typeof bots === "number" ? Array.from({ length: bots }, () => ({})) : bots

function holderOf(path: string): number | null {
  try {
    const { pid } = JSON.parse(readFileSync(path, "utf8")) as { pid: number }
    return isAlive(pid) ? pid : null
  } catch (error) {
    // Gone, or being written by an older program.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return null
    throw error
  }
}

function readLines<T>(path: string): readonly T[] {
  try {
    const lines = readFileSync(path, "utf8").split("\n")
    return lines.filter((line) => line !== "").map((line) => JSON.parse(line) as T)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return []
    throw error
  }
}

function signal(pid: number, how: NodeJS.Signals | 0): boolean {
  try {
    process.kill(pid, how)
    return true
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false
    throw error
  }
}

const isAlive = (pid: number): boolean => signal(pid, 0)

/**
 * Processes that are not our children announce their end to nobody: looked for, not waited for. In a container they
 * may stay in the table for seconds after their end.
 */
async function gone(pid: number): Promise<void> {
  const limit = performance.now() + 10_000
  while ((await processStart(pid)) !== null && performance.now() < limit)
    await new Promise((resolve) => setTimeout(resolve, 20))
}
