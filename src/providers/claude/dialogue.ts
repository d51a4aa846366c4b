/**
 * What goes on between us and one `claude` process: which attempt it works on and what it waits for. A prompt's turn ends
 * when the process says that it is done with every message of ours in it: a message that was steered in may cause a
 * second result, and a sub-agent in the background holds the session, but no turn.
 */
import { ProviderError } from "../../core/provider-error.ts"
import { AttemptId, type RequestId } from "../../protocol/ids.ts"
import type { Answer, Failure, Outcome, Settings } from "../../protocol/session.ts"
import { AttemptRecord } from "../attempt-record.ts"
import type { EventSink, ProviderContext } from "../provider.ts"
import { DEFAULT_LIMIT_MS, DEFAULT_NOTICE_MS, SilenceWatch } from "../silence.ts"
import { Asks } from "./asks.ts"
import { BackgroundTasks } from "./background.ts"
import type { ClaudeConnection } from "./connection.ts"
import { readText } from "./file-change.ts"
import { limitsOf } from "./limits.ts"
import { noticeOf } from "./notice.ts"
import { OwnMessages } from "./own-messages.ts"
import { SessionFacts } from "./session-facts.ts"
import { Spending } from "./spending.ts"
import { TaskList } from "./task-list.ts"
import { type Ending, Turn } from "./turn.ts"
import type { AssistantMessage, Result, StreamEvent, WireId, WireMessage } from "./wire.ts"

/** An interrupt takes about 20 ms; a process that needs longer than this is ended. */
const INTERRUPT_GRACE_MS = 5_000
/** After a result the end follows at once; this long it is waited for, should it have another form. */
const RESULT_GRACE_MS = 5_000

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

/** A prompt that was written to the process and not yet taken up by it. */
interface Handover {
  readonly record: AttemptRecord
  readonly accepted: PromiseWithResolvers<void>
  isStopping: boolean
  /** Its process is gone and the transcript is being asked. */
  isLost: boolean
}

export class Dialogue {
  readonly facts: SessionFacts
  readonly tasks = new BackgroundTasks()
  readonly ours = new OwnMessages()
  readonly #parts: DialogueParts
  readonly #asks: Asks
  readonly #todo = new TaskList()
  readonly #spending: Spending
  #connection: ClaudeConnection | null = null
  #turn: Turn | null = null
  #turnEnded = Promise.withResolvers<void>()
  #watch: SilenceWatch | null = null
  #handover: Handover | null = null
  /** Set when we gave up on the turn ourselves; it outweighs what the process says. */
  #gaveUp: Failure | null = null
  #afterResult: { cancel(): void } | null = null
  /** Why the process may start working by itself. */
  #wakeReason: string | null = null
  /** It said that it begins, and nothing of what it does yet. */
  #hasBegun = false

  constructor(parts: DialogueParts) {
    this.#parts = parts
    this.facts = new SessionFacts(parts.sink, parts.nativeId)
    this.#spending = new Spending(parts.spentUsd)
    this.#asks = new Asks({
      newId: parts.context.newId,
      workspace: parts.workspace,
      working: () => this.#working(),
      current: () => this.#turn,
      respond: (id, response) => this.#respond(id, response),
      refuse: (id, error) => this.#write((connection) => connection.refuse(id, error)),
    })
  }

  get turn(): Turn | null {
    return this.#turn
  }

  /** It works on a prompt of ours, or is being given one. */
  get isBusy(): boolean {
    return this.#handover !== null || this.ours.isWorking
  }

  /** A message is not to be mixed into what the process does by itself now. */
  get worksByItself(): boolean {
    return this.#turn !== null || this.#hasBegun
  }

  /** A process was started for this session. */
  attach(connection: ClaudeConnection, settings: Settings): void {
    this.#connection = connection
    this.facts.begin(settings)
  }

  /** Resolves when the process took the prompt up; rejects when it certainly never will. */
  expect(attempt: AttemptId): Promise<void> {
    const accepted = Promise.withResolvers<void>()
    this.#handover = { record: this.#record(attempt), accepted, isStopping: false, isLost: false }
    this.#gaveUp = null
    this.#listen()
    return accepted.promise
  }

  /** The prompt could not be written. */
  async lose(attempt: AttemptId): Promise<void> {
    const handover = this.#handover
    if (handover?.record.attempt === attempt) await this.#settleLost(handover, this.#crash(""))
  }

  /** Takes the answer for a request; the process is told. */
  async answer(request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    const taken = this.#connection === null ? null : this.#asks.answer(request, answer)
    if (taken === null || this.#connection === null) return "gone"
    const { response, allows } = taken.reply
    if (allows !== null) this.#turn?.allowed(allows)
    this.#watch?.heard()
    await this.#connection.respond(taken.key, response)
    this.#endIfOnlyAsked()
    return "answered"
  }

  /** Asks the process to stop what it does and is about to do, and ends one that does not. Resolves when it was told. */
  async stop(): Promise<void> {
    const connection = this.#connection
    const record = this.#turn?.record ?? this.#handover?.record
    if (connection === null || record === undefined) return
    if (this.#turn?.isStopping ?? this.#handover?.isStopping) return
    this.#turn?.stop()
    if (this.#handover !== null) this.#handover.isStopping = true
    this.#parts.context.clock.after(INTERRUPT_GRACE_MS, () => {
      if (!record.isEnded) void connection.kill()
    })
    const begun = this.tasks.of(record.attempt)
    try {
      await connection.control({ subtype: "interrupt", cancel_queued: true })
      await Promise.all(begun.map((task) => this.stopTask(task.id)))
    } catch (cause) {
      this.#parts.context.log.warn({ cause: String(cause) }, "claude did not take an interrupt and is ended")
      await connection.kill()
    }
  }

  async stopTask(id: string): Promise<void> {
    await this.#connection?.control({ subtype: "stop_task", task_id: id }).catch((cause: unknown) => {
      this.#parts.context.log.info(
        { cause: String(cause), task: id },
        "claude did not stop a background task",
      )
    })
  }

  /** Resolves when no turn is running. */
  async idle(): Promise<void> {
    await this.#handover?.accepted.promise.catch(() => undefined)
    if (this.#turn !== null) await this.#turnEnded.promise
  }

  onMessage(message: WireMessage): void {
    this.#watch?.heard()
    switch (message.kind) {
      case "init":
        return this.#onInit(message)
      case "status":
        if (message.mode !== undefined) this.facts.confirm({ mode: message.mode })
        if (message.prompts.some((uuid) => this.#handover?.record.attempt === uuid)) this.#accept()
        return
      case "not_compacted":
        return this.#working().notCompacted(message.why)
      case "title":
        return this.facts.titled(message.title)
      case "state":
        return message.state === "idle" ? this.#onIdle() : undefined
      case "lifecycle":
        return this.#onLifecycle(message.uuid, message.state)
      case "stream":
        return message.subagent ? undefined : this.#onStream(message.event)
      case "assistant":
        return this.#onAssistant(message.body)
      case "user":
        return this.#turn?.owns(message.body.parent_tool_use_id) ? this.#turn.onUser(message.body) : undefined
      case "local_output":
        return this.#working().onLocalOutput(message.text)
      case "result":
        return this.#onResult(message.body)
      case "retry":
      case "fallback":
      case "compacted":
      case "history_not_saved":
        if (message.kind === "retry") this.#turn?.onRetry()
        this.#turn?.record.notice(noticeOf(message))
        return
      case "rate_limit": {
        this.#turn?.noteRateLimit(message.info)
        const limits = limitsOf(message.info)
        if (limits.length > 0) this.#parts.sink.emit({ kind: "limits", limits })
        return
      }
      case "task_started":
        if (this.#turn?.owns(message.call)) this.tasks.started(message.task, this.#turn.record.attempt)
        return
      case "tasks":
        return this.tasks.replace(message.tasks)
      case "task_ended":
        return this.#onTaskEnded(message)
      case "control_request":
        this.#goOn()
        this.#asks.take(message.id, message.request)
        return this.#endIfOnlyAsked()
      case "control_cancel":
        this.#asks.withdraw(message.id)
        return this.#endIfOnlyAsked()
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
    this.tasks.forget()
    this.ours.loseAll()
    const hadTurn = this.#turn !== null
    const crash = (): Failure => connection.fault ?? this.#crash(connection.stderrTail())
    if (hadTurn) this.#finish({ kind: "lost", failure: crash() })
    this.#asks.forget()
    const handover = this.#handover
    if (handover !== null) await this.#settleLost(handover, this.#gaveUp ?? crash())
    else if (!expected && !hadTurn) this.#parts.sink.closed("Claude Code ended unexpectedly")
  }

  // ── one turn after another ─────────────────────────────────────────────────────────────────────────────────────

  #onInit(message: Extract<WireMessage, { kind: "init" }>): void {
    this.#goOn()
    this.#hasBegun = true
    const { model, mode } = message
    const real = { ...(model === undefined ? {} : { model }), ...(mode === undefined ? {} : { mode }) }
    // Clearing the conversation begins another one in the same process.
    this.facts.confirm(real, message.nativeId ?? undefined)
  }

  #onLifecycle(uuid: string, state: string): void {
    if (state === "started") this.#goOn()
    if (this.#handover?.record.attempt === uuid && state !== "queued") {
      this.#accept()
      // It was withdrawn from the queue before it began, which only a stop does.
      if (state === "cancelled" || state === "discarded") this.#turn?.stop()
    }
    const isDone = this.ours.hear(uuid, state)
    // Without a result the end is not whole yet: it comes, or the session falls idle.
    if (isDone && (this.#turn?.hasResult || this.#turn?.isStopping)) this.#finish({ kind: "done" })
  }

  #onStream(event: StreamEvent): void {
    this.#goOn()
    // The rest of a message whose turn has ended says nothing any more.
    if (this.#turn === null && event.type !== "message_start") return
    this.#working().onStream(event)
  }

  #onAssistant(body: AssistantMessage): void {
    if (body.parent_tool_use_id) {
      if (this.#turn?.owns(body.parent_tool_use_id)) this.#turn.onAssistant(body)
      return
    }
    this.#goOn()
    const isLate = this.#turn === null && this.#handover === null && !this.#hasBegun
    this.#working().onAssistant(body)
    // Said after the end, and nothing was begun: told on its own, since no end will follow.
    if (isLate && !this.#turn?.runsTools) this.#finish({ kind: "done" })
  }

  #onResult(result: Result): void {
    if (this.#turn === null && this.#handover !== null) this.#working()
    this.#turn?.onResult(result)
    this.#spending.hear(result.total_cost_usd)
    const turn = this.#turn
    if (turn === null) return
    this.#goOn()
    this.#afterResult = this.#parts.context.clock.after(RESULT_GRACE_MS, () => {
      if (this.#turn === turn && !this.ours.isSteering) this.#finish({ kind: "done" })
    })
  }

  /** More comes after the result. */
  #goOn(): void {
    this.#afterResult?.cancel()
    this.#afterResult = null
  }

  #onIdle(): void {
    this.#hasBegun = false
    if (this.#turn !== null && !this.ours.isSteering) this.#finish({ kind: "done" })
  }

  #onTaskEnded({ id, status, summary }: Extract<WireMessage, { kind: "task_ended" }>): void {
    // What a sub-agent ran ends for it alone, and what was stopped wakes nobody.
    if (this.tasks.isRunning(id) && status !== "stopped" && status !== "killed") {
      this.#wakeReason = summary ?? null
    }
    this.tasks.ended(id)
  }

  /** The process works on the prompt that was written to it. */
  #accept(): void {
    const handover = this.#handover
    if (handover === null) return
    if (this.#turn !== null) this.#finish({ kind: "done" })
    this.#handover = null
    handover.record.accept()
    this.ours.add(handover.record.attempt)
    this.#begin(handover.record)
    if (handover.isStopping) this.#turn?.stop()
    handover.accepted.resolve()
  }

  /**
   * The turn that is being worked on. Without one it is that of the prompt that was written, also when the process did
   * not say so; unless it is known to begin by itself.
   */
  #working(): Turn {
    if (this.#turn === null && this.#wakeReason === null) this.#accept()
    if (this.#turn !== null) return this.#turn
    return this.#own(this.#wakeReason ?? "Claude Code continued by itself.")
  }

  #own(reason: string): Turn {
    this.#wakeReason = null
    const record = this.#record(AttemptId.parse(this.#parts.context.newId()))
    record.begin(reason)
    return this.#begin(record)
  }

  #begin(record: AttemptRecord): Turn {
    const { clock, log } = this.#parts.context
    const { workspace } = this.#parts
    const turn = new Turn({ record, clock, log, workspace, read: readText, tasks: this.#todo })
    this.#turn = turn
    this.#turnEnded = Promise.withResolvers<void>()
    this.#gaveUp = null
    this.#spending.beginTurn()
    this.#listen()
    return turn
  }

  #record(attempt: AttemptId): AttemptRecord {
    return new AttemptRecord({ attempt, sink: this.#parts.sink, log: this.#parts.context.log })
  }

  #finish(ending: Ending): void {
    const turn = this.#turn
    if (turn === null) return
    this.#goOn()
    const { record } = turn
    const waiting = this.#asks.withdrawAll(record)
    const outcome = turn.outcome(this.#gaveUp === null ? ending : { kind: "lost", failure: this.#gaveUp })
    const usage = turn.usage(this.#spending.inTurn())
    if (usage !== null) record.usage(usage)
    this.#turn = null
    this.ours.clear()
    this.#hasBegun = false
    this.#watch?.stop()
    this.#watch = null
    if (this.#handover !== null) this.#listen()
    record.end(outcome)
    this.#turnEnded.resolve()
    // A sub-agent in the background waits on for its answer.
    if (waiting.length > 0 && ending.kind === "done" && this.#connection !== null) {
      this.#asks.askAgain(waiting, this.#own("A sub-agent in the background asks.").record)
    }
  }

  /** A turn in which a sub-agent of an earlier one only asked something is over with the answer. */
  #endIfOnlyAsked(): void {
    const turn = this.#turn
    if (turn === null || this.ours.isWorking || this.#asks.size > 0 || turn.hasWork || this.#hasBegun) return
    this.#finish({ kind: "done" })
  }

  // ── silence ────────────────────────────────────────────────────────────────────────────────────────────────────

  /** From the first byte that is written: a process that never takes a prompt up is silent, too. */
  #listen(): void {
    this.#watch?.stop()
    const { clock, valve, config } = this.#parts.context
    this.#watch = new SilenceWatch({
      ...{ clock, valve },
      noticeMs: config.silentNoticeMs ?? DEFAULT_NOTICE_MS,
      limitMs: config.silentLimitMs ?? DEFAULT_LIMIT_MS,
      isPaused: () => this.#asks.size > 0 || (this.#turn?.runsTools ?? false),
      toolIsRunning: () => false,
      onNotice: (seconds) =>
        (this.#turn?.record ?? this.#handover?.record)?.notice({ code: "silent", seconds }),
      onLimit: () => {
        this.#gaveUp = { class: "timeout" }
        if (this.#turn !== null) void this.stop()
        else void this.#connection?.kill()
      },
    })
  }

  // ── what is written to the process ─────────────────────────────────────────────────────────────────────────────

  #respond(id: WireId, response: object): void {
    this.#write((connection) => connection.respond(id, response))
  }

  #write(write: (connection: ClaudeConnection) => Promise<void>): void {
    if (this.#connection === null) return
    write(this.#connection).catch((cause: unknown) => {
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
    const { record } = handover
    try {
      const outcome = await this.#parts.consult(this.facts.nativeId, record.attempt)
      if (outcome === null && !handover.isStopping) throw new ProviderError(failure)
      this.#accept()
      const isKnown = outcome !== null && outcome.kind !== "indeterminate"
      this.#finish(isKnown ? { kind: "known", outcome } : { kind: "lost", failure })
    } catch (cause) {
      if (this.#handover === handover) this.#handover = null
      record.abandon()
      this.#watch?.stop()
      this.#watch = null
      handover.accepted.reject(cause)
    }
  }
}
