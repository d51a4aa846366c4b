/** Any agent that speaks the Agent Client Protocol on its standard input and output. */
import { mkdirSync, writeFileSync } from "node:fs"
import { mkdir } from "node:fs/promises"
import { join } from "node:path"
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId, ProviderId } from "../../protocol/ids.ts"
import type {
  Capabilities,
  Mode,
  Model,
  NativeSession,
  ProviderStatus,
  Remedy,
  SessionSpec,
} from "../../protocol/session.ts"
import type {
  EventSink,
  NativeQuery,
  Provider,
  ProviderContext,
  ProviderSession,
  Recovery,
} from "../provider.ts"
import type { Agent } from "./agent.ts"
import { type Choices, modelsOf, modesOf, readChoices } from "./choices.ts"
import { AcpConnection, type SessionPeer } from "./connection.ts"
import { CreatedSessions } from "./created-sessions.ts"
import { failed } from "./failure.ts"
import { findNative, listPages, nativeSession, offersList } from "./native-list.ts"
import type { AcpProfile } from "./profile.ts"
import { keepsAttempts, ReplayReader, reload } from "./replay.ts"
import { AcpSession } from "./session.ts"
import { SessionResult } from "./wire.ts"

/** An agent without sessions is kept this long for the next one. */
const LINGER_MS = 30_000
const MAX_IMAGE_CHARS = 28 * 1024 * 1024
/** Sessions searched for a prompt whose session id was never learned. */
const MAX_SEARCHED = 10

/**
 * `profile` is what is known of the agent beyond the protocol: see `profileFor`. Its program is the configured command,
 * else the profile's own.
 */
export function createAcpProvider(id: ProviderId, profile: AcpProfile, context: ProviderContext): Provider {
  return new AcpProvider(id, profile, context)
}

class AcpProvider implements Provider, Agent {
  readonly id: ProviderId
  readonly label: string
  readonly profile: AcpProfile
  readonly context: ProviderContext
  readonly #created: CreatedSessions
  /** Every process that may still run; only the last one is given new work. */
  readonly #processes = new Set<AcpConnection>()
  #current: AcpConnection | null = null
  #starting: Promise<AcpConnection> | null = null
  #linger: { cancel(): void } | null = null
  /** Opens under way, which keep the process though no session is attached yet. */
  #users = 0
  /** What the agent last let us choose; null before its first session. */
  #choices: Choices | null = null
  #hasAsked = false
  #signedOut = false
  #closed = false

  constructor(id: ProviderId, profile: AcpProfile, context: ProviderContext) {
    this.id = id
    this.label = profile.label
    this.profile = profile
    this.context = context
    this.#created = new CreatedSessions(context.stateDir)
  }

  get capabilities(): Capabilities {
    const connection = this.#current
    const offered = connection?.initialized.agentCapabilities
    const sessions = offered?.sessionCapabilities
    const { approvals } = this.profile
    return {
      steer: false,
      fork: false,
      resume: offered?.loadSession === true || sessions?.resume === true,
      listNative: sessions?.list === true,
      approvals: approvals.kind === "mode" || approvals.kind === "built_in" || this.#hasAsked,
      questions: this.profile.approvals.kind !== "none",
      planMode: this.modes.some((mode) => mode.meaning === "plan"),
      images: offered?.promptCapabilities?.image === true,
      effort: this.#choices?.effort !== undefined,
      sandbox: [],
      provesConsumption: connection !== null && offered?.loadSession === true && keepsAttempts(connection),
    }
  }

  get modes(): readonly Mode[] {
    return modesOf(this.#choices, this.profile)
  }

  async probe(): Promise<ProviderStatus> {
    if ((await this.#program()) === null) {
      const remedies: Remedy[] = this.profile.install
        ? [{ kind: "install", command: this.profile.install }]
        : [{ kind: "configure", key: `providers.${this.id.replace(":", ".")}.command` }]
      return this.#status("not_installed", { remedies })
    }
    try {
      const version = await this.#using(async (connection) => {
        // A refusal is remembered until a session could be opened again.
        if (this.#signedOut) await this.#readChoices(connection)
        return connection.initialized.agentInfo?.version
      })
      return this.#status("ready", version ? { version } : {})
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const detail = error.failure.detail
      if (error.failure.class !== "auth") return this.#status("broken", detail ? { detail } : {})
      const { signIn } = this.profile
      return this.#status("signed_out", { remedies: signIn ? [{ kind: "sign_in", command: signIn }] : [] })
    }
  }

  async models(): Promise<readonly Model[]> {
    this.#choices ??= await this.#using((connection) => this.#readChoices(connection))
    return modelsOf(this.#choices)
  }

  async listNative(query: NativeQuery): Promise<readonly NativeSession[]> {
    return await this.#using(async (connection) => {
      if (!offersList(connection)) return []
      const listed = await this.#listed(connection, query)
      const sessions = await Promise.all(
        listed.map(async (one) => nativeSession(one, await this.#created.has(one.sessionId))),
      )
      return sessions.toSorted((a, b) => b.updatedAt - a.updatedAt).slice(0, query.limit)
    })
  }

  async open(spec: SessionSpec, sink: EventSink): Promise<ProviderSession> {
    return await this.#noticingSignOut(async () => {
      const session = await this.#holding(() => AcpSession.open(this, spec, sink))
      this.#signedOut = false
      return session
    })
  }

  /**
   * Only a transcript that keeps our attempt ids proves anything; without one the answer is `unknown`. A session whose
   * id was never learned is looked for among those of the workspace.
   */
  async recover(spec: SessionSpec, attempt: AttemptId, sink: EventSink): Promise<Recovery> {
    return await this.#using(async (connection) => {
      if (connection.initialized.agentCapabilities?.loadSession !== true) return { kind: "unknown" }
      if (spec.nativeId !== null)
        return await this.#recoverFrom(connection, spec.nativeId, { spec, attempt, sink })
      if (!keepsAttempts(connection) || !offersList(connection)) return { kind: "unknown" }
      const listed = await this.#listed(connection, { limit: MAX_SEARCHED, workspace: spec.workspace })
      const newest = listed.toSorted((a, b) => (b.updatedAt ?? "").localeCompare(a.updatedAt ?? ""))
      for (const { sessionId } of newest.slice(0, MAX_SEARCHED)) {
        const recovery = await this.#recoverFrom(connection, sessionId, { spec, attempt, sink })
        if (recovery.kind !== "not_consumed") return recovery
      }
      return newest.length > MAX_SEARCHED ? { kind: "unknown" } : { kind: "not_consumed" }
    })
  }

  async close(): Promise<void> {
    this.#closed = true
    this.#linger?.cancel()
    await this.#starting?.catch(() => null)
    await Promise.all([...this.#processes].map((connection) => connection.stop()))
  }

  // ── for the sessions ───────────────────────────────────────────────────────────────────────────────────────────

  async connect(): Promise<AcpConnection> {
    if (this.#closed) throw failed("crashed", "The agent is being ended.")
    if (this.#current?.usable) return this.#current
    this.#starting ??= this.#start().finally(() => {
      this.#starting = null
    })
    return await this.#starting
  }

  async untilReloadable(nativeId: string): Promise<void> {
    const { minReloadAgeMs } = this.profile
    if (minReloadAgeMs === 0) return
    const createdAt = await this.#created.createdAt(nativeId)
    if (createdAt === null) return
    const waitMs = createdAt + minReloadAgeMs - this.context.clock.now()
    if (waitMs > 0) await new Promise<void>((resolve) => this.context.clock.after(waitMs, resolve))
  }

  async created(nativeId: string): Promise<void> {
    await this.#created.add(nativeId, this.context.clock.now())
  }

  learned(choices: Choices): void {
    this.#choices = choices
  }

  asked(): void {
    this.#hasAsked = true
  }

  saveImage(image: { readonly data: string; readonly mimeType: string }): string | null {
    if (image.data.length > MAX_IMAGE_CHARS) return null
    const extension = /^image\/([a-z0-9]+)/.exec(image.mimeType)?.[1] ?? "bin"
    const dir = join(this.context.stateDir, "images")
    const path = join(dir, `${this.context.newId()}.${extension}`)
    // Synchronous, so that the image keeps its place among the items.
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    writeFileSync(path, Buffer.from(image.data, "base64"), { mode: 0o600 })
    return path
  }

  released(): void {
    this.#lingerIfIdle()
  }

  // ── the process ────────────────────────────────────────────────────────────────────────────────────────────────

  async #start(): Promise<AcpConnection> {
    const command = await this.#program()
    if (command === null) throw failed("crashed", `${this.label} is not installed.`)
    const { stateDir, supervisor, config, clock, log } = this.context
    const child = await supervisor.spawn({
      command,
      args: config.args ?? this.profile.args,
      cwd: stateDir,
      env: { ...this.profile.env, ...config.env },
      inherit: this.profile.inherit,
      label: this.id,
    })
    const connection = await AcpConnection.start({ child, profile: this.profile, clock, log })
    this.#current = connection
    this.#processes.add(connection)
    void child.exited.then(() => this.#processes.delete(connection))
    return connection
  }

  async #program(): Promise<string | null> {
    const command = this.context.config.command ?? this.profile.programs[0]
    return command === undefined ? null : await this.context.supervisor.find(command)
  }

  async #using<T>(work: (connection: AcpConnection) => Promise<T>): Promise<T> {
    return await this.#noticingSignOut(() => this.#holding(async () => work(await this.connect())))
  }

  async #holding<T>(work: () => Promise<T>): Promise<T> {
    this.#users++
    this.#linger?.cancel()
    try {
      return await work()
    } finally {
      this.#users--
      this.#lingerIfIdle()
    }
  }

  async #noticingSignOut<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (error instanceof ProviderError && error.failure.class === "auth") this.#signedOut = true
      throw error
    }
  }

  #lingerIfIdle(): void {
    this.#linger?.cancel()
    const connection = this.#current
    if (!connection?.usable || !connection.idle || this.#users > 0) return
    this.#linger = this.context.clock.after(LINGER_MS, () => {
      if (connection.idle && this.#users === 0) void connection.stop()
    })
  }

  // ── asking the agent ───────────────────────────────────────────────────────────────────────────────────────────

  /** The choices are told for a session only, so one is opened that nobody prompts. */
  async #readChoices(connection: AcpConnection): Promise<Choices> {
    const scratch = join(this.context.stateDir, "scratch")
    await mkdir(scratch, { recursive: true, mode: 0o700 })
    const result = await connection.request("session/new", { cwd: scratch, mcpServers: [] }, SessionResult)
    this.#signedOut = false
    const sessions = connection.initialized.agentCapabilities?.sessionCapabilities
    const method = sessions?.delete ? "session/delete" : sessions?.close ? "session/close" : null
    if (method && result.sessionId) {
      await connection.request(method, { sessionId: result.sessionId }, SessionResult.nullish())
    }
    return readChoices(result, this.profile)
  }

  async #listed(connection: AcpConnection, { limit, nativeId, workspace }: NativeQuery) {
    if (nativeId !== undefined) {
      const one = await findNative(connection, nativeId)
      return one ? [one] : []
    }
    const scratch = join(this.context.stateDir, "scratch")
    const listed = await listPages(connection, workspace, (found) => found.length > limit)
    return listed.filter((one) => one.cwd !== scratch && (workspace === undefined || one.cwd === workspace))
  }

  async #recoverFrom(
    connection: AcpConnection,
    nativeId: string,
    { spec, attempt, sink }: { spec: SessionSpec; attempt: AttemptId; sink: EventSink },
  ): Promise<Recovery> {
    await this.untilReloadable(nativeId)
    const reader = new ReplayReader(attempt, sink)
    const known = {
      nativeId,
      workspace: spec.workspace,
      profile: this.profile,
      peer: reader satisfies SessionPeer,
    }
    await reload(connection, known, { withReplay: true })
    connection.detach(nativeId, reader)
    if (reader.consumed) return { kind: "ended", outcome: reader.outcome() }
    return { kind: keepsAttempts(connection) || reader.keepsIds ? "not_consumed" : "unknown" }
  }

  #status(
    state: ProviderStatus["state"],
    extra: { version?: string; detail?: string; remedies?: readonly Remedy[] },
  ): ProviderStatus {
    return {
      provider: this.id,
      label: this.label,
      state,
      remedies: [],
      ...extra,
      capabilities: this.capabilities,
      modes: this.modes,
    }
  }
}
