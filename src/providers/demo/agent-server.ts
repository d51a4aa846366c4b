/**
 * An ACP agent around a script: sessions, transcripts, replay, permissions and cancellation are here, what it says and
 * does is the script's. It keeps the client's attempt id with every prompt before the script sees it, so its replay
 * proves what it has consumed.
 */
import { RpcError, RpcPeer } from "./rpc-peer.ts"
import { Transcripts } from "./transcript.ts"

const ATTEMPT_META = "remoteagent/attempt"
const ENDED_META = "remoteagent/ended"
const KEEPS_ATTEMPTS_META = "remoteagent/keepsAttempts"

const NOT_FOUND = -32_002
const INVALID_PARAMS = -32_602
const METHOD_NOT_FOUND = -32_601

export type StopReason = "end_turn" | "max_tokens" | "max_turn_requests" | "refusal" | "cancelled"

export interface ToolPatch {
  readonly toolCallId: string
  readonly title?: string
  readonly kind?: string
  readonly status?: "pending" | "in_progress" | "completed" | "failed"
  readonly rawInput?: unknown
  readonly rawOutput?: unknown
  readonly content?: readonly object[]
}

/** One prompt, as a script sees it. */
export interface ScriptTurn {
  readonly session: string
  readonly cwd: string
  readonly text: string
  /** The prompt's content blocks, as they came. */
  readonly blocks: readonly unknown[]
  readonly attempt: string | null
  /** Aborts when the client cancels. */
  readonly signal: AbortSignal
  setting(id: string): string
  say(text: string): void
  think(text: string): void
  /** The first patch of an id begins the call, the others update it. */
  tool(patch: ToolPatch): void
  plan(entries: readonly { readonly content: string; readonly status: string }[]): void
  /** Any other update; it is not kept for a replay. */
  update(update: { readonly sessionUpdate: string; readonly [key: string]: unknown }): void
  allowed(tool: ToolPatch): Promise<"allowed" | "denied" | "cancelled">
  /** The form's content; null when the owner declined. */
  ask(
    message: string,
    properties: Readonly<Record<string, object>>,
  ): Promise<Readonly<Record<string, unknown>> | null>
}

export interface Script {
  readonly name: string
  readonly title: string
  readonly version: string
  readonly options: readonly ScriptOption[]
  /** @throws RpcError, which fails the prompt. */
  run(turn: ScriptTurn): Promise<StopReason>
}

/** A setting the client may choose; the first value is the default. */
export interface ScriptOption {
  readonly id: string
  readonly name: string
  readonly category: string
  readonly values: readonly { readonly value: string; readonly name: string }[]
}

interface Environment {
  readonly script: Script
  readonly stateDir: string
  readonly newId: () => string
  readonly now: () => number
  readonly write: (line: string) => void
}

interface OpenSession {
  readonly cwd: string
  readonly settings: Map<string, string>
  running: AbortController | null
}

export class AgentServer {
  readonly #environment: Environment
  readonly #transcripts: Transcripts
  readonly #peer: RpcPeer
  readonly #sessions = new Map<string, OpenSession>()

  constructor(environment: Environment) {
    this.#environment = environment
    this.#transcripts = new Transcripts(environment.stateDir)
    this.#peer = new RpcPeer(environment.write, {
      request: (method, params) => this.#request(method, asRecord(params)),
      notification: (method, params) => this.#notification(method, asRecord(params)),
    })
  }

  receive(line: string): void {
    if (line.trim() !== "") this.#peer.receive(line)
  }

  async #request(method: string, params: Fields): Promise<unknown> {
    switch (method) {
      case "initialize":
        return this.#initialize()
      case "session/new":
        return this.#new(params)
      case "session/load":
        return this.#load(params)
      case "session/list":
        return this.#list(params)
      case "session/close":
        this.#sessions.get(text(params.sessionId))?.running?.abort()
        this.#sessions.delete(text(params.sessionId))
        return {}
      case "session/set_config_option":
        return this.#setOption(params)
      case "session/prompt":
        return await this.#prompt(params)
      default:
        throw new RpcError(METHOD_NOT_FOUND, `"${method}" is not known`)
    }
  }

  #notification(method: string, params: Fields): void {
    if (method === "session/cancel") this.#sessions.get(text(params.sessionId))?.running?.abort()
  }

  #initialize(): object {
    const { name, title, version } = this.#environment.script
    return {
      protocolVersion: 1,
      agentInfo: { name, title, version },
      agentCapabilities: {
        loadSession: true,
        promptCapabilities: { image: true, embeddedContext: true },
        sessionCapabilities: { list: {}, close: {} },
        _meta: { [KEEPS_ATTEMPTS_META]: true },
      },
      authMethods: [],
    }
  }

  #new(params: Fields): object {
    const id = this.#environment.newId()
    const cwd = text(params.cwd)
    this.#transcripts.append(id, { kind: "session", cwd, at: this.#environment.now() }, { durable: true })
    return { sessionId: id, configOptions: this.#options(this.#opened(id, cwd)) }
  }

  #load(params: Fields): object {
    const id = text(params.sessionId)
    if (!this.#transcripts.has(id)) throw new RpcError(NOT_FOUND, `session ${id} is not known`)
    for (const entry of this.#transcripts.read(id)) {
      switch (entry.kind) {
        case "session":
          break
        case "prompt": {
          const _meta = entry.attempt === null ? undefined : { [ATTEMPT_META]: entry.attempt }
          const content = { type: "text", text: entry.text }
          this.#update(id, { sessionUpdate: "user_message_chunk", content, _meta })
          break
        }
        case "update":
          this.#update(id, entry.update)
          break
        case "ended": {
          const { attempt, stopReason } = entry
          this.#update(id, {
            sessionUpdate: "session_info_update",
            _meta: { [ENDED_META]: { attempt, stopReason } },
          })
        }
      }
    }
    return { configOptions: this.#options(this.#opened(id, text(params.cwd))) }
  }

  #list(params: Fields): object {
    const sessions = this.#transcripts.list().filter((session) => {
      return params.cwd === undefined || params.cwd === null || session.cwd === params.cwd
    })
    return {
      sessions: sessions.map(({ id, cwd, title, updatedAt }) => {
        return { sessionId: id, cwd, title, updatedAt: new Date(updatedAt).toISOString() }
      }),
    }
  }

  #setOption(params: Fields): object {
    const session = this.#session(params)
    const option = this.#environment.script.options.find((one) => one.id === params.configId)
    if (!option?.values.some((value) => value.value === params.value)) {
      throw new RpcError(INVALID_PARAMS, "no such option")
    }
    session.settings.set(option.id, text(params.value))
    return { configOptions: this.#options(session) }
  }

  async #prompt(params: Fields): Promise<object> {
    const session = this.#session(params)
    const id = text(params.sessionId)
    if (session.running) throw new RpcError(INVALID_PARAMS, "a prompt is running")
    const attempt = asRecord(params._meta)[ATTEMPT_META]
    const prompt = promptText(params.prompt)
    const entry = { attempt: typeof attempt === "string" ? attempt : null, at: this.#environment.now() }
    this.#transcripts.append(id, { kind: "prompt", text: prompt, ...entry }, { durable: true })
    const running = new AbortController()
    session.running = running
    try {
      const blocks = Array.isArray(params.prompt) ? params.prompt : []
      const { attempt } = entry
      const turn = this.#turn(id, session, { text: prompt, blocks, attempt, signal: running.signal })
      const stopReason = running.signal.aborted ? "cancelled" : await this.#environment.script.run(turn)
      this.#ended(id, { attempt: entry.attempt, stopReason })
      return { stopReason }
    } catch (error) {
      this.#ended(id, { attempt: entry.attempt, stopReason: "error" })
      throw error
    } finally {
      session.running = null
    }
  }

  #ended(id: string, how: { readonly attempt: string | null; readonly stopReason: string }): void {
    this.#transcripts.append(id, { kind: "ended", ...how, at: this.#environment.now() }, { durable: true })
  }

  #turn(
    id: string,
    session: OpenSession,
    given: Pick<ScriptTurn, "text" | "blocks" | "attempt" | "signal">,
  ): ScriptTurn {
    const begun = new Set<string>()
    const tell = (update: { readonly sessionUpdate: string; readonly [key: string]: unknown }): void => {
      this.#transcripts.append(id, { kind: "update", update }, { durable: false })
      this.#update(id, update)
    }
    const chunk = (sessionUpdate: string, said: string): void => {
      if (!given.signal.aborted) tell({ sessionUpdate, content: { type: "text", text: said } })
    }
    return {
      ...given,
      session: id,
      cwd: session.cwd,
      setting: (option) => session.settings.get(option) ?? "",
      say: (said) => chunk("agent_message_chunk", said),
      think: (said) => chunk("agent_thought_chunk", said),
      plan: (entries) =>
        tell({ sessionUpdate: "plan", entries: entries.map((one) => ({ ...one, priority: "medium" })) }),
      update: (update) => this.#update(id, update),
      tool: (patch) => {
        const sessionUpdate = begun.has(patch.toolCallId) ? "tool_call_update" : "tool_call"
        begun.add(patch.toolCallId)
        tell({ sessionUpdate, ...patch })
      },
      allowed: (tool) => this.#permission(id, tool),
      ask: (message, properties) => this.#form(id, message, properties),
    }
  }

  async #permission(session: string, toolCall: ToolPatch): Promise<"allowed" | "denied" | "cancelled"> {
    const options = [
      { optionId: "yes", name: "Allow", kind: "allow_once" },
      { optionId: "no", name: "Reject", kind: "reject_once" },
    ]
    const params = { sessionId: session, toolCall, options }
    const { outcome } = asRecord(await this.#peer.request("session/request_permission", params))
    const chosen = asRecord(outcome)
    if (chosen.outcome !== "selected") return "cancelled"
    return chosen.optionId === "yes" ? "allowed" : "denied"
  }

  async #form(
    session: string,
    message: string,
    properties: Readonly<Record<string, object>>,
  ): Promise<Fields | null> {
    const requestedSchema = { type: "object", properties }
    const params = { mode: "form", sessionId: session, message, requestedSchema }
    const answer = asRecord(await this.#peer.request("elicitation/create", params))
    return answer.action === "accept" ? asRecord(answer.content) : null
  }

  #opened(id: string, cwd: string): OpenSession {
    const defaults = this.#environment.script.options.map((option): [string, string] => {
      return [option.id, option.values[0]?.value ?? ""]
    })
    const session: OpenSession = { cwd, settings: new Map(defaults), running: null }
    this.#sessions.set(id, session)
    return session
  }

  #session(params: Fields): OpenSession {
    const session = this.#sessions.get(text(params.sessionId))
    if (!session) throw new RpcError(NOT_FOUND, "the session is not open")
    return session
  }

  #options(session: OpenSession): readonly object[] {
    return this.#environment.script.options.map(({ id, name, category, values }) => {
      return { type: "select", id, name, category, currentValue: session.settings.get(id), options: values }
    })
  }

  #update(session: string, update: object): void {
    this.#peer.notify("session/update", { sessionId: session, update })
  }
}

type Fields = Readonly<Record<string, unknown>>

function asRecord(value: unknown): Fields {
  return typeof value === "object" && value !== null ? { ...value } : {}
}

function text(value: unknown): string {
  return typeof value === "string" ? value : ""
}

function promptText(blocks: unknown): string {
  const texts = Array.isArray(blocks) ? blocks.map((block) => text(asRecord(block).text)) : []
  return texts.filter((part) => part !== "").join("\n")
}
