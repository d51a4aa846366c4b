/** JSON-RPC with an app-server, without the `jsonrpc` field, as Codex speaks it; routed by thread. */
import { z } from "zod"
import { guarded } from "../guard.ts"
import type { Clock, Log } from "../provider.ts"
import type { Channel } from "./channel.ts"
import { Families } from "./families.ts"
import * as incoming from "./incoming.ts"
import { type Notification, readNotification } from "./incoming.ts"
import type * as wire from "./protocol.generated.ts"

/** The requests we make: what each sends and how its result is read. */
interface Params {
  initialize: wire.InitializeParams
  "thread/start": wire.ThreadStartParams
  "thread/resume": wire.ThreadResumeParams
  "thread/list": wire.ThreadListParams
  "thread/read": wire.ThreadReadParams
  "thread/turns/list": wire.ThreadTurnsListParams
  "thread/loaded/list": Record<string, never>
  "thread/unsubscribe": wire.ThreadUnsubscribeParams
  "thread/backgroundTerminals/clean": wire.ThreadBackgroundTerminalsCleanParams
  "thread/goal/set": wire.ThreadGoalSetParams
  "turn/start": wire.TurnStartParams
  "turn/steer": wire.TurnSteerParams
  "turn/interrupt": wire.TurnInterruptParams
  "model/list": wire.ModelListParams
  "account/read": wire.GetAccountParams
  "config/read": wire.ConfigReadParams
}

const schemas = {
  initialize: incoming.Initialized,
  "thread/start": incoming.OpenedThread,
  "thread/resume": incoming.OpenedThread,
  "thread/list": incoming.ThreadsPage,
  "thread/read": incoming.ReadThread,
  "thread/turns/list": incoming.TurnsPage,
  "thread/loaded/list": incoming.LoadedThreads,
  "thread/unsubscribe": z.unknown(),
  "thread/backgroundTerminals/clean": z.unknown(),
  "thread/goal/set": z.unknown(),
  "turn/start": incoming.StartedTurn,
  "turn/steer": z.unknown(),
  "turn/interrupt": z.unknown(),
  "model/list": incoming.ModelsPage,
  "account/read": incoming.AccountRead,
  "config/read": incoming.ConfigRead,
} as const satisfies Record<keyof Params, z.ZodType>

export type Method = keyof Params
type Results = { readonly [M in Method]: z.output<(typeof schemas)[M]> }
const results: { readonly [M in Method]: z.ZodType<Results[M]> } = schemas

/** The app-server refused a request; it has no codes worth the name, only words. */
export class Refused extends Error {
  override readonly name = "Refused"
}

/** The connection ended before an answer came: whether the request took effect is unknown. */
export class ConnectionLost extends Error {
  override readonly name = "ConnectionLost"
}

/** This request was not answered in time; the connection may be as good as ever. */
export class Unanswered extends Error {
  override readonly name = "Unanswered"
}

export type RpcId = string | number

export interface ServerRequest {
  readonly id: RpcId
  readonly method: string
  readonly params: unknown
}

export interface ThreadListener {
  notified(notification: Notification): void
  requested(request: ServerRequest): void
  /** What a sub-agent tells, on a thread of its own. */
  helperNotified(thread: string, notification: Notification): void
  helperRequested(thread: string, request: ServerRequest): void
  lost(reason: string): void
  /** What it was told made it throw: our fault, and the end of what it is at. */
  failed(error: unknown): void
}

const Id = z.union([z.string(), z.number()])
const Frame = z.object({
  id: Id.optional(),
  method: z.string().optional(),
  params: z.unknown().optional(),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
})
const Routed = z.object({ threadId: z.string() })

interface Listening {
  readonly listener: ThreadListener
  readonly thread: string
  readonly isOwn: boolean
}

interface Waiting {
  readonly method: Method
  readonly resolve: (result: unknown) => void
  readonly reject: (error: Error) => void
}

export interface ConnectionOptions {
  readonly log: Log
  readonly clock: Clock
  readonly version: string
}

export class Connection {
  readonly codexHome: string
  readonly #rpc: Rpc

  private constructor(rpc: Rpc, codexHome: string) {
    this.#rpc = rpc
    this.codexHome = codexHome
  }

  /** @throws Refused, ConnectionLost */
  static async open(channel: Channel, { log, clock, version }: ConnectionOptions): Promise<Connection> {
    const rpc = new Rpc(channel, { log, clock })
    const { codexHome } = await rpc.request("initialize", {
      clientInfo: { name: CLIENT_NAME, title: "RemoteAgent", version },
      capabilities: { experimentalApi: true, requestAttestation: false },
    })
    rpc.tell({ method: "initialized" })
    return new Connection(rpc, codexHome)
  }

  get isLost(): boolean {
    return this.#rpc.isLost
  }

  /** Resolves with the reason when the connection has ended. */
  get lost(): Promise<string> {
    return this.#rpc.lost
  }

  /** What was not answered in time, if that is why the connection ended. */
  get unanswered(): Method | null {
    return this.#rpc.unanswered
  }

  /** @throws Refused, ConnectionLost, ZodError when the result is not what we know */
  request<M extends Method>(method: M, params: Params[M], limit?: AnswerLimit): Promise<Results[M]> {
    return this.#rpc.request(method, params, limit)
  }

  respond(id: RpcId, result: object): void {
    this.#rpc.tell({ id, result })
  }

  refuse(id: RpcId, message: string): void {
    this.#rpc.tell({ id, error: { code: -32601, message } })
  }

  /** Listens to a thread; do so before resuming it, so that nothing is missed. Returns how to stop. */
  listen(thread: string, listener: ThreadListener): () => void {
    return this.#rpc.listen(thread, listener)
  }

  /** Asks what the app-server answers from memory; one that does not even do that hangs. @throws ConnectionLost then */
  async ping(): Promise<void> {
    await this.request("thread/loaded/list", {}, { limitMs: PING_LIMIT_MS })
  }

  /** What `child` tells and asks goes to whoever listens to `parent`. */
  adopt(child: string, parent: string): void {
    this.#rpc.adopt(child, parent)
  }

  isOf(child: string, parent: string): boolean {
    return this.#rpc.isOf(child, parent)
  }

  close(): void {
    this.#rpc.close()
  }
}

/** How our threads are told from others: Codex keeps it as a thread's originator. */
export const CLIENT_NAME = "remoteagent"

/** No request of ours takes long: what a turn takes is told by notifications. */
const ANSWER_LIMIT_MS = 60_000
const PING_LIMIT_MS = 5_000

export interface AnswerLimit {
  readonly limitMs: number
  /** Without an answer in time only the request fails; else the connection does. */
  readonly isPatient?: boolean
}

class Rpc {
  readonly #channel: Channel
  readonly #log: Log
  readonly #clock: Clock
  readonly #waiting = new Map<number, Waiting>()
  readonly #listeners = new Map<string, ThreadListener>()
  readonly #families = new Families()
  /** Kinds of messages already reported as ignored. */
  readonly #reported = new Set<string>()
  readonly #lost = Promise.withResolvers<string>()
  #isLost = false
  #unanswered: Method | null = null
  #lastId = 0

  constructor(channel: Channel, { log, clock }: { readonly log: Log; readonly clock: Clock }) {
    this.#channel = channel
    this.#log = log
    this.#clock = clock
    const onFault = (error: unknown): void => log.error({ error }, "what Codex said could not be worked with")
    channel.onMessage(guarded((text: string) => this.#receive(text), onFault))
    channel.onClose((reason) => this.#end(reason))
  }

  get isLost(): boolean {
    return this.#isLost
  }

  get lost(): Promise<string> {
    return this.#lost.promise
  }

  get unanswered(): Method | null {
    return this.#unanswered
  }

  async request<M extends Method>(
    method: M,
    params: Params[M],
    { limitMs, isPatient = false }: AnswerLimit = { limitMs: ANSWER_LIMIT_MS },
  ): Promise<Results[M]> {
    if (this.#isLost) throw new ConnectionLost(`${method}: not connected`)
    const id = ++this.#lastId
    const answer = new Promise<unknown>((resolve, reject) => {
      this.#waiting.set(id, { method, resolve, reject })
    })
    this.tell({ id, method, params })
    const timer = this.#clock.after(limitMs, () => {
      if (isPatient) return this.#drop(id, new Unanswered(method))
      this.#unanswered ??= method
      this.#log.error({ method }, "Codex' app-server does not answer; connecting anew")
      this.close()
    })
    try {
      return results[method].parse(await answer)
    } finally {
      timer.cancel()
    }
  }

  #drop(id: number, error: Error): void {
    this.#waiting.get(id)?.reject(error)
    this.#waiting.delete(id)
  }

  tell(message: object): void {
    this.#channel.send(JSON.stringify(message))
  }

  listen(thread: string, listener: ThreadListener): () => void {
    this.#listeners.set(thread, listener)
    return () => {
      if (this.#listeners.get(thread) === listener) this.#listeners.delete(thread)
    }
  }

  adopt(child: string, parent: string): void {
    this.#families.adopt(child, parent)
  }

  isOf(child: string, parent: string): boolean {
    return this.#families.lineage(child).some((thread) => thread === parent)
  }

  close(): void {
    this.#channel.close()
  }

  #receive(text: string): void {
    const frame = readFrame(text)
    if (frame === null) {
      this.#log.warn({ what: this.#log.keep("codex frame", text) }, "ignored an unreadable message of Codex")
      return
    }
    const { id, method, params } = frame
    if (method === undefined) return this.#settle(frame)
    if (id !== undefined) return this.#request({ id, method, params })
    this.#notify(method, params)
  }

  #settle({ id, result, error }: z.infer<typeof Frame>): void {
    const waiting = typeof id === "number" ? this.#waiting.get(id) : undefined
    if (waiting === undefined || typeof id !== "number") return
    this.#waiting.delete(id)
    if (error) waiting.reject(new Refused(error.message))
    else waiting.resolve(result)
  }

  #request(request: ServerRequest): void {
    const found = this.#listenerFor(request.params)
    if (found === null) {
      this.#log.warn(
        { method: request.method },
        "refused a request of Codex for a thread that is not open here",
      )
      return this.tell({ id: request.id, error: { code: -32601, message: "nobody here answers this" } })
    }
    const { listener, thread, isOwn } = found
    guarded(() => {
      if (isOwn) listener.requested(request)
      else listener.helperRequested(thread, request)
    }, listener.failed)()
  }

  #notify(method: string, params: unknown): void {
    this.#families.note(method, params)
    const read = readNotification(method, params)
    switch (read.kind) {
      case "unused":
        return
      case "unknown":
        return this.#reportOnce(method, params, "ignored a notification of Codex of an unknown kind")
      case "malformed":
        return this.#reportOnce(method, params, "ignored a notification of Codex of an unknown form")
      case "used":
        return this.#deliver(read.notification, params)
    }
  }

  #deliver(notification: Notification, params: unknown): void {
    if (!Routed.safeParse(params).success) {
      for (const listener of this.#listeners.values()) {
        guarded(() => listener.notified(notification), listener.failed)()
      }
      return
    }
    const found = this.#listenerFor(params)
    if (found === null) return
    const { listener, thread, isOwn } = found
    guarded(() => {
      if (isOwn) listener.notified(notification)
      else listener.helperNotified(thread, notification)
    }, listener.failed)()
  }

  /** Whoever listens to the thread, or to the one that it works for. */
  #listenerFor(params: unknown): Listening | null {
    const routed = Routed.safeParse(params)
    if (!routed.success) return null
    const { threadId } = routed.data
    for (const thread of this.#families.lineage(threadId)) {
      const listener = this.#listeners.get(thread)
      if (listener) return { listener, thread: threadId, isOwn: thread === threadId }
    }
    return null
  }

  #reportOnce(kind: string, payload: unknown, message: string): void {
    if (this.#reported.has(kind)) return
    this.#reported.add(kind)
    this.#log.warn({ kind, what: this.#log.keep(`codex ${kind}`, payload) }, message)
  }

  #end(reason: string): void {
    if (this.#isLost) return
    this.#isLost = true
    for (const waiting of this.#waiting.values()) {
      waiting.reject(new ConnectionLost(`${waiting.method}: connection lost: ${reason}`))
    }
    this.#waiting.clear()
    this.#lost.resolve(reason)
    for (const listener of [...this.#listeners.values()]) listener.lost(reason)
  }
}

function readFrame(text: string): z.infer<typeof Frame> | null {
  try {
    const parsed = Frame.safeParse(JSON.parse(text))
    return parsed.success ? parsed.data : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
