/** The product's two processes on the machine, put together as `cli/compose.ts` and `host/program.ts` do it. */
import { join } from "node:path"
import { systemClock } from "../../src/core/clock.ts"
import { defaultConfig } from "../../src/core/config.ts"
import type { Log } from "../../src/core/log.ts"
import { isDiskTrouble } from "../../src/host/failures.ts"
import { startHost } from "../../src/host/host.ts"
import { isStorageFailure } from "../../src/ledger/errors.ts"
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts"
import { acquireLock } from "../../src/platform/lock.ts"
import type { ProviderId } from "../../src/protocol/ids.ts"
import { ensureHost } from "../../src/runtime/host-link/launch.ts"
import { Kernel } from "../../src/runtime/kernel.ts"
import { watchStorage } from "../../src/runtime/storage.ts"
import { TelegramSurface } from "../../src/telegram/surface.ts"
import type { FakeBot } from "../fakes/telegram/bot.ts"
import type { AgentDisk } from "./agent-disk.ts"
import { cutPower } from "./disk.ts"
import { machine, type Process } from "./machine.ts"
import { createSimProvider } from "./provider.ts"
import { hostsStartWith } from "./spawn.ts"

export const OWNER = 42
const VERSION = "0.0.0"
const PROVIDER = "demo" as ProviderId

export class System {
  readonly dataDir: string
  readonly disk: AgentDisk
  readonly kills = { runtime: 0, host: 0, power: 0 }
  /** When a host or an agent ended, by the wall clock. */
  readonly deaths: number[] = []
  readonly #bots: readonly FakeBot[]
  readonly #logs: string[] | null
  runtime: Process | null = null
  host: Process | null = null
  /** Of the present runtime. */
  ledger: Ledger | null = null

  constructor(given: { dataDir: string; disk: AgentDisk; bots: readonly FakeBot[]; logs: string[] | null }) {
    this.dataDir = given.dataDir
    this.disk = given.disk
    this.#bots = given.bots
    this.#logs = given.logs
    hostsStartWith((_dataDir, ready) => this.#startHost(ready))
    machine().onPowerCut = () => this.cutPower()
  }

  /** As a service manager would: whenever it ends, it is started again. */
  startRuntime(): void {
    const process = machine().spawn("runtime")
    this.runtime = process
    process.survives = (error) => isStorageFailure(error)
    process.onGone = () => {
      this.kills.runtime += 1
      this.ledger = null
      const { absence } = machine().chaos.rates
      machine().schedule(machine().world, machine().delay(50, absence), () => this.startRuntime())
    }
    machine().schedule(process, 0, () => {
      this.#runtime(process).catch((error: unknown) => {
        // `remoteagent start` says what is wrong and ends; its service manager tries again.
        if (isStorageFailure(error)) machine().kill(process, "the disk did not take its start")
        else machine().uncaught(process, error)
      })
    })
  }

  cutPower(): void {
    this.kills.power += 1
    const living = [this.runtime, this.host, ...[...this.disk.living].map(({ process }) => process)]
    cutPower(living.filter((process) => process?.isAlive === true) as Process[])
  }

  async #runtime(process: Process): Promise<void> {
    const log = this.#log(process)
    const config = defaultConfig(this.dataDir, this.dataDir)
    const lock = acquireLock({
      path: join(this.dataDir, "runtime.lock"),
      purpose: "runtime",
      now: systemClock.now(),
    })
    if (lock.kind === "taken") throw new Error("another runtime holds the data directory")
    const ledger = await openLedger(this.dataDir, systemClock.now())
    this.ledger = ledger
    const kernel = new Kernel({
      ...{ ledger, log, clock: systemClock, newId: () => machine().uuid(), random: Math.random },
      connectHost: (options) =>
        ensureHost({ ...options, dataDir: this.dataDir, environment: {}, version: VERSION }),
      workspaceRoot: join(this.dataDir, "managed"),
      defaultWorkspace: null,
      defaults: () => ({}),
      defaultProvider: PROVIDER,
    })
    const bots = this.#bots.map(({ id, token }) => ({ id, token }))
    const telegram = new TelegramSurface({
      kernel,
      config: { ...config, telegram: { ownerId: OWNER, bots, apiRoot: "http://telegram.sim" } },
    })
    kernel.add(telegram)
    kernel.start()
    telegram.start()
    watchStorage({ ledger, clock: systemClock, onChange: () => undefined })
    machine().trace("the runtime is ready")
  }

  #startHost(ready: (line: string | null) => void): void {
    const process = machine().spawn("host")
    process.survives = (error) => isDiskTrouble(error)
    process.onGone = () => {
      if (this.host === process) this.host = null
      this.kills.host += 1
      this.deaths.push(machine().wall)
      ready(null)
    }
    machine().schedule(process, 0, () => void this.#hostMain(process, ready))
  }

  async #hostMain(process: Process, ready: (line: string | null) => void): Promise<void> {
    const log = this.#log(process)
    try {
      const started = await startHost({
        secrets: [],
        ...{ dataDir: this.dataDir, version: VERSION, environment: {}, log },
        createProviders: (makeContext) => {
          // It holds the lock by now; agents of a dead host are ended before anything is asked about.
          this.host = process
          this.disk.endOrphans()
          return [createSimProvider(PROVIDER, makeContext(PROVIDER, {}), this.disk)]
        },
        shield: { isWanted: false, workspaceRoot: join(this.dataDir, "managed") },
        idleMs: 600_000,
        sessionIdleMs: 600_000,
      })
      if (started.kind === "taken") {
        log.info({ heldBy: started.heldBy }, "taken")
        ready(`${JSON.stringify({ kind: "taken", pid: started.heldBy?.pid ?? null })}\n`)
        return this.#leave(process)
      }
      ready(`${JSON.stringify({ kind: "ready" })}\n`)
      machine().trace("the host is ready")
      await started.host.left
      this.#leave(process)
    } catch (error) {
      if (!process.isAlive) return
      log.error({ error }, "the host could not start")
      ready(`${JSON.stringify({ kind: "failed", reason: String(error) })}\n`)
      if (!isDiskTrouble(error)) return machine().uncaught(process, error)
      this.#leave(process)
    }
  }

  #leave(process: Process): void {
    this.kills.host -= 1
    machine().kill(process, "it leaves")
  }

  #log(process: Process): Log {
    const logs = this.#logs
    const add = (level: string) => (fields: object, message: string) => {
      if (!logs || !process.isAlive) return
      const shown = Object.entries(fields).map(
        ([key, value]) =>
          `${key}=${value instanceof Error ? (value.stack ?? "").split("\n").slice(0, 4).join(" | ") : JSON.stringify(value)}`,
      )
      logs.push(
        `${machine().now.toFixed(2).padStart(11)} #${machine().steps} ${process.name} ${level} ${message} ${shown.join(" ")}`,
      )
    }
    return {
      debug: add("debug"),
      info: add("info"),
      warn: add("warn"),
      error: add("error"),
      keep: (what, payload) => {
        add("kept")({ payload }, what)
        return machine().uuid().slice(0, 8)
      },
    }
  }
}
