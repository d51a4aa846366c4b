/** Speaks to a running runtime over its local socket. */
import { request } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import type { z } from "zod"
import {
  AnswerReceipt,
  ControlError,
  EventsReply,
  type NewAnswer,
  type NewPrompt,
  type NewSession,
  PromptReceipt,
  ProvidersReply,
  RuntimeStatus,
  SessionSummary,
  SessionsReply,
  StopRuntimeReceipt,
  StopTurnReceipt,
  TraceReply,
} from "../protocol/control.ts"
import { isKnown, type RecordedFact } from "../protocol/facts.ts"
import type { RequestId, SessionId } from "../protocol/ids.ts"

/** Nothing listens on the socket. */
export class NotRunningError extends Error {
  override readonly name = "NotRunningError"
}

/** The runtime answered and said no; `message` is for the owner. */
export class ControlRefusal extends Error {
  override readonly name = "ControlRefusal"
  readonly code: ControlError["error"]["code"]

  constructor(error: ControlError["error"]) {
    super(error.logId ? `${error.message} (${error.logId})` : error.message)
    this.code = error.code
  }
}

export interface EventsRequest {
  readonly after: number
  /** How long the runtime may hold the answer back when there is nothing new, in ms. */
  readonly wait: number
  /** Revision of the live text already seen; absent: no live text wanted. */
  readonly live?: number | undefined
  readonly signal?: AbortSignal
}

export type ControlClient = ReturnType<typeof controlClient>

/**
 * All methods reject with `NotRunningError` when no runtime listens and with `ControlRefusal` when it refuses.
 * @param socket path of the runtime's socket (`socketPath(dataDir, "runtime")`).
 */
export function controlClient(socket: string) {
  const get = <T>(path: string, schema: z.ZodType<T>, options: CallOptions = {}) =>
    call({ socket, method: "GET", path, ...options }, schema)
  const post = <T>(path: string, body: unknown, schema: z.ZodType<T>) =>
    call({ socket, method: "POST", path, body }, schema)
  const session = (id: SessionId) => `/v1/sessions/${encodeURIComponent(id)}`

  return {
    status: () => get("/v1/status", RuntimeStatus, { timeoutMs: 5000 }),
    providers: () => get("/v1/providers", ProvidersReply, { timeoutMs: 60_000 }),
    sessions: (query: { readonly archived?: boolean } = {}) =>
      get(query.archived ? "/v1/sessions?archived=1" : "/v1/sessions", SessionsReply),
    createSession: (wanted: NewSession) => post("/v1/sessions", wanted, SessionSummary),
    prompt: (id: SessionId, prompt: NewPrompt) => post(`${session(id)}/prompts`, prompt, PromptReceipt),
    events: (id: SessionId, { after, wait, live, signal }: EventsRequest) => {
      const query = new URLSearchParams({ after: String(after), wait: String(wait) })
      if (live !== undefined) query.set("live", String(live))
      const options = { timeoutMs: wait + 10_000, ...(signal ? { signal } : {}) }
      return get(`${session(id)}/events?${query}`, EventsReply, options).then(withKnown)
    },
    answer: (id: RequestId, answer: NewAnswer) =>
      post(`/v1/requests/${encodeURIComponent(id)}/answer`, answer, AnswerReceipt),
    stopTurn: (id: SessionId) => post(`${session(id)}/stop`, {}, StopTurnReceipt),
    trace: (message: string) => get(`/v1/trace/${encodeURIComponent(message)}`, TraceReply),
    stopRuntime: (agents: boolean) => post("/v1/stop", { agents }, StopRuntimeReceipt),
  }
}

interface CallOptions {
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

interface Call extends CallOptions {
  readonly socket: string
  readonly method: "GET" | "POST"
  readonly path: string
  readonly body?: unknown
}

/** What another program holding the ledger for a moment keeps from being done is asked again for so long, in ms. */
const STORAGE_PATIENCE_MS = 2_000
const STORAGE_RETRY_MS = 100

async function call<T>(what: Call, schema: z.ZodType<T>): Promise<T> {
  const giveUpAt = performance.now() + STORAGE_PATIENCE_MS
  for (;;) {
    try {
      return await callOnce(what, schema)
    } catch (error) {
      const isPassing = error instanceof ControlRefusal && error.code === "storage"
      if (!isPassing || performance.now() > giveUpAt) throw error
      await pause(STORAGE_RETRY_MS)
    }
  }
}

async function callOnce<T>(what: Call, schema: z.ZodType<T>): Promise<T> {
  const { status, text } = await exchange(what)
  const body = parseJson(text)
  if (status >= 200 && status < 300) {
    const parsed = schema.safeParse(body)
    if (parsed.success) return parsed.data
    throw new Error(`the runtime answered ${what.path} in a way this version does not know`, {
      cause: parsed.error,
    })
  }
  const refusal = ControlError.safeParse(body)
  throw new ControlRefusal(
    refusal.success ? refusal.data.error : { code: "internal", message: `HTTP ${status} for ${what.path}` },
  )
}

function exchange(what: Call): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const body = what.body === undefined ? undefined : JSON.stringify(what.body)
  const sent = request(
    {
      socketPath: what.socket,
      host: "localhost",
      method: what.method,
      path: what.path,
      headers: body ? { "content-type": "application/json", "content-length": Buffer.byteLength(body) } : {},
      ...(what.signal ? { signal: what.signal } : {}),
    },
    (response) => {
      const chunks: Buffer[] = []
      response.on("data", (chunk: Buffer) => chunks.push(chunk))
      response.on("end", () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString("utf8") }),
      )
      response.on("error", reject)
    },
  )
  sent.setTimeout(what.timeoutMs ?? 30_000, () =>
    sent.destroy(new Error(`the runtime did not answer ${what.path}`)),
  )
  sent.on("error", (error) =>
    reject(isAbsent(error) ? new NotRunningError("not running", { cause: error }) : error),
  )
  sent.end(body)
  return promise
}

function isAbsent(error: Error): boolean {
  return "code" in error && (error.code === "ENOENT" || error.code === "ECONNREFUSED")
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}

/** What a newer runtime tells and we have no words for is passed over. */
export type KnownEvents = Omit<EventsReply, "events"> & { readonly events: readonly RecordedFact[] }

const withKnown = (reply: EventsReply): KnownEvents => ({ ...reply, events: reply.events.filter(isKnown) })
