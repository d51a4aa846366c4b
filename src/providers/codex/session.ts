/** One session on Codex: a thread, the turn that runs in it, and what becomes of both when the connection goes. */
import { isDeepStrictEqual } from "node:util"
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import type { Answer, Failure, Limit, Prompt, SessionSpec, Settings } from "../../protocol/session.ts"
import type { EventSink, ProviderSession, SteerOutcome } from "../provider.ts"
import { Attachment } from "./attachment.ts"
import { type Connection, ConnectionLost, Refused } from "./connection.ts"
import { CRASHED, crashed, hanging, isUnknownThread, readRefusal } from "./failure.ts"
import { adoptHelpers } from "./helpers.ts"
import type { Notification, RateLimits, Turn as WireTurn } from "./incoming.ts"
import { absentMountPoints } from "./leftovers.ts"
import { LABEL } from "./program.ts"
import { promptInput } from "./prompt-input.ts"
import type { Shared } from "./shared.ts"
import { INTERRUPT_WAIT_MS, interruptTurn, type Stopping } from "./stopping.ts"
import type { Thread } from "./thread.ts"
import { findTurn, isOver, settledTurn } from "./transcript.ts"
import type { Turn } from "./turn.ts"
import { wait } from "./wait.ts"
import { Work } from "./work.ts"

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
  readonly #work: Work
  /** Codex writes a thread down with its first prompt; before that its id is worth nothing. */
  #nativeId: string | null
  #isClosed = false
  #hasToldOfSandbox = false
  #toldLimits: readonly Limit[] = []

  private constructor({ shared, spec, sink }: SessionParts) {
    this.#shared = shared
    this.#spec = spec
    this.#sink = sink
    this.#settings = spec.settings
    this.#nativeId = spec.nativeId
    this.#work = new Work({
      ...{ shared, sink },
      stopping: (turn) => this.#stopping(turn),
      onAccepted: (turn, id) => this.#accept(turn, id),
      onSilent: () => void this.#ping(),
    })
    this.#attachment = new Attachment({
      shared,
      spec: () => ({ ...spec, nativeId: this.#nativeId, settings: this.#settings }),
      listener: (connection) => ({
        notified: (notification) => this.#notified(notification),
        requested: (request) => this.#work.requested(connection, request),
        helperNotified: (thread, told) => this.#work.helperNotified(thread, connection, told),
        helperRequested: (thread, request) => this.#work.helperRequested(thread, connection, request),
        lost: (reason) => this.#lost(connection, reason),
        failed: this.#work.failed,
      }),
    })
  }

  /** @throws ProviderError */
  static async open(parts: SessionParts): Promise<CodexSession> {
    const session = new CodexSession(parts)
    const { newest } = await session.#attach()
    parts.shared.sessions.add(session)
    session.#tellSettings()
    if (newest?.status === "inProgress" && session.#work.turn === null) session.#work.beginOwn(newest.id)
    return session
  }

  /** Takes over a turn that outlived its host; null when Codex does not work on it any more. @throws ProviderError */
  static async takeOver(
    parts: SessionParts,
    attempt: AttemptId,
    turnId: string,
  ): Promise<CodexSession | null> {
    const session = new CodexSession(parts)
    const turn = session.#work.begin(attempt, { isOwn: false, helper: null })
    turn.accept(turnId, "known")
    const { newest, wasWaiting } = await session.#attach()
    if (newest?.id === turnId && newest.status === "inProgress") {
      parts.shared.sessions.add(session)
      session.#tellSettings()
      turn.takeTranscript(newest)
      // An answer given meanwhile must find what it answers.
      const late = wait(parts.shared.context.clock, REPLAY_WAIT_MS)
      if (wasWaiting) await Promise.race([session.#work.asking.first, turn.ended, late])
      return session
    }
    session.#work.abandon(turn)
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
    while (this.#work.turn?.isOwn) await this.#work.turn.ended
    if (this.#work.turn) {
      throw new ProviderError({ class: "bad_request", reason: { code: "busy", agent: LABEL } })
    }
    if (this.#isClosed) throw crashed(new Error("the session is closed"))
    const turn = this.#work.begin(attempt, { isOwn: false, helper: null })
    try {
      this.#accept(turn, await this.#handOver(turn, prompt))
    } catch (error) {
      if (error instanceof ConnectionLost) return this.#settleHandOver(turn, error)
      this.#work.abandon(turn)
      throw error instanceof Refused ? new ProviderError(readRefusal(error.message), { cause: error }) : error
    }
  }

  async steer(prompt: Prompt, _attempt: AttemptId): Promise<SteerOutcome> {
    const { turn } = this.#work
    if (!turn?.id || turn.stop || turn.helper !== null) return "too_late"
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
    const { turn } = this.#work
    if (!turn) return
    turn.stop ??= { kind: "owner" }
    await Promise.race([turn.accepted, turn.ended])
    await interruptTurn(this.#stopping(turn))
  }

  async answer(request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    const { asking, helpers, turn } = this.#work
    if (turn === null || !asking.isPending(request)) return "gone"
    const { connection } = await this.#attachment.attached()
    const reason = answer.kind === "option" && answer.option === "decline" ? answer.reason : undefined
    // Codex tells the model of a denial but takes no words with it, so they go ahead as a message of the owner.
    if (reason) await this.steer({ text: reason, files: [] }, turn.attempt)
    const taken = asking.answer(request, answer)
    if (taken === null) return "gone"
    helpers.settled(taken.rpcId)
    connection.respond(taken.rpcId, taken.result)
    return "answered"
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    const { turn } = this.#work
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

  #attach(): Promise<Thread> {
    return this.#attachment.attach().then(async (thread) => {
      if (this.#spec.nativeId !== null || this.#nativeId !== null) {
        await adoptHelpers(this.#work.helpers, thread, this.#shared.context.log)
      }
      return thread
    })
  }

  /** An app-server that does not even answer this hangs, and the connection ends. */
  async #ping(): Promise<void> {
    try {
      const { connection } = await this.#attachment.attached()
      await connection.ping()
    } catch (error) {
      this.#shared.context.log.info({ error }, "a silent Codex could not be asked whether it lives")
    }
  }

  #lost(connection: Connection, reason: string): void {
    this.#attachment.lost()
    this.#work.helpers.takeAsks()
    const { turn } = this.#work
    // A prompt on its way is looked for by whoever sent it.
    if (this.#isClosed || turn?.id === null) return
    if (turn) void this.#reattach(turn, connection.unanswered)
    else this.#gone(`Codex' app-server is gone: ${reason}`)
  }

  /** The server may be alive and the turn running, or both may have ended: the transcript knows. */
  async #reattach(turn: Turn, unanswered: string | null): Promise<void> {
    const failure: Failure = unanswered === null ? CRASHED : hanging(unanswered)
    const fail = (): void => this.#work.end(turn, { kind: "failed", failure, text: turn.text() })
    try {
      const thread = await this.#attach()
      const found = await this.#findOn(thread, turn)
      if (found === null) return fail()
      turn.takeTranscript(found)
      if (found.status !== "inProgress") return await this.#work.conclude(turn, found, { died: failure })
      if (turn.stop) await interruptTurn(this.#stopping(turn))
    } catch (error) {
      this.#shared.context.log.error({ error }, "a Codex session could not be picked up again")
      fail()
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

  /** Codex' id of the turn. */
  async #handOver({ attempt }: Turn, prompt: Prompt): Promise<string> {
    const settings = this.#settings
    const thread = await this.#attachment.attached()
    this.#work.litter = await absentMountPoints(thread.sandboxRoots(this.#spec.workspace, settings))
    const startOn = async (opened: Thread): Promise<string> => {
      const params = opened.turnParams(prompt, attempt, settings)
      return (await opened.connection.request("turn/start", params)).turn.id
    }
    try {
      return await startOn(thread)
    } catch (error) {
      if (!(error instanceof Refused && isUnknownThread(error.message))) throw error
      // Unloaded behind our back.
      return startOn(await this.#attach())
    }
  }

  #accept(turn: Turn, id: string): void {
    if (turn.id !== null) return
    const { thread } = this.#attachment
    if (this.#nativeId === null && thread !== null) {
      this.#nativeId = thread.id
      this.#tellSettings()
    }
    turn.accept(id, "accepted")
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
      this.#work.abandon(turn)
      throw crashed(cause)
    }
    this.#accept(turn, found.turn.id)
    await this.#reattach(turn, null)
  }

  // While it runs

  #notified(notification: Notification): void {
    const { turn } = this.#work
    switch (notification.method) {
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
        turn?.notice({ code: "warning", detail: notification.params.message.slice(0, 300).toWellFormed() })
        return
      default:
        return this.#work.notified(notification)
    }
  }

  /** Told to every session; those at work pass it on. */
  #onRateLimits(report: RateLimits): void {
    this.#shared.quota.update(report)
    const limits = this.#shared.quota.limits()
    if (this.#work.turn === null || isDeepStrictEqual(limits, this.#toldLimits)) return
    this.#toldLimits = limits
    this.#sink.emit({ kind: "limits", limits })
  }

  #stopping(turn: Turn): Stopping {
    const { helpers, goal } = this.#work
    return { shared: this.#shared, attachment: this.#attachment, turn, helpers, goal }
  }
}
