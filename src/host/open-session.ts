/** A provider's session while it is open here: what it was opened with, what it goes by, and whether it still lives. */
import { isDeepStrictEqual } from "node:util"
import { ProviderError } from "../core/provider-error.ts"
import type { AttemptId } from "../protocol/ids.ts"
import type { ProviderEvent, SessionSpec, Settings } from "../protocol/session.ts"
import type { DeltaChannel, EventSink, Provider, ProviderSession, Recovery } from "../providers/provider.ts"

export interface Delta {
  readonly spec: SessionSpec
  readonly attempt: AttemptId
  readonly item: string
  readonly channel: DeltaChannel
  readonly text: string
}

export interface SessionHandlers {
  onEvent(spec: SessionSpec, event: ProviderEvent): void
  onDelta(delta: Delta): void
  onGone(session: OpenSession, reason: string): void
}

export type OpenRecovery =
  | Exclude<Recovery, { kind: "live" }>
  | { readonly kind: "live"; readonly session: OpenSession }

export class OpenSession {
  readonly #handlers: SessionHandlers
  #spec: SessionSpec
  #agent: ProviderSession | null = null
  /** Every native id it has had: the runtime may name the one before a change it has not committed yet. */
  readonly #nativeIds = new Set<string>()
  /** Why it is gone, or null while it lives. */
  #goneReason: string | null = null

  private constructor(spec: SessionSpec, handlers: SessionHandlers) {
    this.#spec = spec
    this.#handlers = handlers
    if (spec.nativeId !== null) this.#nativeIds.add(spec.nativeId)
  }

  /** @throws ProviderError as `Provider.open` does, also when the agent went away while it was being opened. */
  static async open(provider: Provider, spec: SessionSpec, handlers: SessionHandlers): Promise<OpenSession> {
    const session = new OpenSession(spec, handlers)
    session.#agent = await provider.open(spec, session.#sink())
    if (session.#goneReason !== null) {
      throw new ProviderError({ class: "crashed" }, { cause: new Error(session.#goneReason) })
    }
    session.tellNativeId()
    return session
  }

  static async recover(
    asked: { readonly provider: Provider; readonly spec: SessionSpec; readonly attempt: AttemptId },
    handlers: SessionHandlers,
  ): Promise<OpenRecovery> {
    const session = new OpenSession(asked.spec, handlers)
    const recovery = await asked.provider.recover(asked.spec, asked.attempt, session.#sink())
    if (recovery.kind !== "live") return recovery
    if (session.isGone) return { kind: "unknown" }
    session.#agent = recovery.session
    session.tellNativeId()
    return { kind: "live", session }
  }

  get spec(): SessionSpec {
    return this.#spec
  }

  get isGone(): boolean {
    return this.#goneReason !== null
  }

  get agent(): ProviderSession {
    if (this.#agent === null) throw new Error("the session is not open yet")
    return this.#agent
  }

  canServe(spec: SessionSpec): boolean {
    const isSame = spec.provider === this.#spec.provider && spec.workspace === this.#spec.workspace
    const isNamed = spec.nativeId === null ? this.#nativeIds.size === 0 : this.#nativeIds.has(spec.nativeId)
    return isSame && isNamed && !this.isGone
  }

  isSetTo(settings: Settings): boolean {
    return isDeepStrictEqual(settings, this.#spec.settings)
  }

  async configure(settings: Settings): Promise<void> {
    if (this.isSetTo(settings)) return
    await this.agent.configure(settings)
    this.#spec = { ...this.#spec, settings }
  }

  /** Says the native id in the agent's place when the agent named one only in its answer. */
  tellNativeId(): void {
    const { nativeId } = this.agent
    if (nativeId === "" || nativeId === this.#spec.nativeId) return
    this.#emit({ kind: "session.changed", nativeId, settings: this.#spec.settings })
  }

  #sink(): EventSink {
    return {
      emit: (event) => this.#emit(event),
      delta: (attempt, item, channel, text) =>
        this.#handlers.onDelta({ spec: this.#spec, attempt, item, channel, text }),
      closed: (reason) => {
        if (this.#goneReason !== null) return
        this.#goneReason = reason
        this.#handlers.onGone(this, reason)
      },
    }
  }

  #emit(event: ProviderEvent): void {
    if (event.kind === "session.changed") {
      this.#spec = { ...this.#spec, nativeId: event.nativeId }
      this.#nativeIds.add(event.nativeId)
    }
    this.#handlers.onEvent(this.#spec, event)
  }
}
