/** One running agent process and the protocol spoken with it; any number of sessions share it. */
import { type ClientConnection, client, PROTOCOL_VERSION, RequestError } from "@agentclientprotocol/sdk"
import { z } from "zod"
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId } from "../../protocol/ids.ts"
import { guarded } from "../guard.ts"
import type { Child, Clock, Log } from "../provider.ts"
import { asProviderError, failed, wantsSignIn } from "./failure.ts"
import { lineStream } from "./line-stream.ts"
import type { AcpProfile } from "./profile.ts"
import { authMethod } from "./sign-in.ts"
import {
  ATTEMPT_META,
  ElicitationRequest,
  type ElicitationResponse,
  InitializeResult,
  type Meta,
  PermissionRequest,
  type PermissionResponse,
  PromptResult,
  UpdateEnvelope,
} from "./wire.ts"

const INITIALIZE_TIMEOUT_MS = 30_000
const REQUEST_TIMEOUT_MS = 120_000
const EOF_GRACE_MS = 1_500
const TERM_GRACE_MS = 3_000
/** Updates kept for a session whose opening has not been answered yet. */
const MAX_EARLY = 200

/** The client's side of one session. */
export interface SessionPeer {
  /** Whether a prompt of ours runs in it. */
  readonly isPrompted: boolean
  update(update: UpdateEnvelope["update"], meta: Meta): void
  permission(request: PermissionRequest, asked: AskedFrom): Promise<PermissionResponse>
  elicitation(request: ElicitationRequest, asked: AskedFrom): Promise<ElicitationResponse>
  /** Its prompt has ended; what comes from now on came after the end. */
  answered(): void
  disconnected(when: Disconnection): void
  /** What the agent told made it throw: our fault, and the end of what it is at. */
  failed(error: unknown): void
}

export interface AskedFrom {
  /** Aborts when the agent itself no longer waits. */
  readonly signal: AbortSignal
  /** Another session of the agent's than this one, such as a sub-agent's; null for this one. */
  readonly subagent: string | null
}

/** The process is gone: we ended it, or it ended while this session's prompt ran in it, or while the session was idle. */
export type Disconnection = "ended_by_us" | "running" | "idle"

interface Parts {
  readonly child: Child
  readonly profile: AcpProfile
  /** The way to sign in that the owner has configured. */
  readonly authMethod: string | undefined
  readonly clock: Clock
  readonly log: Log
}

export class AcpConnection {
  readonly #parts: Parts
  readonly #rpc: ClientConnection
  readonly #peers = new Map<string, SessionPeer>()
  /** Updates may overtake the answer that makes their session known. */
  readonly #early: UpdateEnvelope[] = []
  /** Sessions with a prompt in flight, and what to do once its line is in the agent's pipe. */
  readonly #prompts = new Map<string, { readonly attempt: string; readonly onWritten: () => void }>()
  /** The session of each prompt that is not answered yet, by the request's id. */
  readonly #asked = new Map<unknown, string>()
  /** Sessions whose prompt was given up though the agent still works on it. */
  readonly #stuck = new Set<string>()
  #initialized: InitializeResult | null = null
  #ending: Promise<void> | null = null
  #dead = false
  #endedByUs = false
  #retired = false
  #hasSignedIn = false

  /**
   * @throws ProviderError when the agent does not answer, speaks another protocol, or ends.
   */
  static async start(parts: Parts): Promise<AcpConnection> {
    const connection = new AcpConnection(parts)
    try {
      await connection.#initialize()
    } catch (error) {
      await connection.stop()
      const hasEnded = error instanceof ProviderError && error.failure.class === "crashed"
      throw hasEnded ? connection.#endedAtOnce(error) : error
    }
    return connection
  }

  private constructor(parts: Parts) {
    this.#parts = parts
    const stream = lineStream(parts.child, {
      update: (params) => this.#route(params),
      written: (message) => this.#written(message),
      answered: (id) => this.#answered(id),
      noise: (line) =>
        parts.log.debug({ line: line.slice(0, 200) }, "the agent wrote a line that is not JSON"),
      unreadable: (line) => {
        const logId = parts.log.keep("acp line", line)
        parts.log.warn({ logId }, "the agent wrote a message that cannot be read")
      },
    })
    this.#rpc = client({ name: "remoteagent" })
      .onRequest("session/request_permission", PermissionRequest.parse, ({ params, signal }) => {
        const { peer, subagent } = this.#asker(params.sessionId)
        return peer.permission(params, { signal, subagent })
      })
      .onRequest("elicitation/create", ElicitationRequest.parse, ({ params, signal }) => {
        const { peer, subagent } = this.#asker(params.sessionId ?? "")
        return peer.elicitation(params, { signal, subagent })
      })
      .onRequest("*", ({ method }) => {
        throw RequestError.methodNotFound(method)
      })
      .onNotification("*", ({ method }) => parts.log.debug({ method }, "ignored a notification of the agent"))
      .connect(stream)
    void this.#watch()
    // Also when it lives but cannot be written to any more.
    void this.#rpc.closed.then(() => this.#endProcess())
  }

  get #label(): string {
    return this.#parts.profile.label
  }

  get initialized(): InitializeResult {
    if (!this.#initialized) throw failed("crashed", undefined, new Error("it has not finished starting"))
    return this.#initialized
  }

  /** Whether new work may be given to it. */
  get usable(): boolean {
    return !this.#dead && !this.#retired && this.#ending === null && !this.#rpc.signal.aborted
  }

  get idle(): boolean {
    return this.#peers.size === 0 && this.#prompts.size === 0
  }

  attach(sessionId: string, peer: SessionPeer): void {
    this.#peers.set(sessionId, peer)
    const early = this.#early.filter((envelope) => envelope.sessionId === sessionId)
    this.#early.splice(
      0,
      this.#early.length,
      ...this.#early.filter((envelope) => envelope.sessionId !== sessionId),
    )
    for (const { update, _meta } of early) peer.update(update, _meta)
  }

  isAttached(sessionId: string): boolean {
    return this.#peers.has(sessionId)
  }

  detach(sessionId: string, peer: SessionPeer): void {
    if (this.#peers.get(sessionId) === peer) this.#peers.delete(sessionId)
  }

  /**
   * @throws ProviderError: the agent's error classified, `timeout`, or `crashed` when it ended.
   */
  async request<T>(method: string, params: object, result: z.ZodType<T>): Promise<T> {
    return this.#timed(method, params, result, REQUEST_TIMEOUT_MS)
  }

  /**
   * Resolves at the end of the turn. `onWritten` is called once the prompt is in the agent's pipe: before that a
   * failure means that the agent never had it.
   * @throws ProviderError as `request`, without a time limit: silence is the session's to judge.
   */
  async prompt(
    params: { readonly sessionId: string; readonly prompt: readonly object[] },
    attempt: AttemptId,
    onWritten: () => void,
  ): Promise<PromptResult> {
    const { sessionId } = params
    this.#prompts.set(sessionId, { attempt, onWritten })
    try {
      const request = { ...params, _meta: { [ATTEMPT_META]: attempt } }
      return PromptResult.parse(await this.#call("session/prompt", request))
    } catch (error) {
      throw this.#classified(error)
    } finally {
      this.#prompts.delete(sessionId)
      this.#stuck.delete(sessionId)
      this.#stopIfRetired()
    }
  }

  async cancel(sessionId: string): Promise<void> {
    if (!this.#dead) await this.#rpc.agent.notify("session/cancel", { sessionId })
  }

  /**
   * The agent does not let go of this session's prompt: no new work is given to this process, and it is ended as soon
   * as no other session's prompt runs in it.
   */
  retire(sessionId: string): void {
    this.#retired = true
    this.#stuck.add(sessionId)
    this.#stopIfRetired()
  }

  /** Ends the agent and everything it started. Idempotent. */
  stop(): Promise<void> {
    this.#endedByUs ||= !this.#dead && !this.#rpc.signal.aborted
    return this.#endProcess()
  }

  #endProcess(): Promise<void> {
    this.#ending ??= this.#stop()
    return this.#ending
  }

  async #stop(): Promise<void> {
    const { child, clock, profile } = this.#parts
    if (profile.stop === "eof" && !this.#dead) {
      child.endInput()
      await new Promise<void>((resolve) => {
        const timer = clock.after(EOF_GRACE_MS, resolve)
        void child.exited.then(() => {
          timer.cancel()
          resolve()
        })
      })
    }
    // Also after it left by itself: what it started may still run.
    await child.kill(TERM_GRACE_MS)
  }

  async #initialize(): Promise<void> {
    const params = {
      protocolVersion: PROTOCOL_VERSION,
      clientInfo: { name: "remoteagent", title: "RemoteAgent", version: "0.1.0" },
      clientCapabilities: {
        fs: { readTextFile: false, writeTextFile: false },
        terminal: false,
        session: { notices: {}, compaction: {} },
        elicitation: { form: {} },
      },
    }
    const result = await this.#timed("initialize", params, InitializeResult, INITIALIZE_TIMEOUT_MS)
    if (result.protocolVersion !== PROTOCOL_VERSION) {
      const version = String(result.protocolVersion)
      throw failed("bad_request", { code: "protocol_mismatch", agent: this.#label, version })
    }
    this.#initialized = result
  }

  /** What it said last is for the log: it may be anything. */
  #endedAtOnce(cause: unknown): ProviderError {
    const { child, log } = this.#parts
    const logId = log.keep("an agent ended while it started", { stderr: child.stderrTail() })
    const reason = { code: "ended_at_start", agent: this.#label } as const
    return new ProviderError({ class: "crashed", reason, logId }, { cause })
  }

  async #timed<T>(method: string, params: object, result: z.ZodType<T>, timeoutMs: number): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>()
    const timer = this.#parts.clock.after(timeoutMs, () => {
      const waited = { request: method, seconds: timeoutMs / 1000 }
      reject(failed("timeout", { code: "no_answer", agent: this.#label, ...waited }))
    })
    try {
      return result.parse(await Promise.race([this.#call(method, params), promise]))
    } catch (error) {
      throw this.#classified(error)
    } finally {
      timer.cancel()
    }
  }

  /** An agent that wants to be told how to sign in is told once, where that needs nobody's hands. */
  async #call(method: string, params: object): Promise<unknown> {
    try {
      return await this.#rpc.agent.request<unknown, object>(method, params)
    } catch (error) {
      const methodId = wantsSignIn(error) && !this.#hasSignedIn ? this.#authMethod() : null
      if (methodId === null) throw error
      this.#hasSignedIn = true
      this.#parts.log.info({ methodId }, "telling the agent how to sign in")
      await this.#rpc.agent.request<unknown, object>("authenticate", { methodId })
      return await this.#rpc.agent.request<unknown, object>(method, params)
    }
  }

  #authMethod(): string | null {
    return this.#initialized && authMethod(this.#initialized, this.#parts.authMethod)
  }

  #classified(error: unknown): Error {
    if (error instanceof z.ZodError) {
      return failed("bad_request", { code: "answer_not_understood", agent: this.#label }, error)
    }
    const { profile, log } = this.#parts
    const alive = !this.#dead && !this.#rpc.signal.aborted
    return asProviderError(error, { alive, profile, offered: this.#initialized, log })
  }

  #route(params: unknown): void {
    const parsed = UpdateEnvelope.safeParse(params)
    if (!parsed.success) {
      const logId = this.#parts.log.keep("acp update", params)
      this.#parts.log.warn({ logId }, "ignored a malformed update")
      return
    }
    const peer = this.#peers.get(parsed.data.sessionId)
    if (peer) guarded(() => peer.update(parsed.data.update, parsed.data._meta), peer.failed)()
    else if (this.#early.push(parsed.data) > MAX_EARLY) this.#early.shift()
  }

  /**
   * Who can answer for a session. One that we did not open is a sub-agent's, of whatever runs in this process; the owner
   * is the same for all.
   */
  #asker(sessionId: string): { readonly peer: SessionPeer; readonly subagent: string | null } {
    const peer = this.#peers.get(sessionId)
    if (peer) return { peer, subagent: null }
    const all = [...this.#peers.values()]
    const other = all.findLast((one) => one.isPrompted) ?? all.at(-1)
    if (!other) {
      this.#parts.log.warn({ sessionId }, "refused a request of an agent for a session that is not open here")
      throw RequestError.resourceNotFound(sessionId)
    }
    return { peer: other, subagent: sessionId === "" ? "?" : sessionId }
  }

  #written(message: object): void {
    if (!("method" in message) || message.method !== "session/prompt") return
    const written = WrittenPrompt.safeParse(message).data
    if (written === undefined) return
    const { id, params } = written
    this.#asked.set(id, params.sessionId)
    for (const prompt of this.#prompts.values()) {
      if (prompt.attempt === params._meta[ATTEMPT_META]) prompt.onWritten()
    }
  }

  #answered(id: unknown): void {
    const sessionId = this.#asked.get(id)
    if (sessionId === undefined) return
    this.#asked.delete(id)
    this.#peers.get(sessionId)?.answered()
  }

  #stopIfRetired(): void {
    if (!this.#retired) return
    for (const session of this.#prompts.keys()) if (!this.#stuck.has(session)) return
    void this.stop()
  }

  async #watch(): Promise<void> {
    const exit = await this.#parts.child.exited
    this.#dead = true
    if (!this.#endedByUs) {
      const logId = this.#parts.log.keep("stderr of the agent", this.#parts.child.stderrTail())
      this.#parts.log.warn({ ...exit, logId }, "the agent ended by itself")
    }
    const running = new Set(this.#prompts.keys())
    // What it said last, the answer to a prompt perhaps, is read before its end is told.
    await this.#rpc.closed
    for (const [session, peer] of [...this.#peers]) {
      peer.disconnected(this.#endedByUs ? "ended_by_us" : running.has(session) ? "running" : "idle")
    }
    this.#peers.clear()
  }
}

const WrittenPrompt = z.object({
  id: z.unknown(),
  params: z.object({ sessionId: z.string(), _meta: z.record(z.string(), z.unknown()) }),
})
