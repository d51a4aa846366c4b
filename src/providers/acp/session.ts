import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import type { Answer, Outcome, Prompt, SessionSpec, Settings, Usage } from "../../protocol/session.ts"
import type { EventSink, ProviderContext, ProviderSession, SteerOutcome } from "../provider.ts"
import { type Choices, currentSettings, readChoices, replaceOptions, withCurrent } from "./choices.ts"
import type { AcpConnection, Disconnection, SessionPeer } from "./connection.ts"
import { formQuestions, formResponse } from "./elicitation.ts"
import { asProviderError, failed, failure } from "./failure.ts"
import { PendingRequests } from "./pending-requests.ts"
import { CANCELLED, isRefusal, permissionBody, permissionResponse } from "./permission.ts"
import type { AcpProfile } from "./profile.ts"
import { promptBlocks } from "./prompt-blocks.ts"
import { endedOutcome, reload } from "./replay.ts"
import { applySettings } from "./session-settings.ts"
import { DEFAULT_LIMIT_MS, DEFAULT_NOTICE_MS, SilenceWatch } from "./silence.ts"
import { Turn } from "./turn.ts"
import {
  type ElicitationRequest,
  type ElicitationResponse,
  type Meta,
  type PermissionRequest,
  type PermissionResponse,
  type PromptResult,
  SessionResult,
  Update,
  type UpdateEnvelope,
} from "./wire.ts"

/** How long an agent may take to let go of a cancelled prompt before its process is given up. */
const CANCEL_LIMIT_MS = 10_000

/** What a session needs of its provider. */
export interface Agent {
  readonly context: ProviderContext
  readonly profile: AcpProfile
  connect(): Promise<AcpConnection>
  /** Waits until the session may be loaded without harm. */
  untilReloadable(nativeId: string): Promise<void>
  created(nativeId: string): Promise<void>
  learned(choices: Choices): void
  /** It was seen asking for permission. */
  asked(): void
  saveImage(image: { readonly data: string; readonly mimeType: string }): string | null
  released(): void
}

/** A running prompt and how it is being ended. */
interface Running {
  readonly turn: Turn
  readonly watch: SilenceWatch
  /** Why it was cancelled, if it was; decides the outcome whatever the agent says then. */
  cancelled: "stopped" | "timeout" | null
  cancelTimer: { cancel(): void } | null
  denied: boolean
  readonly ended: PromiseWithResolvers<void>
}

export class AcpSession implements ProviderSession, SessionPeer {
  readonly #agent: Agent
  readonly #spec: SessionSpec
  readonly #sink: EventSink
  readonly #requests: PendingRequests
  /** Tool calls of earlier turns: an agent may tell of them late or again. */
  readonly #foreignTools = new Set<string>()
  readonly #unknownKinds = new Set<string>()
  #nativeId: string
  #settings: Settings
  #settingsApplied = true
  #connection: AcpConnection | null = null
  #choices: Choices = {}
  #running: Running | null = null
  #replaying = false
  #closing: Promise<void> | null = null

  /**
   * @throws ProviderError when the agent cannot be started, does not know the session or refuses the settings.
   */
  static async open(agent: Agent, spec: SessionSpec, sink: EventSink): Promise<AcpSession> {
    const session = new AcpSession(agent, spec, sink)
    await session.#connect()
    return session
  }

  private constructor(agent: Agent, spec: SessionSpec, sink: EventSink) {
    this.#agent = agent
    this.#spec = spec
    this.#sink = sink
    this.#nativeId = spec.nativeId ?? ""
    this.#settings = spec.settings
    this.#requests = new PendingRequests(sink, agent.context.newId)
  }

  get nativeId(): string {
    return this.#nativeId
  }

  async configure(settings: Settings): Promise<void> {
    const before = this.#settings
    this.#settings = settings
    this.#settingsApplied = false
    // Agents differ in what a change in mid-turn does; before the next prompt it is the same for all.
    if (this.#running || !this.#connection?.usable) return
    try {
      await this.#applySettings(this.#connection)
    } catch (error) {
      this.#settings = before
      this.#settingsApplied = true
      throw error
    }
  }

  async send(prompt: Prompt, attempt: AttemptId): Promise<void> {
    if (this.#closing) throw failed("bad_request", "The session is closed.")
    if (this.#running) throw failed("bad_request", "The agent still works on the last prompt.")
    const connection = await this.#connect()
    if (!this.#settingsApplied) await this.#applySettings(connection)
    const takes = connection.initialized.agentCapabilities?.promptCapabilities
    const blocks = await promptBlocks(prompt, {
      images: takes?.image === true,
      embedded: takes?.embeddedContext === true,
    }).catch((error: unknown) => {
      throw failed("bad_request", "An attached file could not be read.", error)
    })
    await this.#prompt(connection, blocks, attempt)
  }

  async steer(): Promise<SteerOutcome> {
    return "unsupported"
  }

  async interrupt(): Promise<void> {
    if (this.#running) await this.#cancel(this.#running, "stopped")
  }

  async answer(request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    const outcome = this.#requests.answer(request, answer)
    this.#running?.watch.heard()
    return outcome
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  // ── what the agent says ────────────────────────────────────────────────────────────────────────────────────────

  update(raw: UpdateEnvelope["update"], _meta: Meta): void {
    const parsed = Update.safeParse(raw)
    if (!parsed.success) return this.#ignored(raw)
    const update = parsed.data
    if (this.#replaying) return this.#replayed(update)
    this.#running?.watch.heard()
    switch (update.sessionUpdate) {
      case "current_mode_update": {
        const setting = this.#agent.profile.modesAre === "thinking" ? "effort" : "mode"
        return this.#chosen(withCurrent(this.#choices, setting, update.currentModeId))
      }
      case "config_option_update":
        return this.#chosen(replaceOptions(this.#choices, update.configOptions))
      case "session_info_update":
        if (update.title) this.#changed(update.title)
        return
      default:
        this.#running?.turn.update(update)
    }
  }

  async permission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionResponse> {
    this.#agent.asked()
    const running = this.#running
    if (!running || running.turn.ended || running.cancelled) return CANCELLED
    running.watch.heard()
    running.turn.accept()
    const call = running.turn.tool(request.toolCall)
    const body = permissionBody(call, request.options, this.#agent.profile)
    if (!body) return CANCELLED
    const response = await this.#requests.ask<PermissionResponse>({
      turn: running.turn,
      body,
      translate: (answer) => permissionResponse(answer, request.options),
      withdrawn: CANCELLED,
      signal,
    })
    if (isRefusal(response, request.options)) {
      running.denied = true
      running.turn.deny(call.id)
    }
    return response
  }

  async elicitation(request: ElicitationRequest, signal: AbortSignal): Promise<ElicitationResponse> {
    const running = this.#running
    const questions = request.mode === "url" ? [] : formQuestions(request)
    if (!running || running.turn.ended || running.cancelled) return { action: "cancel" }
    if (questions.length === 0) return { action: "decline" }
    running.watch.heard()
    running.turn.accept()
    return await this.#requests.ask<ElicitationResponse>({
      turn: running.turn,
      body: { kind: "question", questions },
      translate: (answer) => formResponse(answer, request),
      withdrawn: { action: "cancel" },
      signal,
    })
  }

  disconnected(when: Disconnection): void {
    this.#connection = null
    // A running prompt fails by itself and tells it.
    if (when === "idle" && !this.#closing) this.#sink.closed("The agent's program ended unexpectedly.")
  }

  // ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #connect(): Promise<AcpConnection> {
    if (this.#connection?.usable) return this.#connection
    this.#connection?.detach(this.#nativeId, this)
    const connection = await this.#agent.connect()
    const result = this.#nativeId === "" ? await this.#create(connection) : await this.#reload(connection)
    this.#choices = readChoices(result, this.#agent.profile)
    this.#connection = connection
    try {
      await this.#applySettings(connection)
    } catch (error) {
      connection.detach(this.#nativeId, this)
      this.#connection = null
      throw error
    }
    return connection
  }

  async #create(connection: AcpConnection): Promise<SessionResult> {
    const params = { cwd: this.#spec.workspace, mcpServers: [] }
    const result = await connection.request("session/new", params, SessionResult)
    if (!result.sessionId) throw failed("bad_request", "The agent opened a session without an id.")
    this.#nativeId = result.sessionId
    await this.#agent.created(result.sessionId)
    connection.attach(result.sessionId, this)
    return result
  }

  async #reload(connection: AcpConnection): Promise<SessionResult> {
    const { workspace } = this.#spec
    await this.#agent.untilReloadable(this.#nativeId)
    this.#replaying = true
    try {
      const known = { nativeId: this.#nativeId, workspace, profile: this.#agent.profile, peer: this }
      return await reload(connection, known, { withReplay: false })
    } finally {
      this.#replaying = false
    }
  }

  async #applySettings(connection: AcpConnection): Promise<void> {
    const target = { connection, nativeId: this.#nativeId, profile: this.#agent.profile }
    this.#choices = await applySettings(target, this.#choices, this.#settings)
    this.#settingsApplied = true
    this.#agent.learned(this.#choices)
    this.#changed()
  }

  #chosen(choices: Choices): void {
    this.#choices = choices
    this.#agent.learned(choices)
    this.#changed()
  }

  #changed(title?: string): void {
    const settings = currentSettings(this.#choices)
    this.#sink.emit({ kind: "session.changed", nativeId: this.#nativeId, settings, ...(title && { title }) })
  }

  #replayed(update: Update): void {
    if (update.sessionUpdate === "tool_call" || update.sessionUpdate === "tool_call_update") {
      this.#foreignTools.add(update.toolCallId)
    }
  }

  #ignored(raw: { readonly sessionUpdate: string }): void {
    if (this.#unknownKinds.has(raw.sessionUpdate)) return
    this.#unknownKinds.add(raw.sessionUpdate)
    const logId = this.#agent.context.log.keep("acp update", raw)
    this.#agent.context.log.info({ kind: raw.sessionUpdate, logId }, "ignored an update of an unknown kind")
  }

  // ── running a prompt ───────────────────────────────────────────────────────────────────────────────────────────

  async #prompt(connection: AcpConnection, blocks: readonly object[], attempt: AttemptId): Promise<void> {
    const accepted = Promise.withResolvers<void>()
    const turn = new Turn({
      attempt,
      sink: this.#sink,
      foreignTools: this.#foreignTools,
      saveImage: (image) => this.#agent.saveImage(image),
      onAccepted: accepted.resolve,
    })
    const running: Running = {
      turn,
      watch: this.#watchSilence(turn),
      cancelled: null,
      cancelTimer: null,
      denied: false,
      ended: Promise.withResolvers<void>(),
    }
    this.#running = running
    const params = { sessionId: this.#nativeId, prompt: blocks }
    const result = connection.prompt(params, attempt, () => turn.accept())
    const handedOver = this.#conclude(running, result)
    await Promise.race([accepted.promise, handedOver])
  }

  /** Ends the turn as the agent's answer says; rejects when the agent certainly never had the prompt. */
  async #conclude(running: Running, result: Promise<PromptResult>): Promise<void> {
    try {
      const { stopReason, usage } = await result
      if (usage) running.turn.addUsage(tokenUsage(usage))
      this.#end(running, (text) => this.#outcome(running, stopReason, text))
    } catch (error) {
      const alive = this.#connection?.usable === true
      const problem = asProviderError(error, { alive, log: this.#agent.context.log })
      if (!running.turn.accepted) {
        this.#abandon(running)
        throw problem
      }
      this.#end(
        running,
        (text) => cancelOutcome(running, text) ?? { kind: "failed", failure: problem.failure, text },
      )
    }
  }

  #outcome(running: Running, stopReason: string, text: string): Outcome {
    const cancelled = cancelOutcome(running, text)
    if (cancelled) return cancelled
    const didNothing = text.trim() === "" && !running.denied && !running.turn.usedTools
    if (stopReason === "end_turn" && didNothing)
      return { kind: "failed", failure: failure("empty_response"), text }
    return endedOutcome(stopReason, text)
  }

  #end(running: Running, outcome: (text: string) => Outcome): void {
    if (running.turn.ended) return
    this.#release(running)
    running.turn.end(outcome)
    for (const call of running.turn.tools()) this.#foreignTools.add(call.id)
    running.ended.resolve()
  }

  #abandon(running: Running): void {
    this.#release(running)
    running.ended.resolve()
  }

  #release(running: Running): void {
    running.watch.stop()
    running.cancelTimer?.cancel()
    this.#requests.withdrawAll()
    if (this.#running === running) this.#running = null
  }

  async #cancel(running: Running, why: "stopped" | "timeout"): Promise<void> {
    if (running.cancelled || running.turn.ended) return
    running.cancelled = why
    const { clock, log } = this.#agent.context
    running.cancelTimer = clock.after(CANCEL_LIMIT_MS, () => this.#giveUp(running))
    this.#requests.withdrawAll()
    try {
      await this.#connection?.cancel(this.#nativeId)
    } catch (error) {
      // The process is going; the prompt's own failure ends the turn.
      log.debug({ error: String(error) }, "the cancellation could not be written")
    }
  }

  /** The agent does not let go of the prompt: its process is replaced. */
  #giveUp(running: Running): void {
    this.#agent.context.log.warn({ session: this.#nativeId }, "the agent ignored a cancellation")
    this.#connection?.detach(this.#nativeId, this)
    this.#connection?.retire(this.#nativeId)
    this.#connection = null
    this.#end(running, (text) => cancelOutcome(running, text) ?? { kind: "stopped", text })
  }

  #watchSilence(turn: Turn): SilenceWatch {
    const { clock, config } = this.#agent.context
    return new SilenceWatch({
      clock,
      noticeMs: config.silentNoticeMs ?? DEFAULT_NOTICE_MS,
      limitMs: config.silentLimitMs ?? DEFAULT_LIMIT_MS,
      isPaused: () => this.#requests.size > 0,
      toolIsRunning: () => turn.toolIsRunning,
      onNotice: (seconds) => turn.notice({ code: "silent", seconds }),
      onLimit: () => {
        if (this.#running?.turn === turn) void this.#cancel(this.#running, "timeout")
      },
    })
  }

  async #close(): Promise<void> {
    const running = this.#running
    if (running) {
      await this.#cancel(running, "stopped")
      await running.ended.promise
    }
    const connection = this.#connection
    this.#connection = null
    if (connection?.usable) {
      connection.detach(this.#nativeId, this)
      await this.#closeAtAgent(connection)
    }
    this.#agent.released()
  }

  async #closeAtAgent(connection: AcpConnection): Promise<void> {
    if (connection.initialized.agentCapabilities?.sessionCapabilities?.close !== true) return
    try {
      await connection.request("session/close", { sessionId: this.#nativeId }, SessionResult.nullish())
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      this.#agent.context.log.debug({ failure: error.failure }, "the agent did not close the session")
    }
  }
}

/** A cancelled prompt ended as it was cancelled, whatever the agent calls it. */
function cancelOutcome(running: Running, text: string): Outcome | null {
  switch (running.cancelled) {
    case "stopped":
      return { kind: "stopped", text }
    case "timeout":
      return { kind: "failed", failure: failure("timeout", "The agent was silent for too long."), text }
    case null:
      return null
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
