/** Claude Code, driven through its stream-json protocol: one process per active session, no SDK (decision 0003). */

import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId } from "../../protocol/ids.ts"
import type { Model, NativeSession, Outcome, ProviderStatus, SessionSpec } from "../../protocol/session.ts"
import type {
  EventSink,
  NativeQuery,
  Provider,
  ProviderContext,
  ProviderSession,
  Recovery,
} from "../provider.ts"
import { ClaudeConnection } from "./connection.ts"
import { newestPrompt, outcomeInTranscript } from "./consumption.ts"
import { sessionArgs, streamArgs } from "./launch.ts"
import { sessionsOpenElsewhere } from "./live-sessions.ts"
import { listNativeSessions } from "./native-sessions.ts"
import { CLAUDE, capabilities, LABEL, modes } from "./offer.ts"
import { OwnSessions } from "./own-sessions.ts"
import { outdated, probeClaude } from "./probe.ts"
import { ClaudeSession, type Connected, type Wanted } from "./session.ts"
import { spentBefore } from "./spending.ts"
import { discoverSurroundings, findClaude, type Surroundings } from "./surroundings.ts"
import { findTranscript, linesBackwards } from "./transcript-file.ts"
import type { InitializeResult, WireMessage } from "./wire.ts"

/** What Claude Code said of itself is believed for this long. */
const FRESH_MS = 10 * 60_000

export function createClaudeProvider(context: ProviderContext): Provider {
  return new ClaudeProvider(context)
}

class ClaudeProvider implements Provider {
  readonly id = CLAUDE
  readonly label = LABEL
  readonly capabilities = capabilities
  readonly modes = modes
  readonly #context: ProviderContext
  readonly #own: OwnSessions
  readonly #connections = new Set<ClaudeConnection>()
  readonly #sessions = new Set<ClaudeSession>()
  #surroundings: Promise<Surroundings> | null = null
  #models: { readonly at: number; readonly models: readonly Model[] } | null = null

  constructor(context: ProviderContext) {
    this.#context = context
    this.#own = new OwnSessions(context.stateDir)
  }

  async probe(): Promise<ProviderStatus> {
    try {
      return await probeClaude(this.#context, await this.#discover())
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const { failure } = error
      return { provider: CLAUDE, label: LABEL, state: "broken", failure, remedies: [], capabilities, modes }
    }
  }

  async models(): Promise<readonly Model[]> {
    const known = this.#models
    if (known !== null && this.#context.clock.monotonic() - known.at < FRESH_MS) return known.models
    const connected = await this.#launch({
      args: streamArgs,
      cwd: this.#context.stateDir,
      onMessage: () => undefined,
      onExit: () => undefined,
    })
    await connected.connection.close()
    return modelsOf(connected.initialized)
  }

  async listNative(query: NativeQuery): Promise<readonly NativeSession[]> {
    const { configDir } = await this.#discover()
    const [ours, openElsewhere] = await Promise.all([
      this.#own.all(),
      sessionsOpenElsewhere(configDir, this.#pids()),
    ])
    const program = this.#context.config.command ?? "claude"
    return listNativeSessions(query, { configDir, ours, openElsewhere, program })
  }

  async open(spec: SessionSpec, sink: EventSink): Promise<ProviderSession> {
    const nativeId = spec.nativeId ?? this.#context.newId()
    if (spec.nativeId === null) {
      await this.#own.prune()
      await this.#own.note(nativeId, "begun")
    }
    const session: ClaudeSession = new ClaudeSession({
      context: this.#context,
      sink,
      workspace: spec.workspace,
      nativeId,
      settings: spec.settings,
      connect: (wanted) => this.#connect(spec.workspace, wanted),
      consult: (id, attempt) => this.#consult(id, attempt),
      newestPrompt: (id) => this.#newestPrompt(id),
      isOpenElsewhere: (id) => this.#isOpenElsewhere(id),
      onPrompted: (id) => this.#own.note(id, "prompted"),
      onClosed: () => this.#sessions.delete(session),
      spentUsd: spec.nativeId === null ? 0 : await this.#spentBefore(spec.nativeId),
    })
    await session.start()
    this.#sessions.add(session)
    return session
  }

  async recover(spec: SessionSpec, attempt: AttemptId): Promise<Recovery> {
    // A session is named before its first prompt, so a prompt that was handed over had a session to go to.
    if (spec.nativeId === null) return { kind: "unknown" }
    const outcome = await this.#consult(spec.nativeId, attempt)
    return outcome === null ? { kind: "not_consumed" } : { kind: "ended", outcome }
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions].map((session) => session.close()))
  }

  #discover(): Promise<Surroundings> {
    this.#surroundings ??= discoverSurroundings(this.#context).catch((error: unknown) => {
      this.#surroundings = null
      throw error
    })
    return this.#surroundings
  }

  async #connect(workspace: string, wanted: Wanted): Promise<Connected> {
    const { nativeId, settings } = wanted
    const { configDir } = await this.#discover()
    const isResumed = await this.#canResume(configDir, nativeId)
    return this.#launch({
      args: sessionArgs({ kind: isResumed ? "resume" : "fresh", nativeId }, settings),
      cwd: workspace,
      onMessage: wanted.onMessage,
      onExit: wanted.onExit,
    })
  }

  async #isOpenElsewhere(nativeId: string): Promise<boolean> {
    const { configDir } = await this.#discover()
    return (await sessionsOpenElsewhere(configDir, this.#pids())).has(nativeId)
  }

  /** Whether there is a transcript to resume; a session of ours without one is simply begun. */
  async #canResume(configDir: string, nativeId: string): Promise<boolean> {
    if ((await findTranscript(configDir, nativeId)) !== null) return true
    const state = await this.#own.stateOf(nativeId)
    if (state === "begun") return false
    const code = state === "prompted" ? "session_deleted" : "session_unknown"
    throw new ProviderError({ class: "bad_request", reason: { code, agent: LABEL } })
  }

  async #launch(how: {
    readonly args: readonly string[]
    readonly cwd: string
    readonly onMessage: (message: WireMessage) => void
    readonly onExit: (connection: ClaudeConnection) => void
  }): Promise<Connected> {
    const [command, surroundings] = await Promise.all([findClaude(this.#context), this.#discover()])
    const args = [...how.args, ...(this.#context.config.args ?? [])]
    const connection: ClaudeConnection = await ClaudeConnection.start({
      context: this.#context,
      spec: { command, args, cwd: how.cwd, ...surroundings.launch, label: LABEL },
      onMessage: how.onMessage,
      onExit: () => {
        this.#connections.delete(connection)
        how.onExit(connection)
      },
    })
    this.#connections.add(connection)
    const initialized = await connection.initialize().catch(async (error: unknown) => {
      throw (await outdated(this.#context, surroundings)) ?? error
    })
    this.#models = { at: this.#context.clock.monotonic(), models: modelsOf(initialized) }
    return { connection, initialized }
  }

  async #consult(nativeId: string, attempt: AttemptId): Promise<Outcome | null> {
    const { configDir } = await this.#discover()
    const file = await findTranscript(configDir, nativeId)
    return file === null ? null : outcomeInTranscript(linesBackwards(file), attempt)
  }

  async #newestPrompt(nativeId: string): Promise<string | null> {
    const { configDir } = await this.#discover()
    const file = await findTranscript(configDir, nativeId)
    return file === null ? null : newestPrompt(linesBackwards(file))
  }

  async #spentBefore(nativeId: string): Promise<number | undefined> {
    const { configDir } = await this.#discover()
    const file = await findTranscript(configDir, nativeId)
    return file === null ? 0 : spentBefore(file)
  }

  #pids(): ReadonlySet<number> {
    return new Set([...this.#connections].map((connection) => connection.pid))
  }
}

function modelsOf(initialized: InitializeResult): readonly Model[] {
  return initialized.models.map((model) => ({
    id: model.value,
    label: model.displayName ?? model.value,
    isDefault: model.value === "default",
    efforts: model.supportedEffortLevels ?? [],
  }))
}
