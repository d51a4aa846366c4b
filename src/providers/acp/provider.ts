/** Any agent that speaks the Agent Client Protocol on its standard input and output. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId, ProviderId } from "../../protocol/ids.ts"
import type {
  Capabilities,
  Failure,
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
import type { AcpConnection } from "./connection.ts"
import { CreatedSessions } from "./created-sessions.ts"
import { findNative, listPages, nativeSession, offersList } from "./native-list.ts"
import { Processes } from "./processes.ts"
import type { AcpProfile } from "./profile.ts"
import { keepsAttempts, ReplayReader, reload } from "./replay.ts"
import { AcpSession } from "./session.ts"
import { SessionResult } from "./wire.ts"

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
  readonly #processes: Processes
  /** What the agent last let us choose; null before its first session. */
  #choices: Choices | null = null
  #hasAsked = false
  #signedOut = false

  constructor(id: ProviderId, profile: AcpProfile, context: ProviderContext) {
    this.id = id
    this.label = profile.label
    this.profile = profile
    this.context = context
    this.#created = new CreatedSessions(context.stateDir)
    this.#processes = new Processes(id, profile, context)
  }

  get capabilities(): Capabilities {
    const connection = this.#processes.latest
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
    if ((await this.#processes.program()) === null) {
      const remedies: Remedy[] = this.profile.install
        ? [{ kind: "install", command: this.profile.install }]
        : [{ kind: "configure", key: `providers.${this.id.replace(":", ".")}.command` }]
      return this.#status("not_installed", { remedies })
    }
    try {
      const version = await this.#using(null, async (connection) => {
        // A refusal is remembered until a session could be opened again.
        if (this.#signedOut) await this.#readChoices(connection)
        return connection.initialized.agentInfo?.version
      })
      return this.#status("ready", version ? { version } : {})
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error
      const { failure } = error
      if (failure.class !== "auth") return this.#status("broken", { failure })
      const { signIn } = this.profile
      return this.#status("signed_out", { remedies: signIn ? [{ kind: "sign_in", command: signIn }] : [] })
    }
  }

  async models(): Promise<readonly Model[]> {
    this.#choices ??= await this.#using(null, (connection) => this.#readChoices(connection))
    return modelsOf(this.#choices)
  }

  async listNative(query: NativeQuery): Promise<readonly NativeSession[]> {
    return await this.#using(query.workspace ?? null, async (connection) => {
      if (!offersList(connection)) return []
      const listed = await this.#listed(connection, query)
      const sessions = await Promise.all(
        listed.map(async (one) => nativeSession(one, await this.#created.has(one.sessionId))),
      )
      return sessions.toSorted((a, b) => b.updatedAt - a.updatedAt).slice(0, query.limit)
    })
  }

  async open(spec: SessionSpec, sink: EventSink): Promise<ProviderSession> {
    return await this.#using(spec.workspace, async () => {
      const session = await AcpSession.open(this, spec, sink)
      this.#signedOut = false
      return session
    })
  }

  /**
   * Only a transcript that keeps our attempt ids proves anything; without one the answer is `unknown`. A session whose
   * id was never learned is looked for among those of the workspace.
   */
  async recover(spec: SessionSpec, attempt: AttemptId, sink: EventSink): Promise<Recovery> {
    return await this.#using(spec.workspace, async (connection) => {
      if (connection.initialized.agentCapabilities?.loadSession !== true) return { kind: "unknown" }
      if (spec.nativeId !== null)
        return await this.#recoverFrom(connection, spec.nativeId, { spec, attempt, sink })
      if (!keepsAttempts(connection) || !offersList(connection)) return { kind: "unknown" }
      const listed = await this.#listed(connection, { limit: MAX_SEARCHED, workspace: spec.workspace })
      const newest = listed.toSorted((a, b) => (b.updatedAt ?? "").localeCompare(a.updatedAt ?? ""))
      for (const { sessionId } of newest.slice(0, MAX_SEARCHED)) {
        // One that is open here is another session's.
        if (connection.isAttached(sessionId)) continue
        const recovery = await this.#recoverFrom(connection, sessionId, { spec, attempt, sink })
        if (recovery.kind !== "not_consumed") return recovery
      }
      return newest.length > MAX_SEARCHED ? { kind: "unknown" } : { kind: "not_consumed" }
    })
  }

  async close(): Promise<void> {
    await this.#processes.close()
  }

  // ── for the sessions ───────────────────────────────────────────────────────────────────────────────────────────

  async connect(workspace: string): Promise<AcpConnection> {
    return await this.#processes.connect(workspace)
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
    this.#processes.released()
  }

  /** Remembers a refusal for want of a sign-in, which the next probe looks into. */
  async #using<T>(workspace: string | null, work: (connection: AcpConnection) => Promise<T>): Promise<T> {
    try {
      return await this.#processes.using(workspace, work)
    } catch (error) {
      if (error instanceof ProviderError && error.failure.class === "auth") this.#signedOut = true
      throw error
    }
  }

  // ── asking the agent ───────────────────────────────────────────────────────────────────────────────────────────

  /** The choices are told for a session only, so one is opened that nobody prompts. */
  async #readChoices(connection: AcpConnection): Promise<Choices> {
    const cwd = await this.#processes.scratch()
    const result = await connection.request("session/new", { cwd, mcpServers: [] }, SessionResult)
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
    const scratch = await this.#processes.scratch()
    const listed = await listPages(connection, workspace, (found) => found.length > limit)
    return listed.filter((one) => one.cwd !== scratch && (workspace === undefined || one.cwd === workspace))
  }

  async #recoverFrom(
    connection: AcpConnection,
    nativeId: string,
    { spec, attempt, sink }: { spec: SessionSpec; attempt: AttemptId; sink: EventSink },
  ): Promise<Recovery> {
    await this.untilReloadable(nativeId)
    const reader = new ReplayReader({ attempt, label: this.label, sink, log: this.context.log })
    const known = {
      nativeId,
      workspace: spec.workspace,
      profile: this.profile,
      peer: reader,
    }
    await reload(connection, known, { withReplay: true })
    connection.detach(nativeId, reader)
    if (reader.consumed) return { kind: "ended", outcome: reader.outcome() }
    return { kind: keepsAttempts(connection) || reader.keepsIds ? "not_consumed" : "unknown" }
  }

  #status(
    state: ProviderStatus["state"],
    extra: { version?: string; failure?: Failure; remedies?: readonly Remedy[] },
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
