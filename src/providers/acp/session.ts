import { ProviderError } from "../../core/provider-error.ts"
import { AttemptId, type RequestId } from "../../protocol/ids.ts"
import type { Answer, Prompt, SessionSpec, Settings } from "../../protocol/session.ts"
import type { EventSink, ProviderSession, SteerOutcome } from "../provider.ts"
import type { Agent } from "./agent.ts"
import { type Choices, currentSettings, readChoices, replaceOptions, withCurrent } from "./choices.ts"
import type { AcpConnection, AskedFrom, Disconnection, SessionPeer } from "./connection.ts"
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

const ASKED = "asked after its turn had ended"

function isWords(update: Update): boolean {
  const { sessionUpdate } = update
  return (
    sessionUpdate === "agent_message_chunk" &&
    update.content.type === "text" &&
    update.content.text.trim() !== ""
  )
}

/** A replay that says nothing for so long is over. */
const REPLAY_QUIET_MS = 1_500

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
  /** Whether a prompt of ours has ended here. */
  #hasAnswered = false
  #replaying = false
  #onReplayed: ((update: Update) => void) | null = null
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
    while (this.#run?.isOwn) await this.#run.over
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
        this.#told(update)
    }
  }

  answered(): void {
    this.#hasAnswered = true
    if (this.#run) this.#run.isAnswered = true
  }

  /** What is said after the end is no part of the answer, but is told. */
  #told(update: Update): void {
    const run = this.#run
    if (run?.isAnswered) void run.over.then(() => this.#told(update)).catch(this.failed)
    else if (run) run.update(update)
    else if (this.#hasAnswered && isWords(update))
      this.#asked("went on after its turn had ended")?.update(update)
  }

  get isPrompted(): boolean {
    return this.#run?.isOwn === false
  }

  async permission(request: PermissionRequest, asked: AskedFrom): Promise<PermissionResponse> {
    this.#agent.asked()
    if (this.#run?.isAnswered) await this.#run.over
    return (await this.#asked(ASKED)?.permission(request, asked)) ?? CANCELLED
  }

  async elicitation(request: ElicitationRequest, asked: AskedFrom): Promise<ElicitationResponse> {
    if (this.#run?.isAnswered) await this.#run.over
    return (await this.#asked(ASKED)?.elicitation(request, asked.signal)) ?? { action: "cancel" }
  }

  /** An agent that asks or speaks while no prompt runs gets an attempt of its own for it. */
  #asked(why: string): PromptRun | null {
    if (this.#run || this.#closing || !this.#connection?.usable) return this.#run
    const attempt = AttemptId.parse(this.#agent.context.newId())
    this.#run = this.#newRun(this.#connection, attempt, why)
    return this.#run
  }

  readonly failed = (error: unknown): void => {
    const { log } = this.#agent.context
    log.error({ error }, "what the agent told could not be worked with")
    const logId = log.keep("acp adapter", String(error))
    const reason = { code: "adapter_failed", agent: this.#agent.profile.label } as const
    this.#run?.fail({ class: "unknown", reason, logId })
  }

  disconnected(when: Disconnection): void {
    this.#connection = null
    if (this.#run?.isOwn) this.#run.fail({ class: "crashed" })
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
      const result = await reload(connection, known, { withReplay: false })
      if (this.#agent.profile.replaysLate) await this.#untilReplayed()
      return result
    } finally {
      this.#replaying = false
    }
  }

  /** Nothing else says that a replay after the answer to `session/load` is over. */
  async #untilReplayed(): Promise<void> {
    const { clock } = this.#agent.context
    const { promise, resolve } = Promise.withResolvers<void>()
    let timer = clock.after(REPLAY_QUIET_MS, resolve)
    this.#onReplayed = (update) => {
      timer.cancel()
      if (update.sessionUpdate === "available_commands_update") resolve()
      else timer = clock.after(REPLAY_QUIET_MS, resolve)
    }
    await promise
    timer.cancel()
    this.#onReplayed = null
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

  #newRun(connection: AcpConnection, attempt: AttemptId, began: string | null = null): PromptRun {
    const run = new PromptRun({
      ...{ attempt, began },
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
    this.#onReplayed?.(update)
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
