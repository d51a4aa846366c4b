/**
 * Hands turns to the host, one at a time per session, and takes its events in. Whatever is interrupted here is
 * repeated under the same id: the host answers a repeated attempt with what became of it.
 */

import { retryPrompt } from "../core/retry-prompt.ts"
import { nextInQueue } from "../core/turn.ts"
import { isStorageFailure } from "../ledger/errors.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Turn } from "../ledger/turns.ts"
import type { AttemptId, RequestId, SessionId, TurnId } from "../protocol/ids.ts"
import type { SessionSpec } from "../protocol/session.ts"
import type { RuntimeContext } from "./context.ts"
import { EventIntake } from "./event-intake.ts"
import { HostConnection } from "./host-connection.ts"
import { HostEvents, isEnded } from "./host-events.ts"
import { failureOfLink } from "./host-link/failure.ts"
import { type HostLink, HostLinkError, type HostLinkHandlers, type LiveText } from "./host-link/link.ts"
import type { LiveTurns } from "./live.ts"
import type { SteerOutcome } from "./turns.ts"

export interface HostCursorAndHandlers extends HostLinkHandlers {
  readonly journal: string | null
  readonly acked: number
}

export type ConnectHost = (options: HostCursorAndHandlers) => Promise<HostLink>

export interface TurnRunnerOptions {
  readonly live: LiveTurns
  readonly connect: ConnectHost
  readonly onSteered: (turn: TurnId, outcome: SteerOutcome) => void
  /** The host can be asked things. */
  readonly onLink: () => void
}

/** How long a disk that takes nothing, here or at the host, is left alone. */
const STORAGE_RETRY_MS = 1_000

/** The link ended or is ending: what was sent over it is repeated over the next one. */
const isLinkLost = (error: HostLinkError): boolean =>
  ["closed", "unreachable", "stopping"].includes(error.code)

/** The host's disk took nothing of a command, so nothing of it was done. */
const isStuck = (error: unknown): boolean => error instanceof HostLinkError && error.code === "storage"

export class TurnRunner {
  readonly host: HostConnection
  readonly #context: RuntimeContext
  readonly #live: LiveTurns
  readonly #events: HostEvents
  readonly #onSteered: TurnRunnerOptions["onSteered"]
  readonly #intake: EventIntake
  /** Sessions whose queue is being looked at; a wake meanwhile looks again. */
  readonly #looking = new Map<SessionId, "once" | "again">()
  readonly #timers = new Map<SessionId, { cancel(): void }>()

  constructor(context: RuntimeContext, options: TurnRunnerOptions) {
    const { live, connect, onSteered } = options
    this.#context = context
    this.#onSteered = onSteered
    this.#live = live
    this.#events = new HostEvents(context, live, (session) => this.wake(session))
    this.#intake = new EventIntake(context, {
      apply: (event) => this.#events.apply(event),
      onTaken: (seq) => this.host.current?.ack(seq),
      onStuck: (error) => this.#comeBackLater(error),
    })
    this.host = new HostConnection({
      connect: () => this.#connect(connect),
      onLink: (link) => {
        this.#resync(link)
        options.onLink()
      },
      isNeeded: () => this.#isHostNeeded(),
      onUnavailable: (error) => this.#onHostUnavailable(error),
      clock: context.clock,
      log: context.log,
    })
  }

  /** Takes up everything that is open in the ledger. */
  start(): void {
    for (const session of new Set(this.#context.ledger.turns.allOpen().map((turn) => turn.session)))
      this.wake(session)
    this.host.ensure()
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.host.close()
  }

  /** Looks whether a session's next turn can run. */
  wake(session: SessionId): void {
    if (this.#looking.has(session)) {
      this.#looking.set(session, "again")
      return
    }
    this.#looking.set(session, "once")
    void this.#look(session).finally(() => {
      const again = this.#looking.get(session) === "again"
      this.#looking.delete(session)
      if (again) this.wake(session)
    })
  }

  /** Inside a transaction: the session's next turn is dispatched with it, if it can run and the host is there. */
  dispatchAlong(session: SessionId): void {
    const link = this.host.current
    const started = link && this.#dispatch(session, link)
    if (!started) return
    this.#context.ledger.afterCommit(() => {
      void this.#startTurn(link, started, { recoverOnly: false })
    })
  }

  /** Tells the host to interrupt a turn; repeated by `#resync` when there is no link now. */
  interrupt(id: TurnId): void {
    const turn = this.#context.ledger.turns.find(id)
    if (!turn?.attempt || isEnded(turn)) return
    this.#send({ kind: "turn.interrupt", session: turn.session, attempt: turn.attempt })
  }

  /** Passes a prompt on into a running attempt; repeated by `#resync` when there is no link now. */
  steer(id: TurnId): void {
    const link = this.host.current
    if (link) void this.#steer(link, id)
    else this.host.ensure()
  }

  /** Brings a stored answer to the host; repeated by `#resync` when there is no link now. */
  deliverAnswer(id: RequestId): void {
    const link = this.host.current
    if (link) void this.#answer(link, id)
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

  async #look(session: SessionId): Promise<void> {
    try {
      const next = this.#next(session)
      if (next.kind === "wait") this.#wakeAt(session, next.until)
      if (next.kind !== "run") return
      const link = await this.host.use()
      const started = this.#dispatch(session, link)
      if (started) await this.#startTurn(link, started, { recoverOnly: false })
    } catch (error) {
      if (isStorageFailure(error)) return this.#comeBackLater(error)
      this.#context.log.warn({ err: error, session }, "a turn could not be handed over yet")
      this.host.ensure()
    }
  }

  /** Nothing is lost with the link: the ledger says what is open, and the host keeps its events until they are taken in. */
  #comeBackLater(error: unknown): void {
    this.#context.log.error({ err: error }, "the disk does not take what has to be written; trying again")
    this.host.renewAfter(STORAGE_RETRY_MS)
  }

  #next(session: SessionId) {
    return nextInQueue(this.#context.ledger.turns.open(session), this.#context.clock.now())
  }

  #wakeAt(session: SessionId, until: number): void {
    this.#timers.get(session)?.cancel()
    const { clock } = this.#context
    this.#timers.set(
      session,
      clock.after(until - clock.now(), () => this.wake(session)),
    )
  }

  /** Commits that the next turn is on its way; from here on its attempt id is the only one that may run. */
  #dispatch(session: SessionId, link: HostLink): Turn | null {
    const { ledger, newId } = this.#context
    return ledger.transact(() => {
      const next = this.#next(session)
      if (next.kind !== "run") return null
      ledger.turns.dispatch(next.turn.id, newId() as AttemptId, link.journal)
      return ledger.turns.find(next.turn.id)
    })
  }

  async #startTurn(link: HostLink, turn: Turn, { recoverOnly }: { recoverOnly: boolean }): Promise<void> {
    try {
      const session = this.#context.ledger.sessions.find(turn.session)
      if (!session || !turn.attempt) return
      const hadEffects = turn.attempts > 1 && this.#context.ledger.facts.hadEffects(turn.id)
      const prompt = retryPrompt(turn.prompt, { hadEffects })
      const spec = this.specOf(session)
      const { state } = await link.command({
        kind: "turn.start",
        attempt: turn.attempt,
        spec,
        prompt,
        recoverOnly,
      })
      if (recoverOnly) this.#context.ledger.turns.handedTo(turn.id, link.journal)
      if (state === "ended") this.#settleEnded(turn, link)
      if (turn.stopRequestedAt !== null) this.interrupt(turn.id)
    } catch (error) {
      this.#onStartFailed(turn, error)
    }
  }

  #onStartFailed(turn: Turn, error: unknown): void {
    try {
      this.#onStartRefused(turn, error)
    } catch (fault) {
      if (isStorageFailure(fault)) return this.#comeBackLater(fault)
      this.#context.log.error({ err: fault, turn: turn.id }, "a turn could not be handed over yet")
      this.host.renewAfter(STORAGE_RETRY_MS)
    }
  }

  /** The session as the host must open it. */
  specOf(session: Session): SessionSpec {
    const binding = this.#context.ledger.sessions.providerBinding(session.id, session.provider)
    return {
      session: session.id,
      provider: session.provider,
      workspace: session.workspace,
      nativeId: binding?.nativeId ?? null,
      settings: session.settings,
    }
  }

  #onStartRefused(turn: Turn, error: unknown): void {
    if (!(error instanceof HostLinkError)) throw error
    if (isLinkLost(error)) return this.host.ensure()
    if (isStuck(error)) return this.#onHostStuck(error)
    const logId = this.#context.log.keep("the host refused a turn", error)
    const failure = { ...failureOfLink(error), logId }
    this.#context.ledger.transact(() => {
      const current = this.#context.ledger.turns.find(turn.id)
      if (current && !isEnded(current)) this.#events.giveUp(current, { kind: "failed", failure, text: "" })
    })
  }

  /** The host could not even record what it was told, so it has done nothing. */
  #onHostStuck(error: HostLinkError): void {
    this.#onHostUnavailable(error)
    this.#comeBackLater(error)
  }

  /** The host says it is over, yet its last event was never seen: its result is lost, and that is said. */
  #settleEnded(turn: Turn, link: HostLink): void {
    this.#intake.flush()
    // Given up meanwhile: the event comes again over the next one.
    if (this.host.current !== link) return
    const current = this.#context.ledger.turns.find(turn.id)
    if (!current || isEnded(current) || current.attempt !== turn.attempt) return
    this.#context.ledger.transact(() =>
      this.#events.giveUp(current, { kind: "indeterminate", consumed: "yes", text: "" }),
    )
  }

  async #connect(connect: ConnectHost): Promise<HostLink> {
    const cursor = this.#context.ledger.machine.hostCursor()
    const link = await connect({
      journal: cursor?.journal ?? null,
      acked: cursor?.acked ?? 0,
      onEvent: (event) => this.#intake.receive(event),
      onLive: (live) => this.#onLive(live),
      onDown: () => this.#intake.flush(),
    })
    try {
      if (cursor?.journal !== link.journal) {
        this.#context.ledger.machine.setHostCursor({ journal: link.journal, acked: 0 })
      }
      return link
    } catch (error) {
      link.close()
      throw error
    }
  }

  #onLive({ session, attempt, item, channel, offset, text }: LiveText): void {
    const turn = this.#context.ledger.turns.findByAttempt(attempt)
    if (turn && !isEnded(turn)) this.#live.text(turn.id, session, { item, channel, offset, text })
  }

  /** Over a new link, everything unsettled is said again; the host knows what of it is old. */
  #resync(link: HostLink): void {
    const { ledger } = this.#context
    for (const turn of ledger.turns.allOpen()) {
      if (turn.hold?.kind === "steer") void this.#steer(link, turn.id)
      if (turn.state === "queued") continue
      void this.#startTurn(link, turn, {
        recoverOnly: turn.journal !== null && turn.journal !== link.journal,
      })
    }
    for (const request of ledger.requests.undelivered()) void this.#answer(link, request.id)
    for (const session of new Set(ledger.turns.allOpen().map((turn) => turn.session))) this.wake(session)
  }

  async #steer(link: HostLink, id: TurnId): Promise<void> {
    const turn = this.#context.ledger.turns.find(id)
    if (turn?.hold?.kind !== "steer") return
    const { session, prompt, hold } = turn
    try {
      const command = { kind: "turn.steer", session, attempt: hold.into, steerId: id, prompt } as const
      const { outcome } = await link.command(command)
      this.#onSteered(id, outcome)
    } catch (error) {
      if (isStorageFailure(error) || isStuck(error)) return this.#comeBackLater(error)
      if (!(error instanceof HostLinkError)) throw error
      if (isLinkLost(error)) return this.host.ensure()
      this.#context.log.warn({ err: error, turn: id }, "the host could not pass a prompt on")
      this.#onSteered(id, "too_late")
    }
  }

  async #answer(link: HostLink, id: RequestId): Promise<void> {
    const { ledger, log } = this.#context
    const request = ledger.requests.find(id)
    if (request?.state !== "answered" || !request.answer) return
    try {
      const command = {
        kind: "request.answer",
        session: request.session,
        request: id,
        answer: request.answer,
      } as const
      const { outcome } = await link.command(command)
      if (outcome === "gone") log.info({ request: id }, "the agent no longer waited for this answer")
      ledger.transact(() => {
        if (outcome === "gone") this.#events.missed(id)
        else ledger.requests.markDelivered(id)
      })
    } catch (error) {
      if (isStorageFailure(error) || isStuck(error)) return this.#comeBackLater(error)
      if (!(error instanceof HostLinkError)) throw error
      log.warn({ err: error, request: id }, "an answer is not with the host yet")
      this.host.ensure()
    }
  }

  #send(command: Parameters<HostLink["command"]>[0]): void {
    const link = this.host.current
    if (!link) return this.host.ensure()
    link.command(command).catch((error: unknown) => {
      this.#context.log.warn({ err: error, command: command.kind }, "a command did not reach the host")
      this.host.ensure()
    })
  }

  #isHostNeeded(): boolean {
    const { ledger } = this.#context
    const isWorking = ledger.turns.allOpen().some((turn) => turn.state !== "queued")
    const hasRunnable = () =>
      [...new Set(ledger.turns.allOpen().map((t) => t.session))].some((s) => this.#next(s).kind === "run")
    return isWorking || ledger.requests.undelivered().length > 0 || hasRunnable()
  }

  #onHostUnavailable(error: unknown): void {
    const { reason, detail = "" } = failureOfLink(error)
    const notice = { code: "warning", detail, reason } as const
    for (const turn of this.#context.ledger.turns.allOpen()) {
      if (turn.hold === null) this.#live.notice(turn.id, turn.session, notice)
    }
  }
}
