/** What the owner can choose from, asked of the agents themselves through the host. */
import { isDeepStrictEqual } from "node:util"
import type { ProviderId } from "../protocol/ids.ts"
import type { Model, NativeSession, ProviderStatus } from "../protocol/session.ts"
import type { RuntimeContext } from "./context.ts"
import { OwnerError } from "./errors.ts"
import { failureOfLink } from "./host-link/failure.ts"
import { HostLinkError } from "./host-link/link.ts"
import type { HostConnection } from "./hosts/connection.ts"

const DEFAULT_PROVIDER = "provider.default"
/** Setting of each provider's name for the owner, by its id: known without asking the host. */
export const PROVIDER_LABEL = "provider.label."
/** Setting of what each provider's state was when it was last told, by its id. */
const PROVIDER_STATE = "provider.state."
/** How long a status is believed before the agent is asked again, in ms. */
const STATUS_FRESH_MS = 30_000

export interface ListedProvider {
  readonly id: ProviderId
  readonly label: string
}

export class Providers {
  readonly #context: RuntimeContext
  readonly #host: HostConnection
  readonly #configured: ProviderId | null
  /** The last status of each; only to spare the agents repeated questions. */
  readonly #known = new Map<ProviderId, { readonly status: ProviderStatus; readonly at: number }>()

  constructor(context: RuntimeContext, host: HostConnection, configured: ProviderId | null) {
    this.#context = context
    this.#host = host
    this.#configured = configured
  }

  /** In the order they are offered. */
  async list(): Promise<readonly ListedProvider[]> {
    const { providers } = await this.#ask((link) => link.command({ kind: "provider.list" }))
    this.#rememberLabels(providers)
    return providers
  }

  /** What the agents are called, for surfaces that show it without asking; a host that is just leaving tells later. */
  async learnNames(): Promise<void> {
    try {
      await this.list()
    } catch (error) {
      if (!(error instanceof OwnerError)) throw error
      this.#context.log.debug({ err: error }, "the agents' names are not known yet")
    }
  }

  async status(provider: ProviderId, { fresh = false } = {}): Promise<ProviderStatus> {
    const known = this.#known.get(provider)
    const { clock } = this.#context
    if (!fresh && known && clock.monotonic() - known.at < STATUS_FRESH_MS) return known.status
    const { status } = await this.#ask((link) => link.command({ kind: "provider.probe", provider }), provider)
    this.#known.set(provider, { status, at: clock.monotonic() })
    this.#recordChange(status)
    return status
  }

  async statuses(options?: { fresh: boolean }): Promise<readonly ProviderStatus[]> {
    const listed = await this.list()
    return Promise.all(listed.map(({ id }) => this.status(id, options)))
  }

  async models(provider: ProviderId): Promise<readonly Model[]> {
    const { models } = await this.#ask(
      (link) => link.command({ kind: "provider.models", provider }),
      provider,
    )
    return models
  }

  /** Sessions the agent knows, newest first. */
  async native(provider: ProviderId, limit: number): Promise<readonly NativeSession[]> {
    const command = { kind: "provider.native", provider, limit } as const
    return (await this.#ask((link) => link.command(command), provider)).sessions
  }

  /** @throws OwnerError `native_unknown` when the agent does not know it. */
  async findNative(provider: ProviderId, nativeId: string): Promise<NativeSession> {
    const command = { kind: "provider.native", provider, limit: 1, nativeId } as const
    const { sessions } = await this.#ask((link) => link.command(command), provider)
    const found = sessions.find((session) => session.nativeId === nativeId)
    if (!found) throw new OwnerError("native_unknown", { provider, native: nativeId })
    return found
  }

  /**
   * The provider of a new session: the saved default, else the configured one, else the first that is installed and
   * signed in; the demonstration only when nothing else is.
   * @throws OwnerError `no_provider`
   */
  async choose(): Promise<ProviderId> {
    const chosen = this.#context.ledger.machine.setting<ProviderId>(DEFAULT_PROVIDER) ?? this.#configured
    if (chosen) return chosen
    const statuses = await this.statuses()
    const ready = statuses.filter((status) => status.state === "ready")
    const first = ready.find((status) => status.provider !== "demo") ?? ready[0]
    if (!first) throw new OwnerError("no_provider")
    return first.provider
  }

  /** @throws OwnerError `unknown_provider` */
  async mustKnow(provider: string): Promise<ProviderId> {
    const listed = await this.list()
    const found = listed.find(({ id }) => id === provider || id === `acp:${provider}`)
    if (!found) {
      throw new OwnerError("unknown_provider", { provider, known: listed.map(({ id }) => id).join(", ") })
    }
    return found.id
  }

  /** The first choice the owner makes becomes the default. */
  rememberFirst(provider: ProviderId): void {
    const { ledger, clock, record } = this.#context
    if (provider === "demo" || ledger.machine.setting(DEFAULT_PROVIDER) !== null) return
    ledger.transact(() => {
      ledger.machine.set(DEFAULT_PROVIDER, provider, clock.now())
      record({ kind: "setting.changed", key: DEFAULT_PROVIDER, value: provider }, "machine")
    })
  }

  /** Told when it is another one than was told last. */
  #recordChange({ provider, label, state, version, failure }: ProviderStatus): void {
    const { ledger, clock, record } = this.#context
    const told = { provider, label, state, ...(version ? { version } : {}), ...(failure ? { failure } : {}) }
    const key = PROVIDER_STATE + provider
    if (isDeepStrictEqual(ledger.machine.setting(key), told)) return
    ledger.transact(() => {
      ledger.machine.set(key, told, clock.now())
      record({ kind: "provider.changed", ...told }, "machine")
    })
  }

  #rememberLabels(providers: readonly ListedProvider[]): void {
    const { ledger, clock } = this.#context
    for (const { id, label } of providers) {
      const key = PROVIDER_LABEL + id
      if (ledger.machine.setting(key) === label) continue
      ledger.transact(() => ledger.machine.set(key, label, clock.now()))
    }
  }

  async #ask<T>(
    question: (link: Awaited<ReturnType<HostConnection["use"]>>) => Promise<T>,
    provider?: string,
  ) {
    try {
      return await question(await this.#host.use())
    } catch (error) {
      if (!(error instanceof HostLinkError)) throw error
      if (error.code === "unknown_provider")
        throw new OwnerError("unknown_provider", { provider: provider ?? "" })
      const code = error.code === "provider" ? "agent_failed" : "host_unavailable"
      throw new OwnerError(code, {}, { cause: error, failure: failureOfLink(error) })
    }
  }
}
