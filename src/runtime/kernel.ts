/**
 * The runtime without its surfaces: the ledger, the turns in it and the link to the host, put together. Surfaces are
 * added before `start`, and everything they do goes through here.
 */
import type { Clock } from "../core/clock.ts"
import type { Log } from "../core/log.ts"
import type { Ledger } from "../ledger/ledger.ts"
import type { ProviderId } from "../protocol/ids.ts"
import type { Settings } from "../protocol/session.ts"
import type { RuntimeContext } from "./context.ts"
import { HandOvers } from "./hand-over.ts"
import { HostEvents } from "./host-events.ts"
import { Hosts } from "./hosts/hosts.ts"
import type { ConnectHost } from "./hosts/machine-link.ts"
import { TurnRunner } from "./hosts/runner.ts"
import { LiveTurns } from "./live.ts"
import { Providers } from "./providers.ts"
import { Receipts } from "./receipts.ts"
import { Recorder, type RecordFact } from "./recorder.ts"
import { Requests } from "./requests.ts"
import { SessionFiles } from "./session-files.ts"
import { Sessions } from "./sessions.ts"
import type { Surface } from "./surface.ts"
import { Turns } from "./turns.ts"

export interface KernelOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly newId: () => string
  readonly random: () => number
  readonly log: Log
  readonly connectHost: ConnectHost
  readonly workspaceRoot: string
  readonly defaultWorkspace: string | null
  readonly defaults: (provider: ProviderId) => Settings
  readonly defaultProvider: ProviderId | null
}

export class Kernel {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly newId: () => string
  /** For what surfaces make happen themselves. */
  readonly record: RecordFact
  readonly live: LiveTurns
  readonly sessions: Sessions
  readonly turns: Turns
  readonly requests: Requests
  readonly providers: Providers
  readonly files: SessionFiles
  readonly #hosts: Hosts
  readonly receipts: Receipts
  readonly #runner: TurnRunner
  readonly #recorder: Recorder

  constructor(options: KernelOptions) {
    const { ledger, clock, newId, random, log } = options
    this.#recorder = new Recorder({ ledger, clock, log })
    this.record = (fact, subject, at) => this.#recorder.record(fact, subject, at)
    const context: RuntimeContext = { ledger, clock, newId, random, log, record: this.record }
    this.ledger = ledger
    this.clock = clock
    this.log = log
    this.newId = newId
    this.live = new LiveTurns((err) => log.error({ err }, "a listener of live changes failed"))
    const handOvers = new HandOvers(context, {
      journal: (machine) => this.#hosts.journal(machine),
      tell: (handOver) => this.#hosts.tell(handOver),
    })
    this.turns = new Turns(context, {
      handOvers,
      wake: (session) => this.#runner.wake(session),
      queued: (session) => this.#runner.dispatchAlong(session),
    })
    this.receipts = new Receipts(context)
    this.requests = new Requests(context, handOvers)
    this.#hosts = new Hosts(context, {
      live: this.live,
      connect: options.connectHost,
      events: new HostEvents(context, {
        ...{ live: this.live, requests: this.requests, wake: (session) => this.#runner.wake(session) },
      }),
      onSteered: (steer, outcome) => this.turns.steered(steer, outcome),
      onLink: () => {
        this.#runner.wakeAll()
        void this.providers.learnNames()
      },
      isAnyRunnable: (machine) => this.#runner.isAnyRunnable(machine),
    })
    this.#runner = new TurnRunner(context, { hosts: this.#hosts, handOvers })
    this.sessions = new Sessions(context, {
      workspaceRoot: options.workspaceRoot,
      defaultWorkspace: options.defaultWorkspace,
      defaults: options.defaults,
      // A session the host does not have open learns its settings with the next turn.
      onConfigured: (session) => this.#hosts.of(session).configure(session),
    })
    this.files = new SessionFiles((session) => this.#hosts.of(session).host.use())
    this.providers = new Providers(context, this.#hosts.here.host, options.defaultProvider)
  }

  add(surface: Surface): void {
    this.#recorder.add(surface)
  }

  start(): void {
    this.#runner.start()
  }

  stop(): void {
    this.#runner.stop()
  }

  get hostPid(): number | null {
    return this.#hosts.here.host.current?.pid ?? null
  }

  /** The host runs and has stopped answering. */
  get isHostSilent(): boolean {
    return this.#hosts.here.host.isSilent
  }

  /** Ends the host and every agent in it. Resolves when it has agreed; a host that does not run is fine. */
  stopAgents(): Promise<void> {
    return this.#hosts.here.stopAgents()
  }
}
