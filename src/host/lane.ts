/**
 * One session on this machine: its agent, kept open between turns, and its attempts, one at a time in the order of
 * their arrival.
 */
import { ProviderError } from "../core/provider-error.ts"
import { isSqliteStorageFailure } from "../platform/sqlite-error.ts"
import type { AttemptId, RequestId, SessionId } from "../protocol/ids.ts"
import type { Answer, Failure, Prompt, SessionSpec, Settings } from "../protocol/session.ts"
import type { Clock, Log, Provider, SteerOutcome } from "../providers/provider.ts"
import type { Attempts } from "./attempts.ts"
import { failed, failureOf, indeterminate, notConfigured, STOPPED } from "./failures.ts"
import { type Delta, type OpenRecovery, OpenSession, type SessionHandlers } from "./open-session.ts"

export interface LaneOptions {
  readonly session: SessionId
  readonly attempts: Attempts
  readonly clock: Clock
  readonly log: Log
  readonly provider: (spec: SessionSpec) => Provider | null
  readonly onDelta: (delta: Delta) => void
  /** An open agent without work is closed after this long, in ms. */
  readonly idleMs: () => number
  /** Called when nothing runs, waits or stays open any more. */
  readonly onEmpty: () => void
}

export interface Job {
  readonly attempt: AttemptId
  /** Null for work the provider had begun by itself. */
  readonly prompt: Prompt | null
  /** Ask the provider first: an earlier host may have handed it over. */
  readonly mustRecover: boolean
}

interface Turn {
  readonly provider: Provider
  readonly attempt: AttemptId
  readonly prompt: Prompt
}

/** How long an interrupted agent may take to end its turn before it is closed instead. */
const INTERRUPT_LIMIT_MS = 20_000
const CLOSE_LIMIT_MS = 10_000
/** How long a disk that takes nothing is left alone. */
const STORAGE_RETRY_MS = 1_000

export class Lane {
  readonly #options: LaneOptions
  readonly #waiting: Job[] = []
  /** The attempt being recovered, opened, handed over or worked on. */
  #current: AttemptId | null = null
  /** Attempts to be stopped as soon as their agent can be told. */
  readonly #interrupted = new Set<AttemptId>()
  #open: OpenSession | null = null
  /** An opening under way, so that nothing is ever opened twice. */
  #opening: Promise<OpenSession> | null = null
  #closing: Promise<void> | null = null
  /** The question what became of the current attempt; an answer or a steer waits for the agent it may find. */
  #recovering: Promise<unknown> | null = null
  #isDraining = false
  #isStopping = false
  #idleTimer: { cancel(): void } | null = null

  constructor(options: LaneOptions) {
    this.#options = options
  }

  get isEmpty(): boolean {
    return !this.isWorking && this.#open === null && this.#opening === null
  }

  get isWorking(): boolean {
    return this.#isDraining || this.#waiting.length > 0 || this.#running.length > 0
  }

  /** Its agent is open, idle, and needs no preparation for this turn. */
  isReadyFor(spec: SessionSpec): boolean {
    const isAtRest = !this.isWorking && this.#opening === null && this.#closing === null
    return isAtRest && this.#open?.canServe(spec) === true && this.#open.isSetTo(spec.settings)
  }

  get #running(): readonly AttemptId[] {
    return this.#options.attempts.runningIn(this.#options.session)
  }

  add(job: Job): void {
    this.#idleTimer?.cancel()
    this.#waiting.push(job)
    if (!this.#isDraining) void this.#drain()
  }

  async #drain(): Promise<void> {
    this.#isDraining = true
    for (
      let job = this.#waiting.shift();
      job !== undefined && !this.#isStopping;
      job = this.#waiting.shift()
    ) {
      this.#current = job.attempt
      await this.#run(job)
      this.#interrupted.delete(job.attempt)
      this.#current = null
    }
    this.#isDraining = false
    this.#restWhenIdle()
  }

  async #run({ attempt, prompt, mustRecover }: Job): Promise<void> {
    const { attempts, log } = this.#options
    const spec = attempts.spec(attempt)
    if (spec === null || !attempts.isOpen(attempt)) return
    try {
      const provider = this.#options.provider(spec)
      if (provider === null) this.#endWithoutProvider(attempt, spec)
      else if (!mustRecover || (await this.#recover(provider, attempt)) === "start") {
        if (prompt !== null) await this.#start({ provider, attempt, prompt })
        else attempts.end(attempt, indeterminate("accepted"))
      }
    } catch (error) {
      attempts.end(attempt, failed(failureOf(error, { agent: spec.provider, log })))
    }
    if (!this.#isStopping) await attempts.whenEnded(attempt)
  }

  #endWithoutProvider(attempt: AttemptId, spec: SessionSpec): void {
    const { attempts } = this.#options
    const state = attempts.state(attempt) ?? "recorded"
    const outcome = state === "recorded" ? failed(notConfigured(spec.provider)) : indeterminate(state)
    attempts.end(attempt, outcome)
  }

  async #start(turn: Turn): Promise<void> {
    const { attempts } = this.#options
    const spec = attempts.spec(turn.attempt)
    if (spec === null) return
    const ended = attempts.whenEnded(turn.attempt)
    const session = await Promise.race([this.#ensureOpen(turn.provider, spec), ended])
    if (!session || this.#isStopping || !attempts.isOpen(turn.attempt)) return
    if (attempts.state(turn.attempt) === "recorded") await this.#handOver(turn.attempt)
    if (attempts.state(turn.attempt) !== "handing_over") return
    await Promise.race([this.#send(session, turn), ended])
  }

  /** Not before it is on the disk; a full one is waited for. */
  async #handOver(attempt: AttemptId): Promise<void> {
    const { attempts, clock, log } = this.#options
    while (attempts.isOpen(attempt) && !this.#isStopping) {
      try {
        return attempts.handOver(attempt)
      } catch (error) {
        if (!isSqliteStorageFailure(error)) throw error
        log.error({ error, attempt }, "the journal could not be written; the prompt waits")
        await new Promise<void>((resolve) => clock.after(STORAGE_RETRY_MS, resolve))
      }
    }
  }

  async #send(session: OpenSession, turn: Turn): Promise<void> {
    const { attempts, log } = this.#options
    const { attempt } = turn
    try {
      await session.agent.send(turn.prompt, attempt)
    } catch (error) {
      if (!attempts.isOpen(attempt) || this.#isStopping) return
      if (error instanceof ProviderError) attempts.end(attempt, failed(error.failure))
      else await this.#settle(turn.provider, attempt, failureOf(error, { agent: turn.provider.label, log }))
      return
    }
    if (!attempts.isOpen(attempt)) return
    session.tellNativeId()
    attempts.emit(session.spec, { kind: "attempt.accepted", attempt })
    await this.#interruptIfWanted(session, attempt)
  }

  async #interruptIfWanted(session: OpenSession, attempt: AttemptId): Promise<void> {
    if (!this.#interrupted.has(attempt)) return
    try {
      await session.agent.interrupt()
    } catch (error) {
      this.#options.log.error({ error, attempt }, "an adapter could not interrupt; the time limit will")
    }
  }

  async #ensureOpen(provider: Provider, spec: SessionSpec): Promise<OpenSession> {
    // Its failure belongs to who began it.
    if (this.#opening) await this.#opening.catch(() => null)
    if (this.#open && !this.#open.canServe(spec)) await this.#closeAgent()
    await this.#closing
    if (this.#open) {
      await this.#open.configure(spec.settings)
      return this.#open
    }
    this.#opening = OpenSession.open(provider, spec, this.#handlers(provider))
    try {
      this.#open = await this.#opening
      return this.#open
    } finally {
      this.#opening = null
      this.#restWhenIdle()
    }
  }

  #handlers(provider: Provider): SessionHandlers {
    const { attempts, log, onDelta } = this.#options
    return {
      onDelta,
      onEvent: (spec, event) => {
        attempts.emit(spec, event)
        if (event.kind === "attempt.ended") this.#restWhenIdle()
      },
      onGone: (session, reason) => {
        log.info({ session: session.spec.session, reason }, "an agent's side of a session has ended")
        if (this.#open !== session) return
        this.#open = null
        void this.#afterAgentGone(provider)
      },
    }
  }

  // What became of an attempt whose agent or host is gone

  /** `start`: certainly not consumed. `settled`: it has ended, or its agent is still at work and was taken over. */
  async #recover(provider: Provider, attempt: AttemptId): Promise<"start" | "settled"> {
    const { attempts } = this.#options
    const asking = this.#askProvider(provider, attempt)
    this.#recovering = asking
    const recovery = await asking
    this.#recovering = null
    switch (recovery.kind) {
      case "not_consumed":
        attempts.withdrawRequests(attempt)
        if (!this.#interrupted.has(attempt)) return "start"
        attempts.end(attempt, STOPPED)
        return "settled"
      case "ended":
        attempts.end(attempt, recovery.outcome)
        return "settled"
      case "live":
        await this.#adopt(recovery.session, attempt)
        return "settled"
      case "unknown":
        attempts.end(attempt, indeterminate(attempts.state(attempt) ?? "recorded"))
        return "settled"
    }
  }

  /** The same question when only the agent has died: this host knows what it handed over. */
  async #settle(provider: Provider, attempt: AttemptId, failure: Failure): Promise<void> {
    const { attempts } = this.#options
    const recovery = await this.#askProvider(provider, attempt)
    if (!attempts.isOpen(attempt)) return
    const crashed = failed({ ...failure, class: "crashed" })
    const isUnclear = recovery.kind === "unknown" && attempts.state(attempt) === "handing_over"
    if (recovery.kind === "live") await this.#adopt(recovery.session, attempt)
    else if (recovery.kind === "ended") attempts.end(attempt, recovery.outcome)
    else attempts.end(attempt, isUnclear ? indeterminate("handing_over") : crashed)
  }

  async #askProvider(provider: Provider, attempt: AttemptId): Promise<OpenRecovery> {
    const { attempts, log } = this.#options
    const spec = attempts.spec(attempt)
    if (spec === null) return { kind: "unknown" }
    try {
      return await OpenSession.recover({ provider, spec, attempt }, this.#handlers(provider))
    } catch (error) {
      log.error({ error, attempt }, "an adapter could not tell what became of an attempt")
      return { kind: "unknown" }
    }
  }

  async #adopt(session: OpenSession, attempt: AttemptId): Promise<void> {
    this.#open = session
    this.#options.attempts.emit(session.spec, { kind: "attempt.accepted", attempt })
    await this.#interruptIfWanted(session, attempt)
  }

  async #afterAgentGone(provider: Provider): Promise<void> {
    if (this.#isStopping) return
    for (const attempt of this.#running) await this.#settle(provider, attempt, { class: "crashed" })
    this.#restWhenIdle()
  }

  // What the owner wants of a session

  /** False when there is nothing to stop. */
  async interrupt(attempt: AttemptId): Promise<boolean> {
    const { attempts, clock } = this.#options
    if (!attempts.isOpen(attempt)) return false
    if (attempts.state(attempt) === "recorded") {
      attempts.end(attempt, STOPPED)
      return true
    }
    this.#interrupted.add(attempt)
    clock.after(INTERRUPT_LIMIT_MS, () => void this.#stopByClosing(attempt))
    await this.#open?.agent.interrupt()
    return true
  }

  async #stopByClosing(attempt: AttemptId): Promise<void> {
    const { attempts, log } = this.#options
    if (!attempts.isOpen(attempt) || this.#isStopping) return
    log.warn({ attempt }, "an interrupted agent did not end its turn: it is closed")
    await this.#closeAgent()
    attempts.end(attempt, STOPPED)
  }

  async steer(attempt: AttemptId, prompt: Prompt): Promise<SteerOutcome> {
    const { attempts } = this.#options
    if (attempts.state(attempt) === "recorded") return "too_late"
    await attempts.whenAccepted(attempt)
    await this.#recovering
    if (!attempts.isOpen(attempt) || this.#open === null) return "too_late"
    return this.#open.agent.steer(prompt, attempt)
  }

  async answer(attempt: AttemptId, request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    // An agent that outlived the host has the request already, and is taken over first.
    await this.#options.attempts.whenAccepted(attempt)
    await this.#recovering
    if (!this.#options.attempts.isOpen(attempt) || this.#open === null) return "gone"
    return this.#open.agent.answer(request, answer)
  }

  async configure(settings: Settings): Promise<void> {
    await this.#open?.configure(settings)
  }

  /** Stops what runs, forgets what waits, and frees the agent; the session can be opened again. */
  async close(): Promise<void> {
    const { attempts } = this.#options
    const dropped = [...this.#waiting.map((job) => job.attempt), ...(this.#current ? [this.#current] : [])]
    for (const attempt of dropped) if (attempts.state(attempt) === "recorded") attempts.end(attempt, STOPPED)
    await this.#closeAgent()
    for (const attempt of this.#running) attempts.end(attempt, STOPPED)
    this.#restWhenIdle()
  }

  /**
   * The host leaves. What the agents do not end by themselves stays open in the journal: the next host asks the
   * provider about it.
   */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#idleTimer?.cancel()
    await this.#open?.agent.close()
  }

  // Rest

  async #closeAgent(): Promise<void> {
    // Its failure belongs to who began it.
    if (this.#opening) await this.#opening.catch(() => null)
    const open = this.#open
    this.#open = null
    if (open === null || open.isGone) return
    this.#closing = this.#closeWithin(open, CLOSE_LIMIT_MS)
    await this.#closing
    this.#closing = null
  }

  async #closeWithin(open: OpenSession, limitMs: number): Promise<void> {
    const late = Promise.withResolvers<never>()
    const timer = this.#options.clock.after(limitMs, () => late.reject(new Error("closing took too long")))
    try {
      await Promise.race([open.agent.close(), late.promise])
    } catch (error) {
      this.#options.log.error(
        { error, session: this.#options.session },
        "an adapter could not close a session",
      )
    } finally {
      timer.cancel()
    }
  }

  /** Looks again how long it may stay open. */
  rest(): void {
    this.#restWhenIdle()
  }

  #restWhenIdle(): void {
    this.#idleTimer?.cancel()
    if (this.isWorking || this.#isStopping) return
    if (this.isEmpty) this.#options.onEmpty()
    else this.#idleTimer = this.#options.clock.after(this.#options.idleMs(), () => void this.#closeIdle())
  }

  async #closeIdle(): Promise<void> {
    if (this.isWorking) return
    await this.#closeAgent()
    this.#restWhenIdle()
  }
}
