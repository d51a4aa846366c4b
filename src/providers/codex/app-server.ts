/**
 * The one `codex app-server` all sessions share. It listens on a unix socket and outlives the host, so that a turn goes on
 * while the host is away; where that does not work it is a plain child on pipes.
 */
import { existsSync, rmSync } from "node:fs"
import path from "node:path"
import { ProviderError } from "../../core/provider-error.ts"
import { ownVersion } from "../../platform/installation.ts"
import { prepareSocketDirectory, socketPath } from "../../platform/socket-path.ts"
import type { Child, ChildSpec, ProviderContext } from "../provider.ts"
import { type Channel, childChannel, openSocket } from "./channel.ts"
import { Connection } from "./connection.ts"
import { crashed } from "./failure.ts"
import { endProcessesOf } from "./leftovers.ts"
import { findCodex, INHERITED, notInstalled, outdated } from "./program.ts"
import { wait } from "./wait.ts"

const CONNECT_TIMEOUT_MS = 2_000
const START_TIMEOUT_MS = 15_000
const START_POLL_MS = 15

/** What must hold whatever the owner's `config.toml` says. */
const OVERRIDES = [
  // Codex' default hands every key and token of its own environment to the commands it runs.
  "shell_environment_policy.ignore_default_excludes=false",
  // A session closed here is at once free for the owner's terminal; one at work is not unloaded.
  "thread_unload_delay_secs=0",
].flatMap((override) => ["-c", override])

export class AppServer {
  readonly #context: ProviderContext
  readonly #socket: string
  /** The connection that is there or being made; null when the next one to ask must make it. */
  #connection: Promise<Connection> | null = null
  /** The server if this host started it; one that an earlier host started belongs to the supervisor's record. */
  #child: Child | null = null
  #daemon: Promise<Connection | null> | null = null
  /** Nothing is started any more, whoever still asks. */
  #isClosed = false

  constructor(context: ProviderContext) {
    this.#context = context
    this.#socket = socketPath(context.stateDir, "app-server")
  }

  /** Where others can join the server; null while it does not run, or runs on pipes. */
  get address(): string | null {
    return this.#connection !== null && existsSync(this.#socket) ? listenAt(this.#socket) : null
  }

  /** Starts the server unless it runs. @throws ProviderError when that is impossible. */
  async connection(): Promise<Connection> {
    const known = this.#connection
    const connection = await known?.catch(() => null)
    if (connection && !connection.isLost) return connection
    // Of those who waited for the same one, the first makes the next.
    if (this.#connection === null || this.#connection === known) {
      const isDeaf = connection !== null && connection !== undefined && connection.unanswered !== null
      this.#connection = this.#connect({ isDeaf })
    }
    return this.#connection
  }

  /** Asks something of the shared server if it runs, else of one that lives only for the question. */
  async ask<T>(question: (connection: Connection) => Promise<T>): Promise<T> {
    const isRunning = this.#connection !== null || (await this.#adopt())
    if (isRunning) return question(await this.connection())
    const child = await this.#spawn([], false)
    try {
      return await question(await this.#openChild(child))
    } finally {
      await end(child)
    }
  }

  /**
   * The server that the owner's own terminals share, if there is one: a session that is open there can only be driven
   * through it.
   */
  async daemon(): Promise<Connection | null> {
    const known = this.#daemon
    const connection = await known
    if (connection && !connection.isLost) return connection
    if (this.#daemon === known) this.#daemon = this.#connectDaemon()
    return this.#daemon
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const connection = await this.#connection?.catch(() => null)
    const daemon = await this.#daemon
    this.#connection = null
    this.#daemon = null
    connection?.close()
    daemon?.close()
    if (this.#child) await end(this.#child)
    this.#child = null
  }

  /** `isDeaf`: the server that is there does not answer; it holds what the next one needs. */
  async #connect({ isDeaf }: { readonly isDeaf: boolean }): Promise<Connection> {
    try {
      if (isDeaf) await this.#endDeaf()
      return (await this.#findRunning()) ?? (await this.#start())
    } catch (cause) {
      const isUnclear = !(cause instanceof ProviderError) || cause.failure.class === "crashed"
      const reason = isUnclear ? await outdated(this.#context) : null
      if (reason !== null) throw reason
      throw cause instanceof ProviderError ? cause : crashed(cause)
    }
  }

  /** Whether a server that an earlier host started is there; then it is the shared one. */
  async #adopt(): Promise<boolean> {
    const found = await this.#findRunning()
    if (found === null) return false
    if (this.#connection === null) this.#connection = Promise.resolve(found)
    else found.close()
    return true
  }

  async #findRunning(): Promise<Connection | null> {
    if (!existsSync(this.#socket)) return null
    const channel = await this.#openSocket(this.#socket).catch((error: unknown) => {
      this.#context.log.info({ error, socket: this.#socket }, "no Codex app-server answers on its socket")
      return null
    })
    return channel === null ? null : this.#open(channel)
  }

  async #endDeaf(): Promise<void> {
    this.#context.log.error({}, "Codex' app-server hangs and is ended")
    await this.#child?.kill(0)
    this.#child = null
    // One that an earlier host started is not our child.
    await endProcessesOf(listenAt(this.#socket), this.#context.clock)
  }

  async #start(): Promise<Connection> {
    const { log } = this.#context
    prepareSocketDirectory(this.#socket)
    rmSync(this.#socket, { force: true })
    const child = await this.#spawn(["--listen", listenAt(this.#socket)], true)
    this.#child = child
    const channel = await this.#awaitSocket(child)
    if (channel !== null) return this.#open(channel)
    log.warn(
      { stderr: child.stderrTail() },
      "Codex' app-server does not open its socket; using pipes instead",
    )
    await child.kill(0)
    this.#child = await this.#spawn([], false)
    return this.#openChild(this.#child)
  }

  async #awaitSocket(child: Child): Promise<Channel | null> {
    const { clock } = this.#context
    let hasExited = false
    void child.exited.then(() => {
      hasExited = true
    })
    const until = clock.now() + START_TIMEOUT_MS
    while (!hasExited && clock.now() < until) {
      if (existsSync(this.#socket)) {
        const channel = await this.#openSocket(this.#socket).catch(() => null)
        if (channel) return channel
      }
      await wait(clock, START_POLL_MS)
    }
    return null
  }

  async #openChild(child: Child): Promise<Connection> {
    try {
      return await this.#open(childChannel(child))
    } catch (cause) {
      const stderr = child.stderrTail()
      await child.kill(0)
      throw crashed(new Error(`codex app-server: ${stderr}`, { cause }))
    }
  }

  #openSocket(address: string): Promise<Channel> {
    return openSocket(address, { timeoutMs: CONNECT_TIMEOUT_MS, valve: this.#context.valve })
  }

  #open(channel: Channel): Promise<Connection> {
    const { log, clock } = this.#context
    return Connection.open(channel, { log, clock, version: ownVersion() })
  }

  async #spawn(listen: readonly string[], survivesHost: boolean): Promise<Child> {
    const { supervisor, config, stateDir } = this.#context
    if (this.#isClosed) throw crashed(new Error("the provider is closed"))
    const program = await findCodex(this.#context)
    if (program === null) throw notInstalled(this.#context)
    const spec: ChildSpec = {
      command: program,
      args: ["app-server", ...(config.args ?? []), ...OVERRIDES, ...listen],
      cwd: stateDir,
      env: config.env ?? {},
      inherit: INHERITED,
      label: "codex app-server",
      survivesHost,
    }
    return supervisor.spawn(spec)
  }

  async #connectDaemon(): Promise<Connection | null> {
    const { codexHome } = await this.connection()
    const socket = path.join(codexHome, "app-server-control", "app-server-control.sock")
    if (!existsSync(socket)) return null
    try {
      return await this.#open(await this.#openSocket(socket))
    } catch (error) {
      this.#context.log.info({ error }, "the terminals' Codex server does not answer")
      return null
    }
  }
}

function listenAt(socket: string): string {
  return `unix://${socket}`
}

async function end(child: Child): Promise<void> {
  await child.kill()
  await child.exited
}
