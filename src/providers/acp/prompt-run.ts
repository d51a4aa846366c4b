/** One prompt at the agent, from the hand-over to its one end, with all that the agent asks meanwhile. */
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import type { Answer, Outcome, Usage } from "../../protocol/session.ts"
import type { EventSink } from "../provider.ts"
import { DEFAULT_LIMIT_MS, DEFAULT_NOTICE_MS, SilenceWatch } from "../silence.ts"
import type { Agent } from "./agent.ts"
import type { AcpConnection } from "./connection.ts"
import { formQuestions, formResponse } from "./elicitation.ts"
import { asProviderError } from "./failure.ts"
import { PendingRequests } from "./pending-requests.ts"
import { CANCELLED, isRefusal, permissionBody, permissionResponse } from "./permission.ts"
import { endedOutcome } from "./replay.ts"
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

interface Parts {
  readonly attempt: AttemptId
  readonly sink: EventSink
  readonly agent: Agent
  readonly connection: AcpConnection
  readonly nativeId: string
  readonly foreignTools: ReadonlySet<string>
  /** It ended, or never began; called once, before the end is told. */
  onOver(): void
  /** The agent did not let go of the prompt; its process cannot be used for this session any more. */
  onStuck(): void
}

export class PromptRun {
  readonly #parts: Parts
  readonly #turn: Turn
  readonly #requests: PendingRequests
  readonly #watch: SilenceWatch
  readonly #accepted = Promise.withResolvers<void>()
  readonly #over = Promise.withResolvers<void>()
  /** Why it was cancelled, if it was; decides the outcome whatever the agent says then. */
  #cancelled: "stopped" | "timeout" | null = null
  #cancelTimer: { cancel(): void } | null = null
  /** The owner refused something; then an end without an answer is no fault of the agent. */
  #denied = false

  constructor(parts: Parts) {
    const { attempt, sink, agent, foreignTools } = parts
    this.#parts = parts
    this.#turn = new Turn({
      attempt,
      sink,
      foreignTools,
      saveImage: (image) => agent.saveImage(image),
      onAccepted: this.#accepted.resolve,
    })
    this.#requests = new PendingRequests(sink, agent.context.newId)
    this.#watch = this.#watchSilence()
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
  }

  async permission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionResponse> {
    if (!this.#hears()) return CANCELLED
    const call = this.#turn.tool(request.toolCall)
    const body = permissionBody(call, request.options, this.#parts.agent.profile)
    if (!body) return CANCELLED
    return await this.#requests.ask<PermissionResponse>({
      turn: this.#turn,
      body,
      translate: (answer) => {
        const response = permissionResponse(answer, request.options)
        if (response && isRefusal(response, request.options)) {
          this.#denied = true
          this.#turn.deny(call.id)
        }
        return response
      },
      withdrawn: CANCELLED,
      signal,
    })
  }

  async elicitation(request: ElicitationRequest, signal: AbortSignal): Promise<ElicitationResponse> {
    const questions = request.mode === "url" ? [] : formQuestions(request)
    if (!this.#hears()) return { action: "cancel" }
    if (questions.length === 0) return { action: "decline" }
    return await this.#requests.ask<ElicitationResponse>({
      turn: this.#turn,
      body: { kind: "question", questions },
      translate: (answer) => formResponse(answer, request),
      withdrawn: { action: "cancel" },
      signal,
    })
  }

  answer(request: RequestId, answer: Answer): "answered" | "gone" {
    this.#watch.heard()
    return this.#requests.answer(request, answer)
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
    const didNothing = text.trim() === "" && !this.#denied && !this.#turn.usedTools
    if (stopReason === "end_turn" && didNothing)
      return { kind: "failed", failure: { class: "empty_response" }, text }
    return endedOutcome(stopReason, { agent: this.#parts.agent.profile.label, text })
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
