/**
 * The provider port: what the host asks of an agent, and what the agent's adapter tells the host.
 * An adapter knows its agent and nothing of the runtime, the ledger or any surface.
 */
import type { Clock } from "../core/clock.ts"
import type { Log } from "../core/log.ts"
import type { AttemptId, ProviderId, RequestId } from "../protocol/ids.ts"
import type {
  Answer,
  Capabilities,
  Mode,
  Model,
  NativeSession,
  Outcome,
  Prompt,
  ProviderEvent,
  ProviderStatus,
  SessionSpec,
  Settings,
} from "../protocol/session.ts"

export type { Clock, Log }

export interface Provider {
  readonly id: ProviderId
  readonly label: string
  readonly capabilities: Capabilities
  readonly modes: readonly Mode[]
  /** Installed? version? signed in? what to do next. Never throws for a missing or broken agent: that is a status. */
  probe(): Promise<ProviderStatus>
  /** Asked from the agent itself. */
  models(): Promise<readonly Model[]>
  /** Newest first, at most `limit`. Includes sessions started by hand in a terminal. */
  listNative(query: NativeQuery): Promise<readonly NativeSession[]>
  /**
   * Opens a fresh session (`spec.nativeId` null) or resumes one. Events go to `sink` in order.
   * @throws ProviderError with the failure class when the agent cannot be started or refuses.
   */
  open(spec: SessionSpec, sink: EventSink): Promise<ProviderSession>
  /**
   * After a host died: what do the agent and its transcript say of this attempt? Orphaned processes of the dead
   * host are gone by now, except those started with `survivesHost`.
   */
  recover(spec: SessionSpec, attempt: AttemptId, sink: EventSink): Promise<Recovery>
  /** Ends what this adapter still runs. Idempotent. */
  close(): Promise<void>
}

export interface NativeQuery {
  readonly limit: number
  /** Only this session; an empty result means that the agent does not know it. */
  readonly nativeId?: string
  readonly workspace?: string
}

export interface ProviderSession {
  /** The provider's own id; may be empty until the first `session.changed` for agents that name it late. */
  readonly nativeId: string
  /** Settings that changed since `open`, applied before the next prompt. */
  configure(settings: Settings): Promise<void>
  /**
   * Hands a prompt over; resolves when the agent has accepted it (also emitted as `attempt.accepted`). Exactly one
   * `attempt.ended` follows for every accepted attempt. One prompt at a time: the caller queues.
   * @throws ProviderError when it was certainly not accepted.
   */
  send(prompt: Prompt, attempt: AttemptId): Promise<void>
  /** Into the running turn. `too_late`: the turn had ended or the agent would make a new turn of it. */
  steer(prompt: Prompt, attempt: AttemptId): Promise<SteerOutcome>
  /** Stops the running turn and the commands it started; `attempt.ended` (`stopped`) follows. Idempotent. */
  interrupt(): Promise<void>
  /** `gone`: the agent no longer waits for it; nothing was changed. */
  answer(request: RequestId, answer: Answer): Promise<"answered" | "gone">
  /** Frees the agent's side (its history stays). A running turn is stopped first. Idempotent. */
  close(): Promise<void>
}

export type SteerOutcome = "steered" | "too_late" | "unsupported"

/** `live`: the agent outlived the host and still works on it; its events go to the sink given to `recover`. */
export type Recovery =
  | { readonly kind: "not_consumed" }
  | { readonly kind: "ended"; readonly outcome: Outcome }
  | { readonly kind: "live"; readonly session: ProviderSession }
  | { readonly kind: "unknown" }

export interface EventSink {
  /** A durable fact, journaled in this order. */
  emit(event: ProviderEvent): void
  /** More text of a running item (message, reasoning or command output): shown while it lasts, never stored. */
  delta(attempt: AttemptId, item: string, channel: DeltaChannel, text: string): void
  /** The agent's side ended by itself (process died, connection lost) while no attempt was running. */
  closed(reason: string): void
}

export type DeltaChannel = "message" | "reasoning" | "output"

/** What every adapter is given. */
export interface ProviderContext {
  /** A private directory of this provider, exists, mode 0700, not below the system's temporary directory. */
  readonly stateDir: string
  readonly supervisor: Supervisor
  readonly valve: Valve
  readonly clock: Clock
  /** A fresh UUID. */
  readonly newId: () => string
  readonly log: Log
  /** This provider's part of the configuration. */
  readonly config: ProviderConfig
}

/**
 * Closed while the host cannot write down what agents say: nothing is read from them then, and they wait. Children are
 * under it by themselves.
 */
export interface Valve {
  /** An agent's silence means nothing while it is. */
  readonly isClosed: boolean
  /** For what an adapter reads by itself, such as a socket. Returns the way to let go of it. */
  attach(source: Source): () => void
}

export interface Source {
  pause(): void
  resume(): void
}

export interface ProviderConfig {
  /** Path or name of the agent's program, if configured. */
  readonly command?: string
  readonly args?: readonly string[]
  /** Extra environment for this agent alone. */
  readonly env?: Readonly<Record<string, string>>
  /** For an ACP agent that has to be told: the id of the way to sign in. */
  readonly authMethod?: string
  /** Silence after which a running turn is reported as `silent`, and after which it is given up, in ms. */
  readonly silentNoticeMs?: number
  readonly silentLimitMs?: number
}

/** Starts and ends child processes: own process group, clean environment, bounded output, recorded for a later host. */
export interface Supervisor {
  /**
   * @throws ProviderError (`crashed`, with a readable detail) when the program cannot be started.
   */
  spawn(spec: ChildSpec): Promise<Child>
  /** Runs to the end; output beyond `maxOutput` bytes is dropped. Never throws for a non-zero exit. */
  run(spec: ChildSpec & { readonly timeoutMs: number; readonly maxOutput?: number }): Promise<RunResult>
  /** Where the program is: an absolute path, or null. Looks at PATH and the usual install directories. */
  find(command: string): Promise<string | null>
}

export interface ChildSpec {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  /**
   * Added to the base environment (PATH, HOME, USER, LANG, TERM, TMPDIR, proxy and certificate settings only);
   * `inherit` names further variables of the host's own environment that this agent may see, `*` at the end of a
   * name meaning a prefix.
   */
  readonly env: Readonly<Record<string, string>>
  readonly inherit: readonly string[]
  readonly label: string
  /**
   * Left running when the host dies; its adapter finds it again. It has no input, and its output goes to a file, of
   * which `stderrTail` reads the end: a pipe would break with the host.
   */
  readonly survivesHost?: boolean
}

export interface Child {
  readonly pid: number
  /** Writes one line; resolves when the kernel took it; rejects when the child is gone. */
  writeLine(line: string): Promise<void>
  endInput(): void
  /** Called for every complete stdout line (UTF-8 safe across chunks). Lines beyond 32 MiB end the child. */
  onLine(listener: (line: string) => void): void
  /** The last 16 KiB of stderr. */
  stderrTail(): string
  readonly exited: Promise<{ readonly code: number | null; readonly signal: string | null }>
  /** Ends the whole process tree: asks first (SIGTERM), then kills (SIGKILL) after `graceMs`. */
  kill(graceMs?: number): Promise<void>
}

export interface RunResult {
  readonly code: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
  readonly timedOut: boolean
}
