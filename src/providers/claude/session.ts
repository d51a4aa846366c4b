/** A Claude Code session as the host drives it: one warm process, started again when it is needed and not there. */
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import type { Answer, Outcome, Prompt, Settings } from "../../protocol/session.ts"
import type { EventSink, ProviderContext, ProviderSession, SteerOutcome } from "../provider.ts"
import { type ClaudeConnection, ControlRefused } from "./connection.ts"
import { Dialogue } from "./dialogue.ts"
import { BYPASS, LABEL } from "./offer.ts"
import { promptContent } from "./prompt-content.ts"
import { type InitializeResult, ModeResult, type WireMessage } from "./wire.ts"

export interface SessionParts {
  readonly context: ProviderContext
  readonly sink: EventSink
  readonly workspace: string
  readonly nativeId: string
  readonly settings: Settings
  /** Starts and initializes a process for the session as it is now. */
  readonly connect: (wanted: Wanted) => Promise<Connected>
  /** How an attempt ended according to the transcript; null when it was never consumed. */
  readonly consult: (nativeId: string, attempt: AttemptId) => Promise<Outcome | null>
  /** The last prompt in the transcript, from whomever. */
  readonly newestPrompt: (nativeId: string) => Promise<string | null>
  /** Whether another process has the conversation open now. */
  readonly isOpenElsewhere: (nativeId: string) => Promise<boolean>
  /** A prompt was taken up: from now on the session has a transcript. */
  readonly onPrompted: (nativeId: string) => Promise<void>
  readonly onClosed: () => void
  /** Cumulative cost that the session already had, if known. */
  readonly spentUsd: number | undefined
}

export interface Wanted {
  readonly nativeId: string
  readonly settings: Settings
  readonly onMessage: (message: WireMessage) => void
  readonly onExit: (connection: ClaudeConnection) => void
}

export interface Connected {
  readonly connection: ClaudeConnection
  readonly initialized: InitializeResult
}

export class ClaudeSession implements ProviderSession {
  readonly #parts: SessionParts
  readonly #dialogue: Dialogue
  #connection: ClaudeConnection | null = null
  /** Processes whose end we asked for. */
  readonly #dismissed = new WeakSet<ClaudeConnection>()
  #wanted: Settings
  /** What the running process was started with or told since. */
  #told: Settings = {}
  #mayBypass = false
  /** While a prompt was still on its way to the process, which is then told after it. */
  #isStopAsked = false
  /** Prompts the running process knows of: the last one before it began, and ours since. */
  #known = new Set<string>()

  constructor(parts: SessionParts) {
    this.#parts = parts
    this.#wanted = parts.settings
    this.#dialogue = new Dialogue(parts)
  }

  get nativeId(): string {
    return this.#dialogue.facts.nativeId
  }

  /** Starts the process, so that a session that cannot work fails when it is opened and not at its first prompt. */
  async start(): Promise<void> {
    await this.#ready()
  }

  async configure(settings: Settings): Promise<void> {
    this.#wanted = settings
  }

  async send(prompt: Prompt, attempt: AttemptId): Promise<void> {
    if (this.#dialogue.isBusy) {
      throw new ProviderError({ class: "bad_request", reason: { code: "busy", agent: LABEL } })
    }
    this.#isStopAsked = false
    const content = await promptContent(prompt)
    const connection = await this.#ready()
    const priority = this.#dialogue.worksByItself ? { priority: "later" as const } : {}
    this.#known.add(attempt)
    const accepted = this.#dialogue.expect(attempt)
    // A failed write means that the process is gone; the transcript then decides about `accepted`.
    connection.say({ content, uuid: attempt, ...priority }).catch(() => this.#dialogue.lose(attempt))
    if (this.#isStopAsked) void this.#dialogue.stop()
    await accepted
    await this.#parts.onPrompted(this.nativeId)
  }

  async steer(prompt: Prompt, attempt: AttemptId): Promise<SteerOutcome> {
    const content = await promptContent(prompt)
    const turn = this.#dialogue.turn
    if (this.#connection === null || turn?.record.attempt !== attempt || turn.isStopping) return "too_late"
    const uuid = this.#parts.context.newId()
    this.#known.add(uuid)
    const arrived = this.#dialogue.ours.steer(uuid)
    this.#connection.say({ content, uuid, priority: "next" }).catch(() => this.#dialogue.ours.lose(uuid))
    return arrived
  }

  interrupt(): Promise<void> {
    this.#isStopAsked = true
    return this.#dialogue.stop()
  }

  answer(request: RequestId, answer: Answer): Promise<"answered" | "gone"> {
    return this.#dialogue.answer(request, answer)
  }

  async close(): Promise<void> {
    await this.#dialogue.stop()
    await this.#dialogue.idle()
    await this.#dismiss()
    this.#parts.onClosed()
  }

  /** A process with the settings that are wanted now. */
  async #ready(): Promise<ClaudeConnection> {
    if (await this.#parts.isOpenElsewhere(this.nativeId)) {
      throw new ProviderError({ class: "bad_request", reason: { code: "open_elsewhere", agent: LABEL } })
    }
    if (this.#connection !== null && (this.#needsRestart() || (await this.#isBehind()))) await this.#dismiss()
    const connection = this.#connection ?? (await this.#connect())
    try {
      await this.#adjust(connection)
    } catch (cause) {
      if (!(cause instanceof ControlRefused)) throw cause
      throw new ProviderError({ class: "bad_request", detail: cause.message }, { cause })
    }
    return connection
  }

  /** The owner went on in a terminal, which our process has not seen: it would fork the conversation. */
  async #isBehind(): Promise<boolean> {
    if (this.#dialogue.turn !== null) return false
    const newest = await this.#parts.newestPrompt(this.nativeId)
    return newest !== null && !this.#known.has(newest)
  }

  async #connect(): Promise<ClaudeConnection> {
    const newest = await this.#parts.newestPrompt(this.nativeId)
    const { connection, initialized } = await this.#parts.connect({
      nativeId: this.nativeId,
      settings: this.#wanted,
      onMessage: (message) => this.#dialogue.onMessage(message),
      onExit: (gone) => this.#onExit(gone),
    })
    if (connection.isGone) {
      throw new ProviderError({ class: "crashed", reason: { code: "ended_at_start", agent: LABEL } })
    }
    this.#connection = connection
    this.#known = new Set(newest === null ? [] : [newest])
    this.#told = this.#wanted
    this.#mayBypass = this.#wanted.mode === BYPASS
    const mode = initialized.current_permission_mode ?? this.#wanted.mode
    this.#dialogue.attach(connection, { ...this.#wanted, ...(mode === undefined ? {} : { mode }) })
    return connection
  }

  #onExit(connection: ClaudeConnection): void {
    if (this.#connection === connection) this.#connection = null
    void this.#dialogue.onExit(connection, this.#dismissed.has(connection))
  }

  async #dismiss(): Promise<void> {
    const connection = this.#connection
    if (connection === null) return
    this.#dismissed.add(connection)
    await connection.close()
  }

  /** A setting taken back has no control request, and one mode must be allowed at the start. */
  #needsRestart(): boolean {
    const { model, effort, mode } = this.#wanted
    const isTakenBack =
      (model === undefined && this.#told.model) || (effort === undefined && this.#told.effort)
    return Boolean(isTakenBack) || (mode === BYPASS && !this.#mayBypass)
  }

  async #adjust(connection: ClaudeConnection): Promise<void> {
    const { model, effort, mode } = this.#wanted
    const { facts } = this.#dialogue
    if (model !== undefined && model !== this.#told.model && model !== facts.settings.model) {
      await connection.control({ subtype: "set_model", model })
    }
    if (effort !== undefined && effort !== this.#told.effort) {
      await connection.control({ subtype: "apply_flag_settings", settings: { effortLevel: effort } })
      facts.confirm({ effort })
    }
    if (mode !== undefined && mode !== facts.settings.mode) {
      // The mode in force may be another than the one asked for.
      const result = ModeResult.safeParse(await connection.control({ subtype: "set_permission_mode", mode }))
      facts.confirm({ mode: (result.success && result.data.mode) || mode })
    }
    this.#told = this.#wanted
  }
}
