/** One session on Codex: a thread, the turn that runs in it, and what becomes of both when the connection goes. */
import { isDeepStrictEqual } from "node:util"
import { ProviderError } from "../../core/provider-error.ts"
import { AttemptId, type RequestId } from "../../protocol/ids.ts"
import type { Answer, Limit, Outcome, Prompt, SessionSpec, Settings } from "../../protocol/session.ts"
import type { EventSink, ProviderSession, SteerOutcome } from "../provider.ts"
import { SilenceWatch } from "../silence.ts"
import { Attachment } from "./attachment.ts"
import { type Connection, ConnectionLost, Refused, type ServerRequest } from "./connection.ts"
import { CRASHED, crashed, isUnknownThread, readRefusal } from "./failure.ts"
import type { Notification, RateLimits, Turn as WireTurn } from "./incoming.ts"
import { absentMountPoints, type Litter } from "./leftovers.ts"
import { outcomeOf } from "./outcome.ts"
import { LABEL } from "./program.ts"
import { promptInput } from "./prompt-input.ts"
import { readRequest } from "./requests.ts"
import type { Shared } from "./shared.ts"
import { cleanUp, giveUp, INTERRUPT_WAIT_MS, interruptTurn, type Stopping } from "./stopping.ts"
import type { Thread } from "./thread.ts"
import { findTurn, isOver, settledTurn } from "./transcript.ts"
import { Turn } from "./turn.ts"
import { wait } from "./wait.ts"

const SILENT_NOTICE_MS = 60_000
const SILENT_LIMIT_MS = 10 * 60_000
/** How long what a turn waits for may take to be asked again. */
const REPLAY_WAIT_MS = 2_000

export interface SessionParts {
  readonly shared: Shared
  readonly spec: SessionSpec
  readonly sink: EventSink
}

export class CodexSession implements ProviderSession {
  readonly #shared: Shared
  readonly #spec: SessionSpec
  readonly #sink: EventSink
  readonly #attachment: Attachment
  /** What the owner wants for the next turn. */
  #settings: Settings
  #turn: Turn | null = null
  #silence: SilenceWatch | null = null
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
    this.#attachment = new Attachment({
      shared,
      spec: () => ({ ...spec, nativeId: this.#nativeId, settings: this.#settings }),
      listener: (connection) => ({
        notified: (notification) => this.#notified(notification),
        requested: (request) => this.#requested(connection, request),
        lost: (reason) => this.#lost(reason),
      }),
    })
  }

  /** @throws ProviderError */
  static async open(parts: SessionParts): Promise<CodexSession> {
    const session = new CodexSession(parts)
    const { newest } = await session.#attachment.attach()
    parts.shared.sessions.add(session)
    session.#tellSettings()
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
    const { newest, wasWaiting } = await session.#attachment.attach()
    if (newest?.id === turnId && newest.status === "inProgress") {
      parts.shared.sessions.add(session)
      session.#tellSettings()
      turn.takeTranscript(newest)
      // An answer given meanwhile must find what it answers.
      const late = wait(parts.shared.context.clock, REPLAY_WAIT_MS)
      if (wasWaiting) await Promise.race([turn.asked, turn.ended, late])
      return session
    }
    session.#abandon(turn)
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
    if (this.#turn) {
      throw new ProviderError({ class: "bad_request", reason: { code: "busy", agent: LABEL } })
    }
    if (this.#isClosed) throw crashed(new Error("the session is closed"))
    const turn = this.#begin(attempt)
    try {
      this.#accept(turn, await this.#handOver(turn, prompt))
    } catch (error) {
      if (error instanceof ConnectionLost) return this.#settleHandOver(turn, error)
      this.#abandon(turn)
      throw error instanceof Refused ? new ProviderError(readRefusal(error.message), { cause: error }) : error
    }
  }

  async steer(prompt: Prompt, _attempt: AttemptId): Promise<SteerOutcome> {
    const turn = this.#turn
    if (!turn?.id || turn.stop) return "too_late"
    const { connection, id } = await this.#attachment.attached()
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
    await interruptTurn(this.#stopping(turn))
  }

  async answer(request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    const turn = this.#turn
    if (!turn?.isPending(request)) return "gone"
    const { connection } = await this.#attachment.attached()
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
    const { thread } = this.#attachment
    if (thread === null || thread.connection.isLost) return
    await thread.connection
      .request("thread/unsubscribe", { threadId: thread.id })
      .catch((error: unknown) => this.#shared.context.log.info({ error }, "Codex did not release a thread"))
  }

  // The connection

  #lost(reason: string): void {
    this.#attachment.lost()
    const turn = this.#turn
    // A prompt on its way is looked for by whoever sent it.
    if (this.#isClosed || turn?.id === null) return
    if (turn) void this.#reattach(turn)
    else this.#gone(`Codex' app-server is gone: ${reason}`)
  }

  /** The server may be alive and the turn running, or both may have ended: the transcript knows. */
  async #reattach(turn: Turn): Promise<void> {
    try {
      const thread = await this.#attachment.attach()
      const found = await this.#findOn(thread, turn)
      if (found === null) return this.#end(turn, { kind: "failed", failure: CRASHED, text: turn.text() })
      turn.takeTranscript(found)
      if (found.status !== "inProgress") return await this.#conclude(turn, found, { serverDied: true })
      if (turn.stop) await interruptTurn(this.#stopping(turn))
    } catch (error) {
      this.#shared.context.log.error({ error }, "a Codex session could not be picked up again")
      this.#end(turn, { kind: "failed", failure: CRASHED, text: turn.text() })
      this.#gone("Codex' app-server is gone")
    }
  }

  async #findOn({ newest, connection, id }: Thread, turn: Turn): Promise<WireTurn | null> {
    if (newest?.id === turn.id && (newest.status === "inProgress" || isOver(newest))) return newest
    return settledTurn({ connection, clock: this.#shared.context.clock }, id, turn.attempt)
  }

  #gone(reason: string): void {
    if (this.#isClosed) return
    this.#setClosed()
    this.#sink.closed(reason)
  }

  #setClosed(): void {
    this.#isClosed = true
    this.#attachment.stopListening()
    this.#shared.sessions.delete(this)
  }

  #tellSettings(title: string | null = this.#attachment.thread?.name ?? null): void {
    const { thread } = this.#attachment
    if (this.#nativeId === null || thread === null) return
    this.#sink.emit({
      kind: "session.changed",
      nativeId: this.#nativeId,
      settings: thread.settings(this.#settings),
      ...(title === null ? {} : { title }),
    })
  }

  // A turn's beginning

  #begin(attempt: AttemptId, { isElsewhere } = { isElsewhere: false }): Turn {
    const { clock, valve, config } = this.#shared.context
    const turn = new Turn({
      ...{ attempt, isElsewhere, sink: this.#sink, startedAt: clock.now() },
      onUnread: (kind) => this.#shared.ignoredItem(kind),
    })
    this.#turn = turn
    this.#silence = new SilenceWatch({
      ...{ clock, valve },
      noticeMs: config.silentNoticeMs ?? SILENT_NOTICE_MS,
      limitMs: config.silentLimitMs ?? SILENT_LIMIT_MS,
      toolIsRunning: () => false,
      isPaused: () => turn.isExcused,
      onNotice: (seconds) => turn.notice({ code: "silent", seconds }),
      onLimit: () => void this.#giveUp(turn),
    })
    return turn
  }

  /** A turn that is not ours: the owner in his terminal, on a thread that both have open. */
  #beginElsewhere(id: string): void {
    const attempt = AttemptId.parse(this.#shared.context.newId())
    const turn = this.#begin(attempt, { isElsewhere: true })
    turn.accept(id, { kind: "attempt.began", attempt, reason: "begun in another Codex" })
  }

  /** Codex' id of the turn. */
  async #handOver({ attempt }: Turn, prompt: Prompt): Promise<string> {
    const settings = this.#settings
    const thread = await this.#attachment.attached()
    this.#litter = await absentMountPoints(thread.sandboxRoots(this.#spec.workspace, settings))
    const startOn = async (opened: Thread): Promise<string> => {
      const params = opened.turnParams(prompt, attempt, settings)
      return (await opened.connection.request("turn/start", params)).turn.id
    }
    try {
      return await startOn(thread)
    } catch (error) {
      if (!(error instanceof Refused && isUnknownThread(error.message))) throw error
      // Unloaded behind our back.
      return startOn(await this.#attachment.attach())
    }
  }

  #accept(turn: Turn, id: string): void {
    if (turn.id !== null) return
    const { thread } = this.#attachment
    if (this.#nativeId === null && thread !== null) {
      this.#nativeId = thread.id
      this.#tellSettings()
    }
    turn.accept(id, { kind: "attempt.accepted", attempt: turn.attempt })
    if (this.#hasToldOfSandbox || !thread?.enforcement(this.#settings).isWithoutSandbox) return
    this.#hasToldOfSandbox = true
    turn.notice({
      code: "sandbox_unusable",
      detail: "",
      reason: { code: "sandbox_cannot_start", agent: LABEL },
    })
  }

  /** The connection went while the prompt was on its way. @throws ProviderError when it did not arrive. */
  async #settleHandOver(turn: Turn, cause: ConnectionLost): Promise<void> {
    // It had begun, and so is picked up like any other.
    if (turn.id !== null) return
    const thread = this.#nativeId
    const connection = await this.#shared.server.connection()
    const found = thread === null ? null : await findTurn(connection, thread, turn.attempt)
    if (found === null) {
      this.#abandon(turn)
      throw crashed(cause)
    }
    this.#accept(turn, found.turn.id)
    await this.#reattach(turn)
  }

  // While it runs

  #notified(notification: Notification): void {
    const turn = this.#turn
    switch (notification.method) {
      case "turn/started":
        return this.#onStarted(notification.params.turn)
      case "turn/completed":
        return void this.#onCompleted(notification.params.turn)
      case "thread/settings/updated":
        if (this.#attachment.thread?.update(notification.params)) this.#tellSettings()
        return
      case "thread/name/updated":
        return this.#tellSettings(notification.params.threadName ?? null)
      case "thread/closed":
        if (turn === null) this.#gone("the session was closed in another Codex")
        return
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
    const turn = this.#turn
    const read = readRequest(request.method, request.params, (item) => turn?.changesOf(item) ?? [])
    if (turn !== null && read.kind === "question") return turn.open(request.id, read.question)
    if (read.kind === "decline") {
      connection.respond(request.id, read.result)
      turn?.notice({ code: "warning", detail: "", reason: read.reason })
      return
    }
    this.#shared.refusedRequest(request)
    connection.refuse(request.id, "not supported by this client")
    turn?.notice({
      code: "warning",
      detail: "",
      reason: { code: "request_unknown", agent: LABEL, request: request.method },
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
    if (this.#turn === null) this.#beginElsewhere(id)
    else this.#accept(this.#turn, id)
  }

  // Its end

  async #onCompleted(completed: WireTurn): Promise<void> {
    const turn = this.#turn
    if (turn === null || turn.id !== completed.id) return
    turn.takeTranscript(completed)
    await this.#conclude(turn, completed, { serverDied: false })
  }

  async #conclude(turn: Turn, ended: WireTurn, how: { readonly serverDied: boolean }): Promise<void> {
    if (ended.status === "interrupted") await cleanUp(this.#stopping(turn), this.#litter)
    this.#end(turn, outcomeOf(this.#shared, turn, { ...ended, ...how }))
  }

  #end(turn: Turn, outcome: Outcome): void {
    this.#release(turn)
    turn.end(outcome)
  }

  #abandon(turn: Turn): void {
    this.#release(turn)
    turn.abandon()
  }

  #release(turn: Turn): void {
    if (this.#turn !== turn) return
    this.#turn = null
    this.#silence?.stop()
  }

  #stopping(turn: Turn): Stopping {
    return { shared: this.#shared, attachment: this.#attachment, turn }
  }

  async #giveUp(turn: Turn): Promise<void> {
    const outcome = await giveUp(this.#stopping(turn))
    if (outcome) this.#end(turn, outcome)
  }
}
