/** A machine's host as the runtime has it: the link, what comes over it and what is owed, brought to one state. */
import { isStorageFailure } from "../../ledger/errors.ts"
import type { HandOver } from "../../ledger/hand-overs.ts"
import type { Line, Machine } from "../../ledger/machines.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { RuntimeContext } from "../context.ts"
import { EventIntake } from "../event-intake.ts"
import type { HostEvents } from "../host-events.ts"
import { failureOfLink } from "../host-link/failure.ts"
import type { Odd } from "../host-link/incoming.ts"
import { type HostLink, HostLinkError, type HostLinkHandlers, type LiveText } from "../host-link/link.ts"
import type { LiveTurns } from "../live.ts"
import type { SteerOutcome } from "../turns.ts"
import { type ConnectHow, HostConnection } from "./connection.ts"
import { Teller } from "./teller.ts"

export interface HostCursorAndHandlers extends HostLinkHandlers {
  readonly journal: string | null
  readonly acked: number
  readonly line: Line
  /** Whether a host may be started where none runs; only ever over the local line. */
  readonly mayStart: boolean
  /** Whether one that holds its place and says nothing may be ended, and another started. */
  readonly mayEnd: boolean
}

export type ConnectHost = (options: HostCursorAndHandlers) => Promise<HostLink>

export interface MachineLinkOptions {
  readonly machine: Machine
  readonly live: LiveTurns
  readonly connect: ConnectHost
  readonly events: HostEvents
  readonly onSteered: (steer: HandOver, outcome: SteerOutcome) => void
  /** The host can be asked things. */
  readonly onLink: () => void
  /** Whether a session waits for nothing but a host. */
  readonly isAnyRunnable: () => boolean
}

/** How long a disk that takes nothing, here or at the host, is left alone. */
const STORAGE_RETRY_MS = 1_000

export class MachineLink {
  readonly host: HostConnection
  readonly #context: RuntimeContext
  readonly #options: MachineLinkOptions
  readonly #intake: EventIntake
  readonly #teller: Teller

  constructor(context: RuntimeContext, options: MachineLinkOptions) {
    this.#context = context
    this.#options = options
    const machine = options.machine.id
    this.#intake = new EventIntake(context, {
      machine,
      apply: (event) => options.events.apply(event, machine),
      endPlainly: (event) => options.events.endPlainly(event, machine),
      onTaken: (seq) => this.host.current?.ack(seq),
      onStuck: (error) => this.comeBackLater(error),
    })
    this.#teller = new Teller(context, {
      events: options.events,
      onSteered: options.onSteered,
      catchUp: (link) => {
        this.#intake.flush()
        return this.host.current === link
      },
      onLost: () => this.host.ensure(),
      onStuck: (error) => this.#onStuck(error),
    })
    this.host = new HostConnection({
      connect: (how) => this.#connect(how),
      onLink: (link) => {
        for (const handOver of context.ledger.handOvers.owed(machine)) void this.#teller.tell(link, handOver)
        options.onLink()
      },
      isNeeded: () => context.ledger.handOvers.isAnyOwed(machine) || options.isAnyRunnable(),
      onUnavailable: (error) => this.#onUnavailable(error),
      clock: context.clock,
      log: context.log,
    })
  }

  journal(): string | null {
    return this.host.current?.journal ?? null
  }

  tell(handOver: HandOver): void {
    const link = this.host.current
    if (link) void this.#teller.tell(link, handOver)
    else this.host.ensure()
  }

  /** Tells the host what the owner chose; a host without this session learns it with the next turn. */
  configure(id: SessionId): void {
    const session = this.#context.ledger.sessions.find(id)
    const link = this.host.current
    if (!session || !link) return
    link
      .command({ kind: "session.configure", session: id, settings: session.settings })
      .catch((error: unknown) => {
        this.#context.log.debug({ err: error, session: id }, "the host takes the settings with the next turn")
      })
  }

  /** Ends the host and every agent in it. Resolves when it has agreed; a host that does not run is fine. */
  async stopAgents(): Promise<void> {
    try {
      const link = await this.host.find()
      await link?.command({ kind: "host.stop" })
    } catch (error) {
      if (!(error instanceof HostLinkError)) throw error
      this.#context.log.warn({ err: error }, "the host could not be told to stop")
    }
  }

  /** Nothing is lost with the link: the ledger says what is open, and the host keeps its events until they are taken in. */
  comeBackLater(error: unknown): void {
    this.#context.log.error({ err: error }, "what has to be written is not taken; trying again")
    this.host.renewAfter(STORAGE_RETRY_MS)
  }

  /** The host could not even record what it was told, so it has done nothing; and that is shown. */
  #onStuck(error: unknown): void {
    if (!isStorageFailure(error)) this.#onUnavailable(error)
    this.comeBackLater(error)
  }

  async #connect({ mayStart, mayEnd }: ConnectHow): Promise<HostLink> {
    const { id, line } = this.#options.machine
    const cursor = this.#context.ledger.machines.cursor(id)
    const link = await this.#options.connect({
      journal: cursor?.journal ?? null,
      acked: cursor?.acked ?? 0,
      line,
      mayStart: mayStart && line.kind === "local",
      mayEnd: mayEnd && line.kind === "local",
      onEvent: (event) => this.#intake.receive(event),
      onLive: (live) => this.#onLive(live),
      onOdd: (odd) => this.#onOdd(odd),
      onDown: () => this.#intake.flush(),
    })
    try {
      if (cursor?.journal !== link.journal) {
        this.#context.ledger.machines.setCursor(id, { journal: link.journal, acked: 0 })
      }
      return link
    } catch (error) {
      link.close()
      throw error
    }
  }

  /** A host of a later version, most likely. */
  #onOdd(odd: Odd): void {
    this.#context.log.keep("something that a host said in a form not known here", odd.json)
    if (odd.kind === "odd event") this.#intake.receive({ seq: odd.seq, event: null })
  }

  #onLive({ session, attempt, item, channel, offset, text }: LiveText): void {
    const work = this.#context.ledger.turns.atWork(attempt)
    if (work?.session !== session || work.machine !== this.#options.machine.id) return
    this.#options.live.text(work.id, session, { item, channel, offset, text })
  }

  #onUnavailable(error: unknown): void {
    const { reason, detail = "" } = failureOfLink(error)
    const notice = { code: "warning", detail, reason } as const
    const { ledger } = this.#context
    for (const turn of ledger.turns.allOpen()) {
      const isHere = ledger.sessions.machineOf(turn.session) === this.#options.machine.id
      if (isHere && turn.hold === null) this.#options.live.notice(turn.id, turn.session, notice)
    }
  }
}
