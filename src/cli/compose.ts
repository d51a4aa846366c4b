/** The composition root: read it and you know the program. */
import { randomUUID } from "node:crypto"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { systemClock } from "../core/clock.ts"
import type { Config } from "../core/config.ts"
import type { ConfigProblem } from "../core/config-fault.ts"
import { secretsOf } from "../core/config-secrets.ts"
import type { Log } from "../core/log.ts"
import { makeRedactor } from "../core/redact.ts"
import { openLedger } from "../ledger/ledger.ts"
import type { MigrationProgress } from "../ledger/migrate.ts"
import type { Environment } from "../platform/child-environment.ts"
import { acquireLock, type LockHolder } from "../platform/lock.ts"
import { createLog } from "../platform/log.ts"
import { processStart } from "../platform/process-table.ts"
import { socketPath } from "../platform/socket-path.ts"
import type { BotStatus } from "../protocol/replies.ts"
import { ensureHost } from "../runtime/host-link/launch.ts"
import { HostLinkError } from "../runtime/host-link/link.ts"
import { startHousekeeping } from "../runtime/housekeeping.ts"
import { Kernel } from "../runtime/kernel.ts"
import { watchStorage } from "../runtime/storage.ts"
import { TelegramSurface } from "../telegram/surface.ts"
import { startControlServer } from "../web/control-server.ts"
import { type Health, startLocalServer } from "../web/local-server.ts"
import { Metrics } from "../web/metrics.ts"
import { guardProcess } from "./crash-guard.ts"
import { tellOfStorage } from "./storage-alarm.ts"

export interface RuntimeSpec {
  readonly config: Config
  readonly problems: readonly ConfigProblem[]
  readonly environment: Environment
  readonly version: string
  /** Called while an earlier version's ledger is brought to this one. */
  readonly onMigration?: (progress: MigrationProgress) => void
}

export interface StopHow {
  /** Also ends the host and whatever works in it. */
  readonly agents: boolean
}

export interface RunningRuntime {
  readonly isTelegramOn: boolean
  /** Address of the local page, or why there is none; both null when it is switched off. */
  readonly localUrl: string | null
  readonly localProblem: string | null
  /** Resolves when someone asked over the local socket to stop. */
  readonly stopRequested: Promise<StopHow>
  /** Ends within a few seconds. Idempotent. */
  stop(how: StopHow): Promise<void>
}

export type StartResult =
  | { readonly kind: "running"; readonly runtime: RunningRuntime }
  /** Another runtime holds the data directory. */
  | { readonly kind: "taken"; readonly heldBy: LockHolder | null }

/** @throws DamagedLedgerError, NewerLedgerError, or the system's error when the data directory cannot be used. */
export async function startRuntime(spec: RuntimeSpec): Promise<StartResult> {
  const { dataDir } = spec.config
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, "runtime.lock")
  const startTime = await processStart(process.pid)
  const lock = acquireLock({ path, purpose: "runtime", now: systemClock.now(), startTime })
  if (lock.kind === "taken") return lock
  try {
    return { kind: "running", runtime: await compose(spec, () => lock.release()) }
  } catch (error) {
    lock.release()
    throw error
  }
}

async function compose(spec: RuntimeSpec, release: () => void): Promise<RunningRuntime> {
  const { config, version } = spec
  // A start that fails half-way leaves nothing open that would keep the process alive.
  await using opened = new AsyncDisposableStack()
  const log = logOf(config)
  const ledger = await openLedger(config.dataDir, systemClock.now(), {
    ...(spec.onMigration ? { onProgress: spec.onMigration } : {}),
    onFault: (err) => log.error({ err }, "what follows from a commit failed"),
  })
  opened.defer(() => ledger.close())
  opened.defer(guardProcess(log))
  const servers = opened.use(new AsyncDisposableStack())
  const kernel = kernelOf(spec, ledger, log)
  const bots = new BotStates(config, kernel)
  const metrics = new Metrics({ kernel, version, bots: () => bots.all() })
  kernel.add(metrics)
  const telegram = startableTelegram(config)
    ? new TelegramSurface({
        kernel,
        config,
        onBotState: (bot, state) => bots.set(bot, state),
        onBatch: (batch) => metrics.received(batch),
        onDelivery: (result) => metrics.delivered(result),
      })
    : null
  if (telegram) kernel.add(telegram)

  let health: Health = { state: "starting", reason: "the runtime is starting" }
  const requested = Promise.withResolvers<StopHow>()
  const local = config.localUi.enabled
    ? await startLocalServer({
        ...config.localUi,
        language: config.language,
        health: () => health,
        metrics,
        log,
      })
    : null
  if (local?.kind === "listening") servers.defer(() => local.close())
  const localUrl = local?.kind === "listening" ? local.url : null
  const startedAt = systemClock.now()
  const control = await startControlServer({
    kernel,
    language: config.language,
    socketPath: socketPath(config.dataDir, "runtime"),
    stop: (how) => requested.resolve(how),
    status: () => ({
      version,
      startedAt,
      pid: process.pid,
      dataDir: config.dataDir,
      localUi: localUrl,
      telegram: { state: telegram ? "on" : "off", bots: bots.all() },
      problems: spec.problems.map(({ severity, key, what, remedy }) => ({ severity, key, what, remedy })),
    }),
  })
  servers.defer(() => control.close())
  kernel.start()
  telegram?.start()
  opened.defer(
    watchStorage({
      ledger,
      clock: systemClock,
      onChange: (isStuck) => void tellOfStorage(config, log, isStuck),
    }),
  )
  const housekeeping = startHousekeeping({ ...config, ledger, clock: systemClock, log })
  const parts = opened.move()
  health = { state: "ready" }
  log.info({ version, bots: telegram ? config.telegram.bots.length : 0 }, "the runtime is ready")

  async function stop({ agents }: StopHow): Promise<void> {
    log.info({ agents }, "the runtime stops")
    health = { state: "stopping", reason: "the runtime is stopping" }
    housekeeping.stop()
    // What a full disk kept from ending in order is taken up by the next start.
    const ended = await Promise.allSettled([telegram?.stop(), servers.disposeAsync()])
    for (const one of ended)
      if (one.status === "rejected") log.error({ err: one.reason }, "a part did not stop in order")
    if (agents) await kernel.stopAgents()
    kernel.stop()
    await parts.disposeAsync()
    release()
  }
  let stopping: Promise<void> | null = null
  return {
    isTelegramOn: telegram !== null,
    localUrl,
    localProblem: local?.kind === "failed" ? local.message : null,
    stopRequested: requested.promise,
    stop: (how) => (stopping ??= stop(how)),
  }
}

function kernelOf({ config, environment, version }: RuntimeSpec, ledger: Kernel["ledger"], log: Log): Kernel {
  return new Kernel({
    ledger,
    log,
    clock: systemClock,
    newId: randomUUID,
    random: Math.random,
    connectHost: ({ line, ...options }) => {
      if (line.kind !== "local")
        throw new HostLinkError("unreachable", `there is no line of kind ${line.kind}`)
      return ensureHost({ ...options, dataDir: config.dataDir, environment, version })
    },
    workspaceRoot: config.sessions.workspaceRoot,
    defaultWorkspace: config.sessions.defaultWorkspace,
    defaults: (provider) => config.defaults[provider] ?? {},
    defaultProvider: config.sessions.defaultProvider,
  })
}

const startableTelegram = ({ telegram }: Config): boolean =>
  telegram.ownerId !== null && telegram.bots.length > 0

function logOf(config: Config): Log {
  const directory = join(config.dataDir, "logs")
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const redact = makeRedactor(secretsOf(config))
  return createLog({
    path: join(directory, "runtime.log"),
    level: config.logs.level,
    redact,
    newId: randomUUID,
  })
}

/** How each configured bot is doing in this run; the ledger remembers names, not whether Telegram answers now. */
class BotStates {
  readonly #config: Config
  readonly #kernel: Kernel
  readonly #states = new Map<number, Exclude<BotStatus["state"], "starting">>()

  constructor(config: Config, kernel: Kernel) {
    this.#config = config
    this.#kernel = kernel
  }

  set(bot: number, state: Exclude<BotStatus["state"], "starting">): void {
    this.#states.set(bot, state)
  }

  all(): readonly BotStatus[] {
    const known = this.#kernel.ledger.machine.bots()
    return this.#config.telegram.bots.map(({ id }) => {
      const bot = known.find((entry) => entry.id === id)
      const state = this.#states.get(id) ?? "starting"
      const detail = state !== "ok" && bot?.detail ? { detail: bot.detail } : {}
      return { id, username: bot?.username ?? null, state, ...detail }
    })
  }
}
