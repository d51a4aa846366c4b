/** What all sessions of this provider have in common. */
import { ProviderError } from "../../core/provider-error.ts"
import type { ProviderContext } from "../provider.ts"
import { AppServer } from "./app-server.ts"
import type { ServerRequest } from "./connection.ts"
import { SIGNED_OUT } from "./failure.ts"
import type { OwnersConfig } from "./incoming.ts"
import { QuotaWindows } from "./limits.ts"
import { findCodex, isSandboxUsable } from "./program.ts"

export class Shared {
  readonly context: ProviderContext
  readonly server: AppServer
  readonly quota = new QuotaWindows()
  /** Sessions that are open, to be closed with the provider. */
  readonly sessions = new Set<{ close(): Promise<void> }>()
  /** Kinds of items already reported as ignored. */
  readonly #ignored = new Set<string>()
  /** Asked once: starting a sandbox takes a while, and whether it can start does not change. */
  #sandboxUsable: Promise<boolean> | null = null

  constructor(context: ProviderContext) {
    this.context = context
    this.server = new AppServer(context)
  }

  /** Closes the sessions, stopping what runs, then the server. */
  async close(): Promise<void> {
    await Promise.all([...this.sessions].map((session) => session.close()))
    await this.server.close()
  }

  async isSandboxUsable(): Promise<boolean> {
    this.#sandboxUsable ??= this.#probeSandbox()
    return this.#sandboxUsable
  }

  async #probeSandbox(): Promise<boolean> {
    const program = await findCodex(this.context)
    return program !== null && isSandboxUsable(this.context, program)
  }

  /** Reports each kind once: what we do not understand must be seen, not repeated. */
  ignoredItem(kind: string): void {
    if (this.#ignored.has(kind)) return
    this.#ignored.add(kind)
    this.context.log.warn({ kind }, "ignored an item of Codex of an unknown kind or form")
  }

  refusedRequest({ method, params }: ServerRequest): void {
    const what = this.context.log.keep(`codex request ${method}`, params)
    this.context.log.warn({ method, what }, "refused a request of Codex that is not understood")
  }

  /**
   * Asked before a thread is opened: what needs the account would fail much later, and offline as if for want of a
   * connection.
   * @throws ProviderError (`auth`)
   */
  async mustBeSignedIn(): Promise<void> {
    const connection = await this.server.connection()
    const { account, requiresOpenaiAuth } = await connection.request("account/read", {})
    if (account === null && requiresOpenaiAuth) throw new ProviderError(SIGNED_OUT)
  }

  async ownersConfig(workspace: string): Promise<OwnersConfig> {
    const connection = await this.server.connection()
    return (await connection.request("config/read", { cwd: workspace, includeLayers: false })).config
  }
}
