/** Sessions and what they are bound to: fresh, attached, configured, shown in a channel. */
import { mkdirSync, statSync, writeFileSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import type { Session } from "../ledger/sessions.ts"
import { errorCode } from "../platform/system-error.ts"
import type { FactOf } from "../protocol/facts.ts"
import { HERE, type ProviderId, type SessionId } from "../protocol/ids.ts"
import type { NativeSession, Settings } from "../protocol/session.ts"
import type { RuntimeContext } from "./context.ts"
import { OwnerError } from "./errors.ts"

/** Its presence makes a directory ours: only such directories are ever cleaned or deleted. */
const WORKSPACE_MARKER = ".remoteagent-workspace"

export interface SessionsOptions {
  /** Where managed workspaces are made. */
  readonly workspaceRoot: string
  /** Where new sessions work unless told otherwise; null: each in a managed directory of its own. */
  readonly defaultWorkspace: string | null
  /** Settings a new session of a provider begins with. */
  readonly defaults: (provider: ProviderId) => Settings
  /** Called after the commit when what the agent works with changed. */
  readonly onConfigured: (session: SessionId) => void
}

export class Sessions {
  readonly #context: RuntimeContext
  readonly #options: SessionsOptions

  constructor(context: RuntimeContext, options: SessionsOptions) {
    this.#context = context
    this.#options = options
  }

  /**
   * A fresh session; without `workspace` in the default one, or in a managed directory of its own.
   * @throws OwnerError `workspace_missing` when the path is not an absolute path of an existing directory.
   */
  create({ provider, workspace: given }: { provider: ProviderId; workspace?: string }): Session {
    const workspace = given ?? this.#options.defaultWorkspace ?? undefined
    if (workspace !== undefined) this.#mustBeDirectory(workspace)
    const { ledger } = this.#context
    return ledger.transact(() => {
      const id = ledger.sessions.nextId()
      const path = workspace ?? this.#makeManaged(id)
      return this.#add(id, {
        provider,
        workspace: path,
        workspaceKind: workspace === undefined ? "managed" : "external",
        title: "",
        settings: this.#options.defaults(provider),
        nativeId: null,
      })
    })
  }

  /**
   * A session over a thread the provider already has; the one that holds it, if any.
   * @throws OwnerError `native_open_elsewhere`, `workspace_missing`
   */
  attach(provider: ProviderId, native: NativeSession): Session {
    const { ledger, clock } = this.#context
    return ledger.transact(() => {
      const holder = ledger.sessions.findByNative({ machine: HERE, provider, nativeId: native.nativeId })
      if (holder) {
        return this.reopen(holder.id)
      }
      if (native.state === "open_elsewhere")
        throw new OwnerError("native_open_elsewhere", { native: native.nativeId })
      this.#mustBeDirectory(native.workspace)
      const settings = { ...this.#options.defaults(provider), ...native.settings }
      const session = this.#add(ledger.sessions.nextId(), {
        provider,
        workspace: native.workspace,
        workspaceKind: "external",
        title: native.title,
        settings,
        nativeId: native.nativeId,
      })
      ledger.sessions.bindProvider(session.id, provider, { nativeId: native.nativeId, settings }, clock.now())
      return session
    })
  }

  /** Changes what the owner chose; takes effect with the next prompt. An undefined field returns to the default. */
  configure(id: SessionId, change: Partial<Record<keyof Settings, string | undefined>>): Session {
    const { ledger, clock, record } = this.#context
    return ledger.transact(() => {
      const merged = Object.entries({ ...this.must(id).settings, ...change }).filter(
        ([, value]) => value !== undefined,
      )
      ledger.sessions.configure(id, Object.fromEntries(merged) as Settings, clock.now())
      const session = this.must(id)
      record({ kind: "session.configured", settings: session.settings }, id)
      ledger.afterCommit(() => this.#options.onConfigured(id))
      return session
    })
  }

  rename(id: SessionId, title: string): Session {
    const { ledger, clock, record } = this.#context
    return ledger.transact(() => {
      ledger.sessions.rename(this.must(id).id, title, "owner", clock.now())
      record({ kind: "session.renamed", title, by: "owner" }, id)
      return this.must(id)
    })
  }

  /** Puts a session away: lists leave it out. Work in it goes on. */
  archive(id: SessionId): Session {
    return this.#setState(id, "archived", { kind: "session.archived" })
  }

  /** Back among those that are listed. */
  reopen(id: SessionId): Session {
    return this.#setState(id, "open", { kind: "session.reopened" })
  }

  /** Shows a session in a channel; null shows none. Running work goes on. */
  bind(channel: number, session: SessionId | null): void {
    const { ledger, clock, record } = this.#context
    ledger.transact(() => {
      if (session !== null) this.must(session)
      const before = ledger.channels.find(channel)
      ledger.channels.bind(channel, session, clock.now())
      if (!before || before.session === session) return
      const { surface, address } = before
      if (before.session) record({ kind: "session.unbound", surface, address }, before.session)
      if (session) record({ kind: "session.bound", surface, address }, session)
    })
  }

  must(id: SessionId): Session {
    const session = this.#context.ledger.sessions.find(id)
    if (!session) throw new OwnerError("unknown_session", { session: id })
    return session
  }

  #setState(
    id: SessionId,
    state: Session["state"],
    fact: FactOf<"session.archived" | "session.reopened">,
  ): Session {
    const { ledger, clock, record } = this.#context
    return ledger.transact(() => {
      if (this.must(id).state === state) return this.must(id)
      ledger.sessions.setState(id, state, clock.now())
      record(fact, id)
      return this.must(id)
    })
  }

  #add(id: SessionId, { nativeId, ...given }: Omit<FactOf<"session.created">, "kind">): Session {
    const { ledger, clock, record } = this.#context
    ledger.sessions.create(
      { id, titleBy: given.title === "" ? "runtime" : "provider", ...given },
      clock.now(),
    )
    record({ kind: "session.created", ...given, nativeId }, id)
    return this.must(id)
  }

  /** Always a new directory: one that is there already is another ledger's, whose ids began anew with this one. */
  #makeManaged(id: SessionId): string {
    const { workspaceRoot } = this.#options
    mkdirSync(workspaceRoot, { recursive: true, mode: 0o700 })
    const path = makeNew(join(workspaceRoot, id))
    const marker = { session: id, createdAt: new Date(this.#context.clock.now()).toISOString() }
    writeFileSync(join(path, WORKSPACE_MARKER), `${JSON.stringify(marker)}\n`, { mode: 0o600 })
    return path
  }

  #mustBeDirectory(path: string): void {
    const isDirectory = isAbsolute(path) && statSync(path, { throwIfNoEntry: false })?.isDirectory()
    if (!isDirectory) throw new OwnerError("workspace_missing", { path })
  }
}

function makeNew(wanted: string): string {
  for (let number = 1; ; number += 1) {
    const path = number === 1 ? wanted : `${wanted}-${number}`
    try {
      mkdirSync(path, { mode: 0o700 })
      return path
    } catch (error) {
      if (errorCode(error) !== "EEXIST") throw error
    }
  }
}
