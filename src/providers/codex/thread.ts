/** A Codex thread as one connection has it open: how it is opened, and the settings it really has. */
import { isDeepStrictEqual } from "node:util"
import { ProviderError } from "../../core/provider-error.ts"
import type { Prompt, SessionSpec, Settings } from "../../protocol/session.ts"
import { type Connection, ConnectionLost, Refused } from "./connection.ts"
import { crashed, isLocked, readRefusal } from "./failure.ts"
import type { Notification, OpenedThread, OwnersConfig, SandboxPolicy, Turn } from "./incoming.ts"
import { sandboxRoots } from "./leftovers.ts"
import { promptInput } from "./prompt-input.ts"
import type * as wire from "./protocol.generated.ts"
import { type Enforcement, enforce, modeOf, sandboxOf, sandboxPolicy } from "./settings.ts"
import type { Shared } from "./shared.ts"
import { wait } from "./wait.ts"

/** How long another Codex may take to let go of a thread it is just closing. */
const LOCK_WAIT_MS = 5_000
const LOCK_POLL_MS = 100

interface Effective {
  readonly model: string
  readonly effort: string | null
  readonly approvalPolicy: unknown
  readonly sandbox: SandboxPolicy
  readonly mode: string | null
}

export interface OpenThreadParts {
  readonly shared: Shared
  readonly connection: Connection
  readonly config: OwnersConfig
  readonly sandboxUsable: boolean
  readonly opened: OpenedThread
}

export class Thread {
  readonly id: string
  readonly connection: Connection
  /** The newest turn when it was opened; it may be running. */
  readonly newest: Turn | null
  readonly #parts: OpenThreadParts
  #effective: Effective

  private constructor(parts: OpenThreadParts) {
    const { opened } = parts
    this.#parts = parts
    this.id = opened.thread.id
    this.connection = parts.connection
    this.newest = opened.initialTurnsPage?.data[0] ?? null
    this.#effective = {
      model: opened.model,
      effort: opened.reasoningEffort,
      approvalPolicy: opened.approvalPolicy,
      sandbox: opened.sandbox,
      mode: opened.collaborationMode?.mode ?? null,
    }
  }

  /**
   * Starts a thread, or resumes `spec.nativeId`. `beforeResume` is called with the connection before Codex can tell
   * anything of the thread.
   * @throws ProviderError
   */
  static async open(
    shared: Shared,
    spec: SessionSpec,
    beforeResume: (connection: Connection) => void,
  ): Promise<Thread> {
    try {
      const [config, sandboxUsable] = await Promise.all([
        shared.ownersConfig(spec.workspace),
        shared.isSandboxUsable(),
        shared.mustBeSignedIn(),
      ])
      const enforced = enforce(spec.settings, config, sandboxUsable)
      const { connection, opened } =
        spec.nativeId === null
          ? await start(shared, spec, enforced)
          : await resume({ shared, spec, enforced, thread: spec.nativeId, beforeResume })
      return new Thread({ shared, connection, config, sandboxUsable, opened })
    } catch (cause) {
      if (cause instanceof Refused) throw new ProviderError(readRefusal(cause.message), { cause })
      if (cause instanceof ConnectionLost) throw crashed(cause)
      throw cause
    }
  }

  get name(): string | null {
    return this.#parts.opened.thread.name
  }

  /** Whether it stood still for the owner when it was opened; what it asks him comes right after. */
  get wasWaiting(): boolean {
    return this.#parts.opened.thread.status.activeFlags.some((flag) => flag.startsWith("waitingOn"))
  }

  enforcement(settings: Settings): Enforcement {
    return enforce(settings, this.#parts.config, this.#parts.sandboxUsable)
  }

  /** Everything the prompt is to be run with: what Codex remembers of earlier turns is never relied on. */
  turnParams(prompt: Prompt, attempt: string, settings: Settings): wire.TurnStartParams {
    const { approvalPolicy } = this.enforcement(settings)
    const changed = this.#changedSandbox(settings)
    return {
      threadId: this.id,
      clientUserMessageId: attempt,
      input: promptInput(prompt),
      approvalPolicy,
      ...(settings.model === undefined ? {} : { model: settings.model }),
      ...(settings.effort === undefined ? {} : { effort: settings.effort }),
      ...(changed === null ? {} : { sandboxPolicy: changed }),
      ...this.#collaborationMode(settings),
    }
  }

  /** Directories in which a command run with these settings may leave something behind when it is killed. */
  sandboxRoots(workspace: string, settings: Settings): readonly string[] {
    return sandboxRoots(workspace, this.#changedSandbox(settings) ?? this.#effective.sandbox)
  }

  #changedSandbox(settings: Settings): wire.SandboxPolicy | null {
    const { sandbox } = this.enforcement(settings)
    const isSame = sandbox === null || sandbox === sandboxOf(this.#effective.sandbox)
    return isSame ? null : sandboxPolicy(sandbox, this.#parts.config)
  }

  #collaborationMode(settings: Settings): Pick<wire.TurnStartParams, "collaborationMode"> {
    const wanted = settings.mode === "plan" ? "plan" : "default"
    if (wanted === "default" && this.#effective.mode !== "plan") return {}
    return {
      collaborationMode: {
        mode: wanted,
        settings: {
          model: settings.model ?? this.#effective.model,
          reasoning_effort: settings.effort ?? this.#effective.effort,
          // Null stands for Codex' own instructions for the mode.
          developer_instructions: null,
        },
      },
    }
  }

  /** Takes over what Codex says; false when that is what was known. */
  update({
    threadSettings,
  }: Extract<Notification, { method: "thread/settings/updated" }>["params"]): boolean {
    const before = this.#effective
    this.#effective = {
      model: threadSettings.model,
      effort: threadSettings.effort,
      approvalPolicy: threadSettings.approvalPolicy,
      sandbox: threadSettings.sandboxPolicy,
      mode: threadSettings.collaborationMode?.mode ?? null,
    }
    return !isDeepStrictEqual(before, this.#effective)
  }

  /** As the owner understands them: where the sandbox is missing, what he chose and not what stands in for it. */
  settings(chosen: Settings): Settings {
    const { model, effort, approvalPolicy, sandbox, mode } = this.#effective
    const told: Settings = {
      model,
      ...(effort === null ? {} : { effort }),
      mode: modeOf(approvalPolicy, mode),
      sandbox: sandboxOf(sandbox),
    }
    if (!this.enforcement(chosen).isWithoutSandbox) return told
    const { mode: _mode, sandbox: _sandbox, ...rest } = told
    return {
      ...rest,
      ...(chosen.mode === undefined ? {} : { mode: chosen.mode }),
      ...(chosen.sandbox === undefined ? {} : { sandbox: chosen.sandbox }),
    }
  }
}

interface OpenedOn {
  readonly connection: Connection
  readonly opened: OpenedThread
}

async function start(shared: Shared, spec: SessionSpec, enforced: Enforcement): Promise<OpenedOn> {
  const connection = await shared.server.connection()
  const opened = await connection.request("thread/start", {
    cwd: spec.workspace,
    ...threadSettings(spec.settings, enforced),
  })
  return { connection, opened }
}

interface Resuming {
  readonly shared: Shared
  readonly spec: SessionSpec
  readonly enforced: Enforcement
  readonly thread: string
  readonly beforeResume: (connection: Connection) => void
}

async function resume(asked: Resuming): Promise<OpenedOn> {
  const { server, context } = asked.shared
  const until = context.clock.now() + LOCK_WAIT_MS
  for (;;) {
    const own = await server.connection()
    try {
      return await resumeOn(own, asked)
    } catch (error) {
      if (!(error instanceof Refused && isLocked(error.message))) throw error
      const daemon = await server.daemon()
      const shared = daemon === null ? null : await resumeOn(daemon, asked).catch(unlessLocked)
      if (shared !== null) return shared
      if (context.clock.now() >= until) throw error
    }
    await wait(context.clock, LOCK_POLL_MS)
  }
}

function unlessLocked(error: unknown): null {
  if (error instanceof Refused && isLocked(error.message)) return null
  throw error
}

async function resumeOn(connection: Connection, asked: Resuming): Promise<OpenedOn> {
  asked.beforeResume(connection)
  const opened = await connection.request("thread/resume", {
    threadId: asked.thread,
    cwd: asked.spec.workspace,
    excludeTurns: true,
    initialTurnsPage: { limit: 1, sortDirection: "desc", itemsView: "full" },
    ...threadSettings(asked.spec.settings, asked.enforced),
  })
  return { connection, opened }
}

function threadSettings(
  settings: Settings,
  { approvalPolicy, sandbox }: Enforcement,
): Pick<wire.ThreadStartParams, "approvalPolicy" | "sandbox" | "model"> {
  return {
    approvalPolicy,
    ...(sandbox === null ? {} : { sandbox }),
    ...(settings.model === undefined ? {} : { model: settings.model }),
  }
}
