/** Speaks to a running runtime over its local socket. */
import { randomUUID } from "node:crypto"
import { request } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { api, type Input, type OperationName, type Reply } from "../protocol/api.ts"
import { ApiRefusal, readReply, type WireCall, wireCall } from "../protocol/calls.ts"
import type { RecordedFact } from "../protocol/facts.ts"
import type { SessionId } from "../protocol/ids.ts"
import { EventsReply } from "../protocol/long-poll.ts"

/** Nothing listens on the socket. */
export class NotRunningError extends Error {
  override readonly name = "NotRunningError"
}

export interface EventsRequest {
  readonly after: number
  /** How long the runtime may hold the answer back when there is nothing new, in ms. */
  readonly wait: number
  /** Revision of the live text already seen; absent: no live text wanted. */
  readonly live?: number | undefined
  readonly signal?: AbortSignal
}

/** Of a newer runtime, a client shows what it knows. */
export type KnownEvents = Omit<EventsReply, "events"> & { readonly events: readonly RecordedFact[] }

export type ControlClient = ReturnType<typeof controlClient>

/** How long an answer is waited for, in ms, unless the operation is named here. */
const PATIENCE_MS = 30_000
const PATIENCE: Partial<Record<OperationName, number>> = {
  "status.read": 5_000,
  "providers.read": 60_000,
  "session.create": 60_000,
}

/**
 * All methods reject with `NotRunningError` when no runtime listens and with `ApiRefusal` when it refuses.
 * @param socket path of the runtime's socket (`socketPath(dataDir, "runtime")`).
 */
export function controlClient(socket: string) {
  return {
    async call<N extends OperationName>(name: N, input: Input<N>): Promise<Reply<N>> {
      const wish = api[name].kind === "effect" ? { clientId: `cli:${randomUUID()}`, ...input } : input
      const call = wireCall(name, wish)
      const timeoutMs = PATIENCE[name] ?? PATIENCE_MS
      return await patiently(async () => readReply(name, await exchange(socket, { ...call, timeoutMs })))
    },
    events: async (id: SessionId, { after, wait, live, signal }: EventsRequest): Promise<KnownEvents> => {
      const query = new URLSearchParams({ after: String(after), wait: String(wait) })
      if (live !== undefined) query.set("live", String(live))
      const what = { method: "GET", path: `/sessions/${id}/news?${query}`, body: null } as const
      const reply = await exchange(socket, {
        ...what,
        timeoutMs: wait + 10_000,
        ...(signal ? { signal } : {}),
      })
      if (reply.status !== 200) readReply("event.page", reply)
      const { events, ...rest } = EventsReply.parse(JSON.parse(reply.text))
      return { ...rest, events: events.filter((record): record is RecordedFact => record.fact !== null) }
    },
  }
}

/** What another program holding the ledger for a moment keeps from being done is asked again for so long, in ms. */
const STORAGE_PATIENCE_MS = 2_000
const STORAGE_RETRY_MS = 100

async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  const giveUpAt = performance.now() + STORAGE_PATIENCE_MS
  for (;;) {
    try {
      return await ask()
    } catch (error) {
      const isPassing = error instanceof ApiRefusal && error.code === "storage"
      if (!isPassing || performance.now() > giveUpAt) throw error
      await pause(STORAGE_RETRY_MS)
    }
  }
}

interface Exchange extends WireCall {
  readonly timeoutMs: number
  readonly signal?: AbortSignal
}

function exchange(
  socket: string,
  { method, path, body, timeoutMs, signal }: Exchange,
): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const headers =
    body === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }
  const sent = request(
    {
      ...{ socketPath: socket, host: "localhost", method, path: `/v1${path}`, headers },
      ...(signal ? { signal } : {}),
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
  sent.setTimeout(timeoutMs, () => sent.destroy(new Error(`the runtime did not answer ${path}`)))
  sent.on("error", (error) =>
    reject(isAbsent(error) ? new NotRunningError("not running", { cause: error }) : error),
  )
  sent.end(body ?? undefined)
  return promise
}

function isAbsent(error: Error): boolean {
  return "code" in error && (error.code === "ENOENT" || error.code === "ECONNREFUSED")
}
