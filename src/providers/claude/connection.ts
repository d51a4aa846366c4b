/** One `claude` process speaking stream-json: control requests by id, user messages, verdicts. */
import { ProviderError } from "../../core/provider-error.ts"
import type { Reason } from "../../protocol/reason.ts"
import type { Failure } from "../../protocol/session.ts"
import { guarded } from "../guard.ts"
import type { Child, ChildSpec, ProviderContext } from "../provider.ts"
import { LABEL } from "./offer.ts"
import type { PromptContent } from "./prompt-content.ts"
import { SANDBOX_PROGRAMS, sandboxNeeds } from "./surroundings.ts"
import { InitializeResult, readLine, type WireId, type WireMessage } from "./wire.ts"

/** Starting up reads settings, plugins and MCP servers; on a loaded machine that takes seconds. */
const START_LIMIT_MS = 60_000
const CONTROL_LIMIT_MS = 30_000
const EXIT_GRACE_MS = 3_000

/** A control request that Claude Code refused, in its words. */
export class ControlRefused extends Error {
  override readonly name = "ControlRefused"
}

export interface ConnectionParts {
  readonly context: ProviderContext
  readonly spec: ChildSpec
  readonly onMessage: (message: WireMessage) => void
  readonly onExit: (exit: { readonly code: number | null; readonly signal: string | null }) => void
}

interface Waiting {
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
  readonly timer: { cancel(): void }
}

export class ClaudeConnection {
  readonly #context: ProviderContext
  readonly #child: Child
  readonly #onMessage: (message: WireMessage) => void
  readonly #waiting = new Map<string, Waiting>()
  /** Kinds of message already logged as unreadable, so that a chatty one is logged once. */
  readonly #logged = new Set<string>()
  #isGone = false
  /** Set when we could not deal with what it said; it is being ended for that. */
  #fault: Failure | null = null

  private constructor(parts: ConnectionParts, child: Child) {
    this.#context = parts.context
    this.#child = child
    this.#onMessage = parts.onMessage
  }

  static async start(parts: ConnectionParts): Promise<ClaudeConnection> {
    const child = await parts.context.supervisor.spawn(parts.spec)
    const connection = new ClaudeConnection(parts, child)
    child.onLine(
      guarded(
        (line) => connection.#read(line),
        (error) => connection.#fail(error),
      ),
    )
    void child.exited.then((exit) => {
      connection.#gone()
      parts.onExit(exit)
    })
    return connection
  }

  get pid(): number {
    return this.#child.pid
  }

  get isGone(): boolean {
    return this.#isGone
  }

  get fault(): Failure | null {
    return this.#fault
  }

  stderrTail(): string {
    return this.#child.stderrTail()
  }

  /** @throws ProviderError when the process ends instead, with the reason that it gave. */
  async initialize(): Promise<InitializeResult> {
    try {
      return InitializeResult.parse(
        await this.control({ subtype: "initialize", hooks: null }, START_LIMIT_MS),
      )
    } catch (cause) {
      await this.kill()
      throw startFailure(this.stderrTail(), { cause, log: this.#context.log })
    }
  }

  /**
   * @throws ControlRefused when Claude Code says no; ProviderError when it is gone or silent.
   */
  control(request: Readonly<Record<string, unknown>>, limitMs = CONTROL_LIMIT_MS): Promise<unknown> {
    const id = this.#context.newId()
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const timer = this.#context.clock.after(limitMs, () => {
      this.#waiting.delete(id)
      reject(new ProviderError({ class: "timeout" }))
    })
    this.#waiting.set(id, { resolve, reject, timer })
    this.#write({ type: "control_request", request_id: id, request }).catch((cause: unknown) => {
      this.#settle(id)?.reject(gone(cause))
    })
    return promise
  }

  /** `later`: not into the running turn but after it. */
  async say(message: {
    readonly content: PromptContent
    readonly uuid: string
    readonly priority?: "next" | "later"
  }): Promise<void> {
    const { content, uuid, priority } = message
    await this.#write({
      type: "user",
      uuid,
      message: { role: "user", content },
      parent_tool_use_id: null,
      ...(priority === undefined ? {} : { priority }),
    })
  }

  /** Answers a control request of the process. */
  async respond(id: WireId, response: object): Promise<void> {
    await this.#write({
      type: "control_response",
      response: { subtype: "success", request_id: id, response },
    })
  }

  async refuse(id: WireId, error: string): Promise<void> {
    await this.#write({ type: "control_response", response: { subtype: "error", request_id: id, error } })
  }

  /** Ends the input, which lets Claude Code finish its transcript, and kills what has not left in time. */
  async close(): Promise<void> {
    this.#child.endInput()
    const late = this.#context.clock.after(EXIT_GRACE_MS, () => void this.kill())
    await this.#child.exited
    late.cancel()
    // Its background commands are in the same tree and may outlive it.
    await this.#child.kill(0)
  }

  async kill(): Promise<void> {
    await this.#child.kill(500)
  }

  #fail(error: unknown): void {
    const logId = this.#context.log.keep("a message of Claude Code that could not be dealt with", error)
    this.#fault = { class: "unknown", reason: { code: "adapter_failed", agent: LABEL }, logId }
    void this.kill()
  }

  #read(line: string): void {
    if (this.#fault !== null) return
    const message = readLine(line)
    if (message.kind === "unknown" || message.kind === "malformed") this.#logOnce(message, line)
    if (message.kind === "control_response") this.#answered(message)
    else this.#onMessage(message)
  }

  #answered(message: Extract<WireMessage, { kind: "control_response" }>): void {
    const waiting = this.#settle(message.id)
    if (message.ok) waiting?.resolve(message.value)
    else waiting?.reject(new ControlRefused(String(message.value)))
  }

  #settle(id: string): Waiting | undefined {
    const waiting = this.#waiting.get(id)
    this.#waiting.delete(id)
    waiting?.timer.cancel()
    return waiting
  }

  #logOnce(message: Extract<WireMessage, { kind: "unknown" | "malformed" }>, line: string): void {
    const key = `${message.kind} ${message.name}`
    if (this.#logged.has(key)) return
    this.#logged.add(key)
    const logId = this.#context.log.keep(`claude message: ${key}`, line.slice(0, 4_096))
    this.#context.log.info({ logId, ...message }, "a message of Claude Code that this version does not read")
  }

  async #write(message: object): Promise<void> {
    if (this.#isGone) throw gone(undefined)
    await this.#child.writeLine(JSON.stringify(message))
  }

  #gone(): void {
    this.#isGone = true
    for (const id of [...this.#waiting.keys()]) this.#settle(id)?.reject(gone(undefined))
  }
}

function gone(cause: unknown): ProviderError {
  return new ProviderError({ class: "crashed" }, { cause })
}

const startReasons: readonly (readonly [RegExp, Reason])[] = [
  [/No conversation found/, { code: "session_unknown", agent: LABEL }],
  [/root\/sudo privileges/, { code: "root_refused", agent: LABEL }],
  [/error: option .* is invalid/, { code: "settings_unknown", agent: LABEL }],
  [/running in the background/, { code: "in_background", agent: LABEL, command: "claude stop" }],
  [/bubblewrap is required/, sandboxNeeds(SANDBOX_PROGRAMS)],
]

function startFailure(
  stderr: string,
  { cause, log }: { readonly cause: unknown; readonly log: ProviderContext["log"] },
): ProviderError {
  const known = startReasons.find(([pattern]) => pattern.test(stderr))
  if (known) return new ProviderError({ class: "bad_request", reason: known[1] }, { cause })
  if (cause instanceof ProviderError && cause.failure.class === "timeout") return cause
  const logId = log.keep("claude did not start", stderr)
  return new ProviderError(
    { class: "crashed", reason: { code: "ended_at_start", agent: LABEL }, logId },
    { cause },
  )
}
