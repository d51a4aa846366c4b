/** The composition root: read it and you know the program. */
import { randomUUID } from "node:crypto"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "../core/clock.ts"
import type { Config } from "../core/config.ts"
import type { ConfigProblem } from "../core/config-fault.ts"
import type { Log } from "../core/log.ts"
import { makeRedactor } from "../core/redact.ts"
import { openLedger } from "../ledger/ledger.ts"
import type { Environment } from "../platform/child-environment.ts"
import { acquireLock, type LockHolder } from "../platform/lock.ts"
import { createLog } from "../platform/log.ts"
import { ensureHost } from "../runtime/host-link/launch.ts"
import { startHousekeeping } from "../runtime/housekeeping.ts"
import { Kernel } from "../runtime/kernel.ts"
import { TelegramSurface } from "../telegram/surface.ts"

export interface RuntimeSpec {
  readonly config: Config
  readonly problems: readonly ConfigProblem[]
  readonly environment: Environment
  readonly version: string
}

export interface RunningRuntime {
  readonly kernel: Kernel
  readonly log: Log
  readonly telegram: TelegramSurface | null
  /** Address of the local page, or why there is none; both null when it is switched off. */
  readonly localUrl: string | null
  readonly localProblem: string | null
  /** Resolves when someone asked over the local socket to stop. */
  readonly stopRequested: Promise<void>
  /** Ends within a few seconds; agents work on unless `agents`. Idempotent. */
  stop(options?: { readonly agents: boolean }): Promise<void>
}

export type StartResult =
  | { readonly kind: "running"; readonly runtime: RunningRuntime }
  /** Another runtime holds the data directory. */
  | { readonly kind: "taken"; readonly heldBy: LockHolder | null }

/** @throws DamagedLedgerError, NewerLedgerError, or the system's error when the data directory cannot be used. */
export async function startRuntime(spec: RuntimeSpec): Promise<StartResult> {
  const { config } = spec
  mkdirSync(config.dataDir, { recursive: true, mode: 0o700 })
  const lockPath = join(config.dataDir, "runtime.lock")
  const lock = acquireLock({ path: lockPath, purpose: "runtime", now: systemClock.now() })
  if (lock.kind === "taken") return lock
  try {
    return { kind: "running", runtime: await compose(spec, () => lock.release()) }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function compose(
  { config, environment, version }: RuntimeSpec,
  release: () => void,
): Promise<RunningRuntime> {
  const log = logOf(config)
  const ledger = await openLedger(config.dataDir, systemClock.now())
  const kernel = new Kernel({
    ledger,
    log,
    clock: systemClock,
    newId: randomUUID,
    random: Math.random,
    connectHost: (options) => ensureHost({ ...options, dataDir: config.dataDir, environment, version }),
    workspaceRoot: config.sessions.workspaceRoot,
    defaults: (provider) => config.defaults[provider] ?? {},
    defaultProvider: config.sessions.defaultProvider,
  })
  const isTelegramOn = config.telegram.ownerId !== null && config.telegram.bots.length > 0
  const telegram = isTelegramOn ? new TelegramSurface({ kernel, config }) : null
  if (telegram) kernel.add(telegram)
  kernel.start()
  telegram?.start()
  const housekeeping = startHousekeeping(ledger, systemClock, log)
  log.info({ version, telegram: isTelegramOn, bots: config.telegram.bots.length }, "the runtime is ready")

  let stopping: Promise<void> | null = null
  async function stop({ agents } = { agents: false }): Promise<void> {
    log.info({ agents }, "the runtime stops")
    housekeeping.stop()
    await telegram?.stop()
    if (agents) await kernel.stopAgents()
    kernel.stop()
    ledger.close()
    release()
  }
  const requested = Promise.withResolvers<void>()
  return {
    kernel,
    log,
    telegram,
    localUrl: null,
    localProblem: null,
    stopRequested: requested.promise,
    stop: (options) => (stopping ??= stop(options)),
  }
}

function logOf(config: Config): Log {
  const directory = join(config.dataDir, "logs")
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const redact = makeRedactor(config.telegram.bots.map((bot) => bot.token))
  return createLog({
    path: join(directory, "runtime.log"),
    level: config.logs.level,
    redact,
    newId: randomUUID,
  })
}
