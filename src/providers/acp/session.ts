import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import type { Answer, Prompt, SessionSpec, Settings } from "../../protocol/session.ts"
import type { EventSink, ProviderSession, SteerOutcome } from "../provider.ts"
import type { Agent } from "./agent.ts"
import { type Choices, currentSettings, readChoices, replaceOptions, withCurrent } from "./choices.ts"
import type { AcpConnection, Disconnection, SessionPeer } from "./connection.ts"
import { failed } from "./failure.ts"
import { CANCELLED } from "./permission.ts"
import { promptBlocks } from "./prompt-blocks.ts"
import { PromptRun } from "./prompt-run.ts"
import { reload } from "./replay.ts"
import { applySettings } from "./session-settings.ts"
import {
  type ElicitationRequest,
  type ElicitationResponse,
  type Meta,
  type PermissionRequest,
  type PermissionResponse,
  SessionResult,
  Update,
  type UpdateEnvelope,
} from "./wire.ts"

export class AcpSession implements ProviderSession, SessionPeer {
  readonly #agent: Agent
  readonly #spec: SessionSpec
  readonly #sink: EventSink
  /** Tool calls of earlier turns: an agent may tell of them late or again. */
  readonly #foreignTools = new Set<string>()
  readonly #unknownKinds = new Set<string>()
  #nativeId: string
  #settings: Settings
  #settingsApplied = true
  #connection: AcpConnection | null = null
  #choices: Choices = {}
  #run: PromptRun | null = null
  /** A prompt on its way to the agent; aborted, it is never handed over. */
  #handOver: AbortController | null = null
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
  }

  get nativeId(): string {
    return this.#nativeId
  }

  async configure(settings: Settings): Promise<void> {
    const before = this.#settings
    this.#settings = settings
    this.#settingsApplied = false
    // Agents differ in what a change in mid-turn does; before the next prompt it is the same for all.
    if (this.#run || !this.#connection?.usable) return
    try {
      await this.#applySettings(this.#connection)
    } catch (error) {
      this.#settings = before
      this.#settingsApplied = true
      throw error
    }
  }

  async send(prompt: Prompt, attempt: AttemptId): Promise<void> {
    if (this.#closing) throw failed("bad_request", undefined, new Error("the session is closed"))
    if (this.#run || this.#handOver)
      throw failed("bad_request", { code: "busy", agent: this.#agent.profile.label })
    const handOver = new AbortController()
    this.#handOver = handOver
    try {
      const connection = await this.#connect()
      if (!this.#settingsApplied) await this.#applySettings(connection)
      const blocks = await this.#blocks(connection, prompt)
      if (handOver.signal.aborted) throw failed("stopped")
      this.#run = this.#newRun(connection, attempt)
      await this.#run.start(blocks)
    } finally {
      this.#handOver = null
    }
  }

  async steer(): Promise<SteerOutcome> {
    return "unsupported"
  }

  async interrupt(): Promise<void> {
    if (this.#run) await this.#run.cancel("stopped")
    else this.#handOver?.abort()
  }

  async answer(request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    return this.#run?.answer(request, answer) ?? "gone"
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
        this.#run?.update(update)
    }
  }

  async permission(request: PermissionRequest, signal: AbortSignal): Promise<PermissionResponse> {
    this.#agent.asked()
    return (await this.#run?.permission(request, signal)) ?? CANCELLED
  }

  async elicitation(request: ElicitationRequest, signal: AbortSignal): Promise<ElicitationResponse> {
    return (await this.#run?.elicitation(request, signal)) ?? { action: "cancel" }
  }

  disconnected(when: Disconnection): void {
    this.#connection = null
    // A running prompt fails by itself and tells it.
    if (when === "idle" && !this.#closing) this.#sink.closed("the agent's program ended unexpectedly")
  }

  // ── opening ────────────────────────────────────────────────────────────────────────────────────────────────────

  async #connect(): Promise<AcpConnection> {
    try {
      return await this.#attach()
    } catch (error) {
      if (!(error instanceof ProviderError) || error.failure.class !== "crashed") throw error
      // The process may have been dying when it was taken; nothing was asked of it yet, so a new one is tried once.
      return await this.#attach()
    }
  }

  async #attach(): Promise<AcpConnection> {
    if (this.#connection?.usable) return this.#connection
    this.#connection?.detach(this.#nativeId, this)
    const connection = await this.#agent.connect(this.#spec.workspace)
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
    if (!result.sessionId) {
      throw failed("bad_request", { code: "answer_not_understood", agent: this.#agent.profile.label })
    }
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

  async #blocks(connection: AcpConnection, prompt: Prompt): Promise<readonly object[]> {
    const takes = connection.initialized.agentCapabilities?.promptCapabilities
    try {
      return await promptBlocks(prompt, {
        images: takes?.image === true,
        embedded: takes?.embeddedContext === true,
      })
    } catch (error) {
      throw failed("bad_request", { code: "attachment_unreadable" }, error)
    }
  }

  #newRun(connection: AcpConnection, attempt: AttemptId): PromptRun {
    const run = new PromptRun({
      attempt,
      sink: this.#sink,
      agent: this.#agent,
      connection,
      nativeId: this.#nativeId,
      foreignTools: this.#foreignTools,
      onOver: () => {
        for (const id of run.toolIds) this.#foreignTools.add(id)
        if (this.#run === run) this.#run = null
      },
      onStuck: () => {
        connection.detach(this.#nativeId, this)
        connection.retire(this.#nativeId)
        this.#connection = null
      },
    })
    return run
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

  async #close(): Promise<void> {
    const run = this.#run
    this.#handOver?.abort()
    if (run) {
      await run.cancel("stopped")
      await run.over
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
