/** One session on Codex: a thread, the turn that runs in it, and what becomes of both when the connection goes. */
import { isDeepStrictEqual } from "node:util"
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import { AttemptId as AttemptIdSchema } from "../../protocol/ids.ts"
import type {
  Answer,
  Failure,
  Limit,
  Outcome,
  Prompt,
  SessionSpec,
  Settings,
} from "../../protocol/session.ts"
import type { EventSink, ProviderSession, SteerOutcome } from "../provider.ts"
import { type Connection, ConnectionLost, Refused, type ServerRequest } from "./connection.ts"
import { CRASHED, crashed, EMPTY, isUnknownThread, readRefusal, readTurnError } from "./failure.ts"
import type { Notification, RateLimits, Turn as WireTurn } from "./incoming.ts"
import { absentMountPoints, awaitCommandsGone, type Litter, removeLitter } from "./leftovers.ts"
import { promptInput } from "./prompt-input.ts"
import { readRequest } from "./requests.ts"
import type { Shared } from "./shared.ts"
import { Silence } from "./silence.ts"
import { Thread } from "./thread.ts"
import { findTurn } from "./transcript.ts"
import { Turn } from "./turn.ts"
import { wait } from "./wait.ts"

const SILENT_NOTICE_MS = 60_000
const SILENT_LIMIT_MS = 10 * 60_000
/** How long an interrupted turn may take to say that it ended. */
const INTERRUPT_WAIT_MS = 5_000
const INTERRUPT_RETRY_MS = 25

export interface SessionParts {
  readonly shared: Shared
  readonly spec: SessionSpec
  readonly sink: EventSink
}

export class CodexSession implements ProviderSession {
  readonly #shared: Shared
  readonly #spec: SessionSpec
  readonly #sink: EventSink
  /** What the owner wants for the next turn. */
  #settings: Settings
  /** The thread on the connection it is open on; null while there is none. */
  #thread: Thread | null = null
  #attaching: Promise<Thread> | null = null
  #turn: Turn | null = null
  #silence: Silence | null = null
  #stopListening: () => void = () => undefined
  /** Codex writes a thread down with its first prompt; before that its id is worth nothing. */
  #nativeId: string | null
  #isClosed = false
  #hasToldOfSandbox = false
  #toldLimits: readonly Limit[] = []
  /** What is not there before a turn, and so is litter after it. */
  #litter: Litter = []

  private constructor({ shared, spec, sink }: SessionParts) {
    this.#shared = shared
    this.#spec = spec
    this.#sink = sink
    this.#settings = spec.settings
    this.#nativeId = spec.nativeId
  }

  /** @throws ProviderError */
  static async open(parts: SessionParts): Promise<CodexSession> {
    const session = new CodexSession(parts)
    const thread = await session.#attach()
    parts.shared.sessions.add(session)
    session.#tellSettings()
    const { newest } = thread
    if (newest?.status === "inProgress" && session.#turn === null) session.#beginElsewhere(newest.id)
    return session
  }

  /** Takes over a turn that outlived its host; null when Codex does not work on it any more. @throws ProviderError */
  static async takeOver(
    parts: SessionParts,
    attempt: AttemptId,
    turnId: string,
  ): Promise<CodexSession | null> {
    const session = new CodexSession(parts)
    const turn = session.#begin(attempt)
    turn.accept(turnId)
    const thread = await session.#attach()
    const { newest } = thread
    if (newest?.id === turnId && newest.status === "inProgress") {
      parts.shared.sessions.add(session)
      session.#tellSettings()
      turn.takeTranscript(newest)
      return session
    }
    session.#forget(turn)
    turn.abandon()
    await session.close()
    return null
  }

  get nativeId(): string {
    return this.#nativeId ?? ""
  }

  async configure(settings: Settings): Promise<void> {
    this.#settings = settings
  }

  async send(prompt: Prompt, attempt: AttemptId): Promise<void> {
    // A turn of the owner's own in his terminal is waited for.
    while (this.#turn?.isElsewhere) await this.#turn.ended
    if (this.#turn) throw new ProviderError({ class: "bad_request", detail: "Codex is still at work." })
    if (this.#isClosed) throw crashed(new Error("the session is closed"))
    const turn = this.#begin(attempt)
    try {
      this.#accept(turn, await this.#handOver(turn, prompt))
    } catch (error) {
      if (error instanceof ConnectionLost) return this.#settleHandOver(turn, error)
      this.#forget(turn)
      turn.abandon()
      throw error instanceof Refused ? new ProviderError(readRefusal(error.message), { cause: error }) : error
    }
  }

  async steer(prompt: Prompt, _attempt: AttemptId): Promise<SteerOutcome> {
    const turn = this.#turn
    if (!turn?.id || turn.stop) return "too_late"
    const { connection, id } = await this.#attached()
    try {
      await connection.request("turn/steer", {
        threadId: id,
        expectedTurnId: turn.id,
        input: promptInput(prompt),
        clientUserMessageId: this.#shared.context.newId(),
      })
      return "steered"
    } catch (error) {
      if (error instanceof ConnectionLost) throw crashed(error)
      if (!(error instanceof Refused)) throw error
      this.#shared.context.log.info({ error }, "Codex did not take a steer")
      return "too_late"
    }
  }

  async interrupt(): Promise<void> {
    const turn = this.#turn
    if (!turn) return
    turn.stop ??= { kind: "owner" }
    await Promise.race([turn.accepted, turn.ended])
    await this.#interruptTurn(turn)
  }

  async answer(request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    const turn = this.#turn
    if (!turn?.isPending(request)) return "gone"
    const { connection } = await this.#attached()
    const reason = answer.kind === "option" && answer.option === "decline" ? answer.reason : undefined
    // Codex tells the model of a denial but takes no words with it, so they go ahead as a message of the owner.
    if (reason) await this.steer({ text: reason, files: [] }, turn.attempt)
    const taken = turn.answer(request, answer)
    if (taken === null) return "gone"
    connection.respond(taken.rpcId, taken.result)
    return "answered"
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    const turn = this.#turn
    if (turn) {
      await this.interrupt()
      await Promise.race([turn.ended, wait(this.#shared.context.clock, INTERRUPT_WAIT_MS)])
    }
    this.#setClosed()
    if (this.#thread === null || this.#thread.connection.isLost) return
    await this.#thread.connection
      .request("thread/unsubscribe", { threadId: this.#thread.id })
      .catch((error: unknown) => this.#shared.context.log.info({ error }, "Codex did not release a thread"))
  }

  // ── the thread ─────────────────────────────────────────────────────────────────────────────────────────────────

  async #attached(): Promise<Thread> {
    return this.#thread ?? this.#attach()
  }

  #attach(): Promise<Thread> {
    this.#attaching ??= this.#openThread().finally(() => {
      this.#attaching = null
    })
    return this.#attaching
  }

  async #openThread(): Promise<Thread> {
    const spec = { ...this.#spec, nativeId: this.#nativeId, settings: this.#settings }
    const thread = await Thread.open(this.#shared, spec, (connection) => {
      if (this.#nativeId !== null) this.#listen(connection, this.#nativeId)
    })
    this.#thread = thread
    if (this.#nativeId === null) this.#listen(thread.connection, thread.id)
    return thread
  }

  #listen(connection: Connection, thread: string): void {
    this.#stopListening()
    this.#stopListening = connection.listen(thread, {
      notified: (notification) => this.#notified(notification),
      requested: (request) => this.#requested(connection, request),
      lost: (reason) => this.#lost(reason),
    })
  }

  #lost(reason: string): void {
    this.#thread = null
    const turn = this.#turn
    if (this.#isClosed) return
    // A prompt on its way is looked for by whoever sent it.
    if (turn?.id === null) return
    if (turn) return void this.#reattach(turn)
    this.#setClosed()
    this.#sink.closed(`Codex' app-server is gone: ${reason}`)
  }

  /** The server may be alive and the turn running, or both may have ended: the transcript knows. */
  async #reattach(turn: Turn): Promise<void> {
    try {
      const thread = await this.#attach()
      const found =
        thread.newest?.id === turn.id
          ? thread.newest
          : (await findTurn(thread.connection, thread.id, turn.attempt))?.turn
      if (found === undefined) return this.#end(turn, { kind: "failed", failure: CRASHED, text: turn.text() })
      turn.takeTranscript(found)
      if (found.status !== "inProgress") return await this.#conclude(turn, found, { serverDied: true })
      if (turn.stop) await this.#interruptTurn(turn)
    } catch (error) {
      this.#shared.context.log.error({ error }, "a Codex session could not be picked up again")
      this.#end(turn, { kind: "failed", failure: CRASHED, text: turn.text() })
      this.#setClosed()
      this.#sink.closed("Codex' app-server is gone")
    }
  }

  #setClosed(): void {
    this.#isClosed = true
    this.#stopListening()
    this.#shared.sessions.delete(this)
  }

  #tellSettings(title: string | null = this.#thread?.name ?? null): void {
    if (this.#nativeId === null || this.#thread === null) return
    this.#sink.emit({
      kind: "session.changed",
      nativeId: this.#nativeId,
      settings: this.#thread.settings(this.#settings),
      ...(title === null ? {} : { title }),
    })
  }

  // ── a turn's beginning ─────────────────────────────────────────────────────────────────────────────────────────

  #begin(attempt: AttemptId, { isElsewhere } = { isElsewhere: false }): Turn {
    const { clock, log, config } = this.#shared.context
    const turn = new Turn({
      attempt,
      isElsewhere,
      sink: this.#sink,
      startedAt: clock.now(),
      onUnread: (kind) => log.warn({ kind }, "ignored an item of Codex of an unknown kind"),
    })
    this.#turn = turn
    this.#silence = new Silence({
      clock,
      noticeMs: config.silentNoticeMs ?? SILENT_NOTICE_MS,
      limitMs: config.silentLimitMs ?? SILENT_LIMIT_MS,
      isExcused: () => turn.isExcused,
      onNotice: (seconds) => turn.notice({ code: "silent", seconds }),
      onLimit: () => void this.#giveUp(turn),
    })
    return turn
  }

  /** A turn that is not ours: the owner in his terminal, on a thread that both have open. */
  #beginElsewhere(id: string): Turn {
    const attempt = AttemptIdSchema.parse(this.#shared.context.newId())
    const turn = this.#begin(attempt, { isElsewhere: true })
    turn.accept(id)
    this.#sink.emit({ kind: "attempt.began", attempt, reason: "begun in another Codex" })
    return turn
  }

  async #handOver(turn: Turn, prompt: Prompt): Promise<string> {
    const settings = this.#settings
    const thread = await this.#attached()
    this.#litter = await absentMountPoints(thread.sandboxRoots(this.#spec.workspace, this.#settings))
    try {
      return await startTurn(thread)
    } catch (error) {
      if (!(error instanceof Refused && isUnknownThread(error.message))) throw error
      // Unloaded behind our back, by an archive or a delete in a terminal; the former can be resumed.
      return startTurn(await this.#attach())
    }

    async function startTurn(opened: Thread): Promise<string> {
      const params = opened.turnParams(prompt, turn.attempt, settings)
      return (await opened.connection.request("turn/start", params)).turn.id
    }
  }

  #accept(turn: Turn, id: string): void {
    if (turn.id !== null) return
    turn.accept(id)
    const isNew = this.#nativeId === null
    this.#nativeId ??= this.#thread?.id ?? null
    if (isNew) this.#tellSettings()
    this.#sink.emit({ kind: "attempt.accepted", attempt: turn.attempt })
    if (this.#hasToldOfSandbox || !this.#thread?.enforcement(this.#settings).isWithoutSandbox) return
    this.#hasToldOfSandbox = true
    turn.notice({
      code: "sandbox_unusable",
      detail: "Codex' sandbox cannot start on this machine, so every command and every change is asked for.",
    })
  }

  /** The connection went while the prompt was on its way. @throws ProviderError when it did not arrive. */
  async #settleHandOver(turn: Turn, cause: ConnectionLost): Promise<void> {
    if (turn.id !== null) return
    const thread = this.#nativeId
    const connection = await this.#shared.server.connection()
    const found = thread === null ? null : await findTurn(connection, thread, turn.attempt)
    if (found === null) {
      this.#forget(turn)
      turn.abandon()
      throw crashed(cause)
    }
    this.#accept(turn, found.turn.id)
    await this.#reattach(turn)
  }

  // ── while it runs ──────────────────────────────────────────────────────────────────────────────────────────────

  #notified(notification: Notification): void {
    const turn = this.#turn
    switch (notification.method) {
      case "turn/started":
        return this.#onStarted(notification.params.turn)
      case "turn/completed":
        return void this.#onCompleted(notification.params.turn)
      case "thread/settings/updated":
        if (this.#thread?.update(notification.params)) this.#tellSettings()
        return
      case "thread/name/updated":
        return this.#tellSettings(notification.params.threadName ?? null)
      case "thread/closed":
        return this.#onUnloaded()
      case "account/rateLimits/updated":
        return this.#onRateLimits(notification.params.rateLimits)
      case "warning":
        turn?.notice({ code: "warning", detail: notification.params.message.slice(0, 300) })
        return
      case "serverRequest/resolved":
        turn?.resolved(notification.params.requestId)
        break
      default:
        if (turn === null || notification.params.turnId !== turn.id) return
        turn.handle(notification)
    }
    const isRetry = notification.method === "error" && notification.params.willRetry
    if (isRetry || turn === null) return
    turn.isReconnecting = false
    this.#silence?.heard()
  }

  #requested(connection: Connection, request: ServerRequest): void {
    const { log } = this.#shared.context
    const turn = this.#turn
    const read = readRequest(request.method, request.params, (item) => turn?.changesOf(item) ?? [])
    if (turn !== null && read.kind === "question") return turn.open(request.id, read.question)
    if (turn !== null && read.kind === "decline") {
      connection.respond(request.id, read.result)
      turn.notice({ code: "warning", detail: read.why })
      return
    }
    const what = log.keep(`codex request ${request.method}`, request.params)
    log.warn({ method: request.method, what }, "refused a request of Codex that is not understood")
    connection.refuse(request.id, "not supported by this client")
    turn?.notice({
      code: "warning",
      detail: `Codex asked for something unknown (${request.method}); it was refused.`,
    })
  }

  /** Told to every session; those at work pass it on. */
  #onRateLimits(report: RateLimits): void {
    this.#shared.quota.update(report)
    const limits = this.#shared.quota.limits()
    if (this.#turn === null || isDeepStrictEqual(limits, this.#toldLimits)) return
    this.#toldLimits = limits
    this.#sink.emit({ kind: "limits", limits })
  }

  #onStarted({ id }: WireTurn): void {
    const turn = this.#turn
    if (turn === null) this.#beginElsewhere(id)
    else this.#accept(turn, id)
  }

  #onUnloaded(): void {
    if (this.#turn || this.#isClosed) return
    this.#setClosed()
    this.#sink.closed("the session was closed in another Codex")
  }

  // ── its end ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #onCompleted(completed: WireTurn): Promise<void> {
    const turn = this.#turn
    if (turn === null || turn.id !== completed.id) return
    turn.takeTranscript(completed)
    await this.#conclude(turn, completed, { serverDied: false })
  }

  async #conclude(turn: Turn, ended: WireTurn, how: { readonly serverDied: boolean }): Promise<void> {
    if (ended.status === "interrupted") await this.#cleanUp(turn)
    this.#end(turn, this.#outcome(turn, ended, how))
  }

  #outcome(
    turn: Turn,
    { status, error }: WireTurn,
    { serverDied }: { readonly serverDied: boolean },
  ): Outcome {
    const text = turn.text()
    const failed = (failure: Failure): Outcome => ({ kind: "failed", failure, text })
    switch (status) {
      case "completed":
        return turn.isSilentSoFar() ? failed(EMPTY) : { kind: "completed", text }
      case "failed": {
        const told = error ?? { message: "", additionalDetails: null }
        const logId = this.#shared.context.log.keep("codex turn error", told)
        return failed({ ...readTurnError(told, this.#shared.quota.resetsAt()), logId })
      }
      default:
        if (turn.stop?.kind === "gave_up") return failed(turn.stop.failure)
        return serverDied && turn.stop === null ? failed(CRASHED) : { kind: "stopped", text }
    }
  }

  #end(turn: Turn, outcome: Outcome): void {
    this.#forget(turn)
    turn.end(outcome)
  }

  #forget(turn: Turn): void {
    if (this.#turn !== turn) return
    this.#turn = null
    this.#silence?.stop()
  }

  async #interruptTurn(turn: Turn): Promise<void> {
    const { clock, log } = this.#shared.context
    // Codex accepts a prompt a moment before its turn can be interrupted.
    const until = clock.now() + INTERRUPT_WAIT_MS
    while (turn.id !== null && !turn.isEnded && clock.now() < until) {
      const { connection, id } = await this.#attached()
      try {
        await connection.request("turn/interrupt", { threadId: id, turnId: turn.id })
        return
      } catch (error) {
        // Picking the session up again interrupts it, too.
        if (error instanceof ConnectionLost) return
        if (!(error instanceof Refused)) throw error
        log.debug({ error }, "Codex has no such turn to interrupt")
      }
      await Promise.race([turn.ended, wait(clock, INTERRUPT_RETRY_MS)])
    }
  }

  async #giveUp(turn: Turn): Promise<void> {
    if (turn.isEnded) return
    const failure: Failure = turn.isReconnecting
      ? { class: "transport", detail: "The model's server could not be reached." }
      : { class: "timeout", detail: "Nothing was heard from the model for too long." }
    turn.stop ??= { kind: "gave_up", failure }
    if (turn.id === null) return this.#thread?.connection.close()
    await this.#interruptTurn(turn).catch((error: unknown) =>
      this.#shared.context.log.error({ error }, "a silent Codex could not be interrupted"),
    )
    await Promise.race([turn.ended, wait(this.#shared.context.clock, INTERRUPT_WAIT_MS)])
    this.#end(turn, { kind: "failed", failure, text: turn.text() })
  }

  /** An interrupted turn leaves its command running and, in the directories it could write to, empty mount points. */
  async #cleanUp(turn: Turn): Promise<void> {
    const { clock, log } = this.#shared.context
    try {
      const { connection, id } = await this.#attached()
      await connection.request("thread/backgroundTerminals/clean", { threadId: id })
      await awaitCommandsGone({ thread: id, since: turn.startedAt }, clock)
      await removeLitter(this.#litter)
    } catch (error) {
      log.error({ error }, "what an interrupted Codex left behind could not be cleaned up")
    }
  }
}
