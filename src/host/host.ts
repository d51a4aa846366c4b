/** The host put together: from an empty process to a listening one, and back. */
import { randomUUID } from "node:crypto"
import { mkdirSync, rmSync } from "node:fs"
import { dirname, join } from "node:path"
import { systemClock } from "../core/clock.ts"
import { makeKnownRedactor, makeStreamRedactor } from "../core/known-secrets.ts"
import type { Environment } from "../platform/child-environment.ts"
import { linkKey } from "../platform/link-proof.ts"
import { acquireLock, type LockHolder, readHolder } from "../platform/lock.ts"
import { JOURNAL_FILE } from "../platform/places.ts"
import { processStart } from "../platform/process-table.ts"
import { socketPath } from "../platform/socket-path.ts"
import type { ProviderId } from "../protocol/ids.ts"
import type { Log, Provider, ProviderConfig, ProviderContext } from "../providers/provider.ts"
import { Attempts } from "./attempts.ts"
import { Children } from "./children.ts"
import { createCommands } from "./commands.ts"
import { EventLog } from "./event-log.ts"
import { Journal } from "./journal/journal.ts"
import { openJournalDatabase } from "./journal/schema.ts"
import { LinkServer } from "./link-server.ts"
import { LiveText } from "./live-text.ts"
import { OutgoingFiles } from "./outgoing-files.ts"
import { Sessions } from "./sessions.ts"
import { createShields, type Shield, type ShieldOptions } from "./shield.ts"
import { createSupervisor } from "./supervisor.ts"
import { ReadingValve } from "./valve.ts"

export type MakeContext = (id: ProviderId, config: ProviderConfig) => ProviderContext

export interface HostOptions {
  readonly dataDir: string
  readonly version: string
  readonly environment: Environment
  /** Names of it that the owner lets every agent have. */
  readonly inherit?: readonly string[]
  /** Keeps agents from the data directory; see `shield.ts`. */
  readonly shield: Pick<ShieldOptions, "isWanted" | "workspaceRoot">
  /** Taken out of whatever agents say, before it is stored or told. */
  readonly secrets: readonly string[]
  readonly createProviders: (makeContext: MakeContext) => readonly Provider[]
  readonly log: Log
  /** The host leaves after this long without anything living in it, in ms. */
  readonly idleMs: number
  /** An agent without work is closed after this long, in ms. */
  readonly sessionIdleMs: number
}

export type Started =
  | { readonly kind: "running"; readonly host: Host }
  | { readonly kind: "taken"; readonly heldBy: LockHolder | null }

/** How long each step of leaving may take, in ms; together at most three seconds. */
const LEAVE = { sessions: 1_500, providers: 500, children: 500, link: 200 }

const FORGET_EVERY_MS = 6 * 60 * 60 * 1000

/** @throws when the journal or the socket cannot be opened. */
export async function startHost(options: HostOptions): Promise<Started> {
  mkdirSync(options.dataDir, { recursive: true, mode: 0o700 })
  const lock = acquireLock({
    path: join(options.dataDir, "host.lock"),
    purpose: "RemoteAgent host",
    now: systemClock.now(),
    startTime: await processStart(process.pid),
  })
  if (lock.kind === "taken") return lock
  const host = new Host(options, lock.release)
  await host.start()
  return { kind: "running", host }
}

export class Host {
  /** Resolves when everything here has ended and the process may exit. */
  readonly left: Promise<void>
  readonly #options: HostOptions
  readonly #releaseLock: () => void
  readonly #journal: Journal
  readonly #children: Children
  readonly #valve = new ReadingValve()
  readonly #providers: ReadonlyMap<ProviderId, Provider>
  readonly #events: EventLog
  readonly #attempts: Attempts
  readonly #sessions: Sessions
  readonly #link: LinkServer
  readonly #left = Promise.withResolvers<void>()
  readonly #socketPath: string
  readonly #shieldFor: (stateDir: string) => Shield
  #isRetiring = false
  #isStopping = false
  #idleTimer: { cancel(): void } | null = null
  /** Commands being carried out. */
  #asked = 0

  constructor(options: HostOptions, releaseLock: () => void) {
    const { dataDir, log, version } = options
    const live = new LiveText(makeStreamRedactor(options.secrets))
    this.left = this.#left.promise
    this.#options = options
    this.#releaseLock = releaseLock
    this.#socketPath = socketPath(dataDir, "host")
    this.#shieldFor = createShields({ dataDir, log, ...options.shield })
    this.#journal = new Journal(
      openJournalDatabase(join(dataDir, JOURNAL_FILE), randomUUID, (aside) =>
        log.error({ ...aside }, "the journal cannot be used, so this host begins a new one"),
      ),
    )
    this.#children = new Children(this.#journal, log)
    this.#providers = new Map(
      options
        .createProviders((id, config) => this.#contextOf(id, config))
        .map((provider) => [provider.id, provider]),
    )
    this.#events = new EventLog({
      ...{ journal: this.#journal, valve: this.#valve, clock: systemClock, log },
      onCommitted: () => this.#link.wake(),
      onAcknowledged: () => this.#considerLeaving(),
    })
    this.#attempts = new Attempts({
      ...{ journal: this.#journal, events: this.#events, clock: systemClock, log },
      redact: makeKnownRedactor(options.secrets),
      onSettled: (attempt, item) => live.drop(attempt, item),
    })
    this.#sessions = new Sessions({
      ...{
        journal: this.#journal,
        attempts: this.#attempts,
        providers: this.#providers,
        clock: systemClock,
        log,
      },
      onDelta: (delta) => {
        if (!this.#attempts.isOpen(delta.attempt)) return
        live.add(delta)
        this.#link.wakeLive()
      },
      idleMs: () => (this.#isRetiring ? 0 : options.sessionIdleMs),
      onEmpty: () => this.#considerLeaving(),
    })
    const carry = createCommands({
      ...{ sessions: this.#sessions, providers: this.#providers, isStopping: () => this.#isStopping },
      files: new OutgoingFiles(systemClock, dataDir),
      retire: () => this.#retire(),
      stop: () => setImmediate(() => void this.stop("the runtime asked for it")),
    })
    this.#link = new LinkServer({
      ...{ socketPath: this.#socketPath, journal: this.#journal, live, clock: systemClock, log, version },
      ...{ boot: randomUUID(), key: linkKey(dataDir) },
      isRuntimeOld: () => isRuntimeOld(dataDir),
      acknowledge: (seq) => {
        this.#events.acknowledge(seq)
        this.#considerLeaving()
      },
      settle: () => {
        this.#events.flush()
        return this.#journal.lastSeq()
      },
      carry: (command) => this.#busyWhile(carry(command)),
      onAlone: () => this.#considerLeaving(),
    })
  }

  async start(): Promise<void> {
    await this.#children.endOrphans()
    this.#forgetOld()
    this.#sessions.restore()
    await this.#link.listen()
    this.#considerLeaving()
  }

  /** Now and every few hours: a host may live for months. */
  #forgetOld(): void {
    if (this.#isStopping) return
    try {
      this.#journal.forgetOld(systemClock.now())
    } catch (error) {
      this.#options.log.error({ error }, "old attempts could not be forgotten")
    }
    systemClock.after(FORGET_EVERY_MS, () => this.#forgetOld())
  }

  /** Ends every agent, then itself. Idempotent. */
  async stop(reason: string): Promise<void> {
    if (this.#isStopping) return this.left
    this.#isStopping = true
    const { log } = this.#options
    log.info({ reason }, "the host is leaving")
    await within(LEAVE.sessions, this.#sessions.stop())
    await within(LEAVE.providers, Promise.allSettled([...this.#providers.values()].map((one) => one.close())))
    await this.#children.endAll(LEAVE.children)
    this.#events.flush()
    await within(LEAVE.link, this.#link.close())
    rmSync(this.#socketPath, { force: true })
    this.#journal.close()
    this.#releaseLock()
    this.#left.resolve()
  }

  /** For a process that is about to end by a fault: what it started must not outlive it unnoticed. */
  abandon(): void {
    this.#children.killNow()
  }

  #retire(): void {
    this.#isRetiring = true
    this.#sessions.rest()
    setImmediate(() => this.#considerLeaving())
  }

  /** Also with a runtime connected: it starts another host when it needs one, and nothing is lost in between. */
  #considerLeaving(): void {
    this.#idleTimer?.cancel()
    this.#idleTimer = null
    if (this.#isStopping || !this.#isDeserted()) return
    if (this.#isRetiring) void this.stop("it was retired")
    else this.#idleTimer = systemClock.after(this.#options.idleMs, () => this.#leaveIdle())
  }

  #leaveIdle(): void {
    if (this.#isDeserted()) void this.stop("nothing lives here")
  }

  /** Nothing runs, nothing is open or being asked, and the runtime has everything. */
  #isDeserted(): boolean {
    return this.#sessions.isEmpty && this.#attempts.count === 0 && this.#asked === 0 && !this.#events.isOwing
  }

  async #busyWhile<T>(command: Promise<T>): Promise<T> {
    this.#asked += 1
    try {
      return await command
    } finally {
      this.#asked -= 1
      this.#considerLeaving()
    }
  }

  #contextOf(id: ProviderId, config: ProviderConfig): ProviderContext {
    const { dataDir, environment, inherit = [], log } = this.#options
    const stateDir = join(dataDir, "providers", id.replace(":", "-"))
    mkdirSync(stateDir, { recursive: true, mode: 0o700 })
    const programDirs = [join(dataDir, "agents", "bin"), dirname(process.execPath)]
    const [children, valve] = [this.#children, this.#valve]
    const shield = this.#shieldFor(stateDir)
    const supervisor = createSupervisor({
      children,
      environment,
      inherit,
      stateDir,
      programDirs,
      shield,
      valve,
      log,
    })
    return { stateDir, supervisor, valve, clock: systemClock, newId: randomUUID, log, config }
  }
}

/** Whether the runtime that holds this data directory is from before runtimes could show who they are. */
function isRuntimeOld(dataDir: string): boolean {
  const holder = readHolder(join(dataDir, "runtime.lock.holder"))
  return holder !== null && holder.startTime === undefined
}

async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<void>()
  const timer = setTimeout(late.resolve, ms)
  await Promise.race([work, late.promise])
  clearTimeout(timer)
}
