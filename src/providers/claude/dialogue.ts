/**
 * What goes on between us and one `claude` process: which attempt it works on, what it waits for, what it really uses.
 * A turn ends when the session is idle, not at its `result`: a message that was steered in may cause a second result.
 */
import { ProviderError } from "../../core/provider-error.ts"
import { AttemptId, type RequestId } from "../../protocol/ids.ts"
import type { Answer, Failure, Notice, Outcome, Settings } from "../../protocol/session.ts"
import type { EventSink, ProviderContext, SteerOutcome } from "../provider.ts"
import { SilenceWatch } from "../silence.ts"
import type { ClaudeConnection } from "./connection.ts"
import { readText } from "./file-change.ts"
import { limitsOf } from "./limits.ts"
import { noticeOf } from "./notice.ts"
import { OpenAsks } from "./open-asks.ts"
import { askOf } from "./permission.ts"
import { TaskList } from "./task-list.ts"
import { type Ending, Turn } from "./turn.ts"
import { CanUseTool, type Result, type WireMessage } from "./wire.ts"

const NOTICE_MS = 60_000
const LIMIT_MS = 15 * 60_000
/** An interrupt takes about 20 ms; a process that needs longer than this is ended. */
const INTERRUPT_GRACE_MS = 5_000

export interface DialogueParts {
  readonly context: ProviderContext
  readonly sink: EventSink
  readonly workspace: string
  readonly nativeId: string
  /** How an attempt ended according to the transcript; null when it was never consumed. */
  readonly consult: (nativeId: string, attempt: AttemptId) => Promise<Outcome | null>
  /** Cumulative cost that the session already had, if known. */
  readonly spentUsd: number | undefined
}

interface Handover {
  readonly attempt: AttemptId
  readonly accepted: PromiseWithResolvers<void>
  /** Its process is gone and the transcript is being asked. */
  isLost: boolean
}

export class Dialogue {
  readonly #parts: DialogueParts
  readonly #asks: OpenAsks
  readonly #tasks = new TaskList()
  #nativeId: string
  #connection: ClaudeConnection | null = null
  #real: Settings = {}
  #title: string | undefined
  #announced = ""
  #turn: Turn | null = null
  /** False for a turn that Claude Code began by itself. */
  #worksForUs = false
  #turnEnded = Promise.withResolvers<void>()
  #watch: SilenceWatch | null = null
  /** Written to the process, not yet taken up by it. */
  #handover: Handover | null = null
  /** Messages steered in whose arrival is not confirmed yet; the turn stays open for them. */
  readonly #steering = new Map<string, (outcome: SteerOutcome) => void>()
  /** Set when we gave up on the turn ourselves; it outweighs what the process says. */
  #gaveUp: Failure | null = null
  #spentUsd: number | undefined
  #spentBeforeTurn: number | undefined
  /** Why Claude Code may start working by itself. */
  #wakeReason: string | null = null

  constructor(parts: DialogueParts) {
    this.#parts = parts
    this.#asks = new OpenAsks(parts.sink)
    this.#nativeId = parts.nativeId
    this.#spentUsd = parts.spentUsd
  }

  get nativeId(): string {
    return this.#nativeId
  }

  get turn(): Turn | null {
    return this.#turn
  }

  get real(): Settings {
    return this.#real
  }

  /** It works on a prompt of ours, or is being given one. */
  get isBusy(): boolean {
    return this.#handover !== null || this.#worksForUs
  }

  /** A process was started for this session. */
  attach(connection: ClaudeConnection, settings: Settings): void {
    this.#connection = connection
    this.#real = settings
    this.#announce()
  }

  /** Settings that the process confirmed; told on when they are new. */
  confirm(settings: Settings): void {
    this.#real = { ...this.#real, ...settings }
    this.#announce()
  }

  /** Resolves when the process took the prompt up; rejects when it certainly never will. */
  expect(attempt: AttemptId): Promise<void> {
    const accepted = Promise.withResolvers<void>()
    this.#handover = { attempt, accepted, isLost: false }
    return accepted.promise
  }

  /** The prompt could not be written. */
  async lose(attempt: AttemptId): Promise<void> {
    const handover = this.#handover
    if (handover?.attempt === attempt) await this.#settleLost(handover, this.#crash(""))
  }

  /** Resolves when the process has the message. */
  expectSteer(uuid: string): Promise<SteerOutcome> {
    const { promise, resolve } = Promise.withResolvers<SteerOutcome>()
    this.#steering.set(uuid, resolve)
    return promise
  }

  /** The message could not be written. */
  loseSteer(uuid: string): void {
    this.#steering.get(uuid)?.("too_late")
    this.#steering.delete(uuid)
  }

  /** Takes the answer for a request; the connection is told. */
  async answer(request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    const taken = this.#asks.answer(request, answer)
    if (taken === null || this.#connection === null) return "gone"
    if (taken.verdict.behavior === "allow") this.#turn?.allowed(taken.toolUse)
    this.#watch?.heard()
    await this.#connection.decide(request, taken.verdict)
    return "answered"
  }

  /** Asks the process to stop its turn, and ends a process that does not. Resolves when it was told. */
  async stop(): Promise<void> {
    // A prompt that is just being taken up is stopped once it is.
    if (this.#turn === null) await this.#handover?.accepted.promise.catch(() => undefined)
    const turn = this.#turn
    const connection = this.#connection
    if (turn === null || connection === null || turn.isStopping) return
    turn.stop()
    this.#parts.context.clock.after(INTERRUPT_GRACE_MS, () => {
      if (this.#turn === turn) void connection.kill()
    })
    try {
      await connection.control({ subtype: "interrupt", cancel_queued: true })
    } catch (cause) {
      this.#parts.context.log.warn({ cause: String(cause) }, "claude did not take an interrupt and is ended")
      await connection.kill()
    }
  }

  /** Resolves when no turn is running. */
  async idle(): Promise<void> {
    if (this.#turn !== null) await this.#turnEnded.promise
  }

  onMessage(message: WireMessage): void {
    this.#watch?.heard()
    switch (message.kind) {
      case "init":
        this.#onInit(message)
        return
      case "mode":
        return this.confirm({ mode: message.mode })
      case "title":
        this.#title = message.title
        return this.#announce()
      case "state":
        if (message.state === "idle") this.#onIdle()
        return
      case "lifecycle":
        return this.#onLifecycle(message.uuid, message.state)
      case "stream":
        if (!message.subagent) this.#working().onStream(message.event)
        return
      case "assistant":
        return this.#working().onAssistant(message.body)
      case "user":
        return this.#turn?.onUser(message.body)
      case "result":
        return this.#onResult(message.body)
      case "retry":
        this.#turn?.onRetry()
        return this.#notice(noticeOf(message))
      case "fallback":
      case "compacted":
      case "history_not_saved":
        return this.#notice(noticeOf(message))
      case "rate_limit": {
        this.#turn?.noteRateLimit(message.info)
        const limits = limitsOf(message.info)
        if (limits.length > 0) this.#parts.sink.emit({ kind: "limits", limits })
        return
      }
      case "task_ended":
        this.#wakeReason = message.summary ?? null
        return
      case "control_request":
        return this.#onControlRequest(message.id, message.request)
      case "control_cancel":
        return this.#asks.withdraw(message.id)
      case "control_response":
      case "other":
      case "unknown":
      case "malformed":
        return
    }
  }

  /**
   * The process is gone.
   * @param expected whether we ended it; otherwise whoever listens is told.
   */
  async onExit(connection: ClaudeConnection, expected: boolean): Promise<void> {
    if (this.#connection !== connection) return
    this.#connection = null
    for (const resolve of this.#steering.values()) resolve("too_late")
    this.#steering.clear()
    const stderr = connection.stderrTail()
    const failure = expected && this.#turn === null ? null : (connection.fault ?? this.#crash(stderr))
    const hadTurn = this.#turn !== null
    if (failure !== null && hadTurn) this.#finish({ kind: "lost", failure })
    const handover = this.#handover
    if (handover !== null) await this.#settleLost(handover, failure ?? this.#crash(stderr))
    else if (!expected && !hadTurn) this.#parts.sink.closed("Claude Code ended unexpectedly")
  }

  // ── one turn after another ─────────────────────────────────────────────────────────────────────────────────────

  #onInit(message: Extract<WireMessage, { kind: "init" }>): void {
    this.#working()
    // Clearing the conversation begins another one in the same process.
    this.#nativeId = message.nativeId
    this.confirm({
      ...(message.model === undefined ? {} : { model: message.model }),
      ...(message.mode === undefined ? {} : { mode: message.mode }),
    })
  }

  #onLifecycle(uuid: string, state: string): void {
    if (this.#handover?.attempt === uuid && state !== "queued") this.#onTakenUp(this.#handover, state)
    const steered = this.#steering.get(uuid)
    if (steered === undefined) return
    this.#steering.delete(uuid)
    steered(state === "cancelled" || state === "discarded" ? "too_late" : "steered")
  }

  #onTakenUp(handover: Handover, state: string): void {
    if (this.#turn !== null) this.#finish({ kind: "idle" })
    this.#accept(handover)
    if (state === "started") return
    // It was withdrawn from the queue before it began, which only a stop does.
    this.#turn?.stop()
    this.#finish({ kind: "idle" })
  }

  #accept(handover: Handover): void {
    this.#handover = null
    this.#parts.sink.emit({ kind: "attempt.accepted", attempt: handover.attempt })
    this.#begin(handover.attempt)
    this.#worksForUs = true
    handover.accepted.resolve()
  }

  /** The turn that is being worked on; one of its own when Claude Code began without a prompt of ours. */
  #working(): Turn {
    if (this.#turn !== null) return this.#turn
    const attempt = AttemptId.parse(this.#parts.context.newId())
    const reason = this.#wakeReason ?? "Claude Code continued by itself."
    this.#wakeReason = null
    this.#parts.sink.emit({ kind: "attempt.began", attempt, reason })
    return this.#begin(attempt)
  }

  #begin(attempt: AttemptId): Turn {
    const { context, sink, workspace } = this.#parts
    const { clock, valve, log, config } = context
    const turn = new Turn({ attempt, sink, clock, log, workspace, read: readText, tasks: this.#tasks })
    this.#turn = turn
    this.#turnEnded = Promise.withResolvers<void>()
    this.#gaveUp = null
    this.#spentBeforeTurn = this.#spentUsd
    this.#watch = new SilenceWatch({
      ...{ clock, valve },
      noticeMs: config.silentNoticeMs ?? NOTICE_MS,
      limitMs: config.silentLimitMs ?? LIMIT_MS,
      isPaused: () => this.#asks.size > 0 || turn.runsTools,
      toolIsRunning: () => false,
      onNotice: (seconds) => this.#notice({ code: "silent", seconds }),
      onLimit: () => this.#giveUp(),
    })
    return turn
  }

  #giveUp(): void {
    this.#gaveUp = { class: "timeout" }
    void this.stop()
  }

  #onIdle(): void {
    if (this.#turn !== null && this.#steering.size === 0) this.#finish({ kind: "idle" })
  }

  #onResult(result: Result): void {
    this.#turn?.onResult(result)
    if (typeof result.total_cost_usd === "number") this.#spentUsd = result.total_cost_usd
  }

  #finish(ending: Ending): void {
    const turn = this.#turn
    if (turn === null) return
    const { attempt } = turn
    this.#asks.withdrawAll()
    this.#watch?.stop()
    const outcome = turn.end(this.#gaveUp === null ? ending : { kind: "lost", failure: this.#gaveUp })
    const usage = turn.usage(this.#spentInTurn())
    if (usage !== null) this.#parts.sink.emit({ kind: "usage", attempt, usage })
    this.#turn = null
    this.#worksForUs = false
    this.#watch = null
    this.#parts.sink.emit({ kind: "attempt.ended", attempt, outcome })
    this.#turnEnded.resolve()
  }

  #spentInTurn(): number | undefined {
    if (this.#spentUsd === undefined || this.#spentBeforeTurn === undefined) return undefined
    // A cleared conversation counts from zero again.
    const spent = this.#spentUsd - this.#spentBeforeTurn
    return spent < 0 ? this.#spentUsd : spent
  }

  // ── requests of the process ────────────────────────────────────────────────────────────────────────────────────

  #onControlRequest(id: string, request: Record<string, unknown>): void {
    const parsed = CanUseTool.safeParse(request)
    if (!parsed.success) {
      this.#refuse(id, `${String(request.subtype)} is not supported`)
      return
    }
    const turn = this.#working()
    const context = {
      workspace: this.#parts.workspace,
      read: readText,
      inputOfCall: turn.inputOf(parsed.data.tool_use_id),
    }
    const ask = askOf(parsed.data, context)
    this.#asks.open(id, { attempt: turn.attempt, toolUse: parsed.data.tool_use_id, ask })
  }

  #refuse(id: string, error: string): void {
    this.#connection?.refuse(id, error).catch((cause: unknown) => {
      this.#parts.context.log.info({ cause: String(cause) }, "claude ended before it was answered")
    })
  }

  // ── the end of a process ───────────────────────────────────────────────────────────────────────────────────────

  #crash(stderr: string): Failure {
    const logId = this.#parts.context.log.keep("claude ended", stderr)
    return { class: "crashed", logId }
  }

  /** The prompt was written to a process that is gone: only the transcript knows whether it was consumed. */
  async #settleLost(handover: Handover, failure: Failure): Promise<void> {
    if (handover.isLost) return
    handover.isLost = true
    try {
      const outcome = await this.#parts.consult(this.#nativeId, handover.attempt)
      if (outcome === null) {
        this.#handover = null
        handover.accepted.reject(new ProviderError(failure))
        return
      }
      this.#accept(handover)
      this.#finish({ kind: "lost", failure })
    } catch (cause) {
      this.#handover = null
      handover.accepted.reject(cause)
    }
  }

  #notice(notice: Notice): void {
    if (this.#turn !== null) this.#parts.sink.emit({ kind: "notice", attempt: this.#turn.attempt, notice })
  }

  #announce(): void {
    const title = this.#title === undefined ? {} : { title: this.#title }
    const event = {
      kind: "session.changed",
      nativeId: this.#nativeId,
      settings: this.#real,
      ...title,
    } as const
    const text = JSON.stringify(event)
    if (text === this.#announced) return
    this.#announced = text
    this.#parts.sink.emit(event)
  }
}
