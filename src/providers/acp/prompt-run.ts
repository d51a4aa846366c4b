/**
 * One attempt at the agent, from the hand-over to its one end, with all that the agent asks meanwhile; or what it asks
 * while no prompt runs, until it is answered and quiet.
 */
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import type { Answer, Failure, Outcome, RequestBody, Usage } from "../../protocol/session.ts"
import { formContent, formQuestions, readForm } from "../form.ts"
import { OpenRequests } from "../open-requests.ts"
import type { EventSink } from "../provider.ts"
import { DEFAULT_LIMIT_MS, DEFAULT_NOTICE_MS, SilenceWatch } from "../silence.ts"
import type { Agent } from "./agent.ts"
import type { AcpConnection } from "./connection.ts"
import { asProviderError, textFailure } from "./failure.ts"
import { CANCELLED, denial, isRefusal, permissionResponse, readPermission } from "./permission.ts"
import { endedOutcome } from "./replay.ts"
import { mergeToolCall } from "./tool-item.ts"
import { Turn } from "./turn.ts"
import type {
  ElicitationRequest,
  ElicitationResponse,
  PermissionRequest,
  PermissionResponse,
  PromptResult,
  Update,
} from "./wire.ts"

/** How long an agent may take to let go of a cancelled prompt before its process is given up. */
const CANCEL_LIMIT_MS = 10_000
/** How long an agent that was not prompted must be quiet for its work to be over. */
const QUIET_MS = 2_000

interface Parts {
  readonly attempt: AttemptId
  readonly sink: EventSink
  readonly agent: Agent
  readonly connection: AcpConnection
  readonly nativeId: string
  readonly foreignTools: ReadonlySet<string>
  /** Why the agent began by itself; null for a prompt. */
  readonly began: string | null
  /** It ended, or never began; called once, before the end is told. */
  onOver(): void
  /** The agent did not let go of the prompt; its process cannot be used for this session any more. */
  onStuck(): void
}

/** What waits for an answer of ours. */
interface Waiter {
  resolve(reply: Reply): void
}
type Reply = PermissionResponse | ElicitationResponse

export class PromptRun {
  readonly #parts: Parts
  readonly #turn: Turn
  readonly #requests: OpenRequests<Waiter, Reply>
  readonly #watch: SilenceWatch
  readonly #accepted = Promise.withResolvers<void>()
  readonly #over = Promise.withResolvers<void>()
  /** Why it was cancelled, if it was; decides the outcome whatever the agent says then. */
  #cancelled: "stopped" | "timeout" | null = null
  #cancelTimer: { cancel(): void } | null = null
  /** The owner refused something; then an end without an answer is no fault of the agent. */
  #denied = false
  #quiet: { cancel(): void } | null = null
  /** The agent has told the end, which is only being taken in. */
  isAnswered = false

  constructor(parts: Parts) {
    const { attempt, sink, agent, foreignTools, began } = parts
    this.#parts = parts
    this.#turn = new Turn({
      ...{ attempt, sink, began, foreignTools, log: agent.context.log },
      saveImage: (image) => agent.saveImage(image),
      onAccepted: this.#accepted.resolve,
    })
    this.#requests = new OpenRequests(agent.context.newId)
    this.#watch = this.#watchSilence()
  }

  get isOwn(): boolean {
    return this.#parts.began !== null
  }

  /** Resolves when it ended or turned out never to have begun. */
  get over(): Promise<void> {
    return this.#over.promise
  }

  get toolIds(): readonly string[] {
    return this.#turn.tools().map((call) => call.id)
  }

  /**
   * Resolves when the agent has the prompt.
   * @throws ProviderError when the agent certainly never had it; then nothing of it is ever told.
   */
  async start(prompt: readonly object[]): Promise<void> {
    const { connection, nativeId, attempt } = this.#parts
    const result = connection.prompt({ sessionId: nativeId, prompt }, attempt, () => this.#turn.accept())
    await Promise.race([this.#accepted.promise, this.#conclude(result)])
  }

  update(update: Update): void {
    this.#watch.heard()
    this.#turn.update(update)
    this.#awaitQuiet()
  }

  /** `subagent`: who asks, where it is not the session's own agent. */
  async permission(
    request: PermissionRequest,
    { signal, subagent }: { readonly signal: AbortSignal; readonly subagent: string | null },
  ): Promise<PermissionResponse> {
    if (!this.#hears()) return CANCELLED
    const { profile } = this.#parts.agent
    const call =
      subagent === null ? this.#turn.tool(request.toolCall) : mergeToolCall(undefined, request.toolCall)
    const by = { label: profile.label, rejectEndsTurn: profile.rejectEndsTurn, subagent }
    const read = readPermission(call, request.options, by)
    if (read.kind === "denied") {
      this.#turn.notice({ code: "warning", detail: "", reason: read.reason })
      this.#refused(call.id)
      return denial(request.options)
    }
    return await this.#ask(CANCELLED, signal, {
      body: read.body,
      translate: (answer) => {
        const response = permissionResponse(answer, request.options)
        if (response && isRefusal(response, request.options)) this.#refused(call.id)
        return response
      },
    })
  }

  async elicitation(request: ElicitationRequest, signal: AbortSignal): Promise<ElicitationResponse> {
    if (!this.#hears()) return { action: "cancel" }
    const form = readForm(request.message, request.requestedSchema)
    const questions = request.mode === "url" ? [] : formQuestions(form)
    if (questions.length === 0) return { action: "decline" }
    return await this.#ask<ElicitationResponse>({ action: "cancel" }, signal, {
      body: { kind: "question", questions },
      translate(answer) {
        if (answer.kind === "dismissed") return { action: "decline" }
        const content = formContent(form, answer)
        return content && { action: "accept", content }
      },
    })
  }

  /** @throws ProviderError (`bad_request`) when the answer does not fit the request, which stays open. */
  answer(request: RequestId, answer: Answer): "answered" | "gone" {
    this.#watch.heard()
    const taken = this.#requests.answer(request, answer)
    taken?.key.resolve(taken.reply)
    this.#awaitQuiet()
    return taken === null ? "gone" : "answered"
  }

  /** What the agent told made us throw. */
  fail(failure: Failure): void {
    this.#end((text) => ({ kind: "failed", failure, text }))
  }

  #ask<R extends Reply>(
    withdrawn: R,
    signal: AbortSignal,
    asked: { readonly body: RequestBody; readonly translate: (answer: Answer) => R | null },
  ): Promise<R> {
    const { promise, resolve } = Promise.withResolvers<R>()
    // What is answered is what `translate` made of the answer.
    const waiter: Waiter = { resolve: (reply) => resolve(reply as R) }
    const { record } = this.#turn
    const onWithdrawn = (): void => resolve(withdrawn)
    if (this.#requests.open(waiter, { ...asked, record, onWithdrawn }) === null)
      return Promise.resolve(withdrawn)
    // The agent itself no longer waits.
    const withdraw = (): void => this.#requests.closed(waiter, "withdrawn")
    signal.addEventListener("abort", withdraw, { once: true })
    if (signal.aborted) withdraw()
    return promise
  }

  #refused(toolCall: string): void {
    this.#denied = true
    this.#turn.deny(toolCall)
  }

  /** Nobody says when what an agent does by itself is over. */
  #awaitQuiet(): void {
    if (!this.isOwn || this.#turn.ended) return
    this.#quiet?.cancel()
    if (this.#requests.size > 0 || this.#turn.toolIsAtWork) return
    this.#quiet = this.#parts.agent.context.clock.after(QUIET_MS, () => {
      this.#end((text) => ({ kind: "completed", text }))
    })
  }

  /** Idempotent; the end follows within the agent's time, at the latest after 10 s. */
  async cancel(why: "stopped" | "timeout"): Promise<void> {
    if (this.#cancelled || this.#turn.ended) return
    this.#cancelled = why
    const { agent, connection, nativeId } = this.#parts
    this.#cancelTimer = agent.context.clock.after(CANCEL_LIMIT_MS, () => this.#giveUp())
    // The agent may wait for these answers before it looks at the cancellation.
    this.#requests.withdrawAll()
    try {
      await connection.cancel(nativeId)
    } catch (error) {
      // The process is going, and with it the prompt, which ends this turn.
      agent.context.log.debug({ error: String(error) }, "the cancellation could not be written")
    }
    // No prompt will come back to tell the end.
    if (this.isOwn) this.#end((text) => this.#cancelOutcome(text) ?? { kind: "stopped", text })
  }

  /** Whether the agent may still ask; a question shows that it has the prompt. */
  #hears(): boolean {
    if (this.#turn.ended || this.#cancelled) return false
    this.#watch.heard()
    this.#turn.accept()
    return true
  }

  async #conclude(result: Promise<PromptResult>): Promise<void> {
    try {
      const { stopReason, usage } = await result
      if (usage) this.#turn.addUsage(tokenUsage(usage))
      this.#end((text) => this.#cancelOutcome(text) ?? this.#outcome(stopReason, text))
    } catch (error) {
      const { connection, agent } = this.#parts
      const problem = asProviderError(error, {
        alive: connection.usable,
        profile: agent.profile,
        offered: connection.initialized,
        log: agent.context.log,
      })
      if (!this.#turn.accepted) {
        this.#release()
        throw problem
      }
      this.#end((text) => this.#cancelOutcome(text) ?? { kind: "failed", failure: problem.failure, text })
    }
  }

  #outcome(stopReason: string, text: string): Outcome {
    const { profile, context } = this.#parts.agent
    const didNothing = text.trim() === "" && !this.#denied && !this.#turn.usedTools
    const failure = stopReason === "end_turn" ? textFailure(text, profile, context.log) : null
    if (failure !== null) return { kind: "failed", failure, text: "" }
    if (stopReason === "end_turn" && didNothing)
      return { kind: "failed", failure: { class: "empty_response" }, text }
    return endedOutcome(stopReason, { agent: profile.label, text })
  }

  /** A cancelled prompt ended as it was cancelled, whatever the agent calls it. */
  #cancelOutcome(text: string): Outcome | null {
    switch (this.#cancelled) {
      case "stopped":
        return { kind: "stopped", text }
      case "timeout":
        return { kind: "failed", failure: { class: "timeout" }, text }
      case null:
        return null
    }
  }

  #end(outcome: (text: string) => Outcome): void {
    if (this.#turn.ended) return
    this.#release()
    this.#turn.end(outcome)
  }

  #release(): void {
    this.#watch.stop()
    this.#cancelTimer?.cancel()
    this.#quiet?.cancel()
    this.#requests.withdrawAll()
    this.#parts.onOver()
    this.#over.resolve()
  }

  #giveUp(): void {
    const { agent, nativeId } = this.#parts
    agent.context.log.warn({ nativeId }, "the agent ignored a cancellation")
    this.#parts.onStuck()
    this.#end((text) => this.#cancelOutcome(text) ?? { kind: "stopped", text })
  }

  #watchSilence(): SilenceWatch {
    const { clock, valve, config } = this.#parts.agent.context
    return new SilenceWatch({
      ...{ clock, valve },
      noticeMs: config.silentNoticeMs ?? DEFAULT_NOTICE_MS,
      limitMs: config.silentLimitMs ?? DEFAULT_LIMIT_MS,
      isPaused: () => this.#requests.size > 0,
      toolIsRunning: () => this.#turn.toolIsRunning,
      onNotice: (seconds) => this.#turn.notice({ code: "silent", seconds }),
      onLimit: () => void this.cancel("timeout"),
    })
  }
}

function tokenUsage(usage: NonNullable<PromptResult["usage"]>): Usage {
  const { inputTokens, outputTokens, cachedReadTokens } = usage
  return {
    ...(typeof inputTokens === "number" && { inputTokens }),
    ...(typeof outputTokens === "number" && { outputTokens }),
    ...(typeof cachedReadTokens === "number" && { cachedInputTokens: cachedReadTokens }),
  }
}
