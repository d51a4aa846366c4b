/** The agent's processes: started when needed, shared by sessions, replaced after a death, ended when idle. */

import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { ProviderError } from "../../core/provider-error.ts"
import type { ProviderId } from "../../protocol/ids.ts"
import { missingProgram } from "../missing-program.ts"
import type { ProviderContext } from "../provider.ts"
import { AcpConnection } from "./connection.ts"
import { failed } from "./failure.ts"
import type { AcpProfile } from "./profile.ts"

/** A process without sessions is kept this long for the next one. */
const LINGER_MS = 30_000

interface Slot {
  readonly workspace: string
  current: AcpConnection | null
  starting: Promise<AcpConnection> | null
  linger: { cancel(): void } | null
  /** Work under way that is no session yet, or never becomes one. */
  users: number
}

export class Processes {
  readonly #id: ProviderId
  readonly #profile: AcpProfile
  readonly #context: ProviderContext
  readonly #slots = new Map<string, Slot>()
  /** Every process that may still run, also those given up. */
  readonly #running = new Set<AcpConnection>()
  #latest: AcpConnection | null = null
  #closed = false

  constructor(id: ProviderId, profile: AcpProfile, context: ProviderContext) {
    this.#id = id
    this.#profile = profile
    this.#context = context
  }

  /** The one that last started, dead or alive: what it said of itself holds for all. */
  get latest(): AcpConnection | null {
    return this.#latest
  }

  /** Absolute path of the agent's program, or null when it is not installed. */
  async program(): Promise<string | null> {
    const command = this.#context.config.command ?? this.#profile.programs[0]
    return command === undefined ? null : await this.#context.supervisor.find(command)
  }

  /** A directory in which an agent may be asked things that concern no workspace. */
  async scratch(): Promise<string> {
    const dir = join(this.#context.stateDir, "scratch")
    await mkdir(dir, { recursive: true, mode: 0o700 })
    return dir
  }

  /**
   * The usable process for a workspace.
   * @throws ProviderError when it cannot be started.
   */
  async connect(workspace: string): Promise<AcpConnection> {
    if (this.#closed) throw failed("crashed", undefined, new Error("the agent is being ended"))
    const slot = this.#slot(workspace)
    if (slot.current?.usable) return slot.current
    slot.starting ??= this.#start(slot).finally(() => {
      slot.starting = null
    })
    return await slot.starting
  }

  /** Keeps the workspace's process while `work` lasts; any running process will do when `workspace` is null. */
  async using<T>(workspace: string | null, work: (connection: AcpConnection) => Promise<T>): Promise<T> {
    const where = workspace ?? this.#anyUsable()?.workspace ?? (await this.scratch())
    const slot = this.#slot(where)
    slot.users++
    slot.linger?.cancel()
    try {
      return await work(await this.connect(where))
    } finally {
      slot.users--
      this.#lingerIfIdle(slot)
    }
  }

  /** A session was closed. */
  released(): void {
    for (const slot of this.#slots.values()) this.#lingerIfIdle(slot)
  }

  async close(): Promise<void> {
    this.#closed = true
    const slots = [...this.#slots.values()]
    for (const slot of slots) slot.linger?.cancel()
    // One that fails to start ends itself, and whoever asked for it is told.
    await Promise.allSettled(slots.map((slot) => slot.starting))
    await Promise.all([...this.#running].map((connection) => connection.stop()))
  }

  #slot(workspace: string): Slot {
    const key = this.#profile.sharedBy === "all" ? "" : workspace
    const slot = this.#slots.get(key) ?? { workspace, current: null, starting: null, linger: null, users: 0 }
    this.#slots.set(key, slot)
    return slot
  }

  #anyUsable(): Slot | undefined {
    return [...this.#slots.values()].find((slot) => slot.current?.usable)
  }

  async #start(slot: Slot): Promise<AcpConnection> {
    const command = await this.program()
    if (command === null) throw this.#missing()
    const { stateDir, supervisor, config, clock, log } = this.#context
    const child = await supervisor.spawn({
      command,
      args: config.args ?? this.#profile.args,
      cwd: this.#profile.sharedBy === "all" ? stateDir : slot.workspace,
      env: { ...this.#profile.env, ...config.env },
      inherit: this.#profile.inherit,
      label: this.#id,
    })
    const connection = await AcpConnection.start({
      ...{ child, clock, log },
      ...{ profile: this.#profile, authMethod: config.authMethod },
    })
    slot.current = connection
    this.#latest = connection
    this.#running.add(connection)
    void child.exited.then(() => this.#forget(slot, connection))
    return connection
  }

  #missing(): ProviderError {
    const { label, install } = this.#profile
    const setting = this.#context.config.command ?? null
    const key = `providers.${this.#id.replace(":", ".")}.command`
    return missingProgram({ label, setting, install: install ?? null, key })
  }

  #forget(slot: Slot, connection: AcpConnection): void {
    this.#running.delete(connection)
    if (slot.current === connection) slot.current = null
  }

  #lingerIfIdle(slot: Slot): void {
    slot.linger?.cancel()
    const connection = slot.current
    if (!connection?.usable || !connection.idle || slot.users > 0) return
    slot.linger = this.#context.clock.after(LINGER_MS, () => {
      if (connection.idle && slot.users === 0) void connection.stop()
    })
  }
}
