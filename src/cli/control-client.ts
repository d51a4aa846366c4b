/** Speaks to a running runtime over its local socket. */
import { randomUUID } from "node:crypto"
import { request } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import { api, type Input, type OperationName, type Reply } from "../protocol/api.ts"
import { ApiRefusal, readReply, type WireCall, wireCall } from "../protocol/calls.ts"

/** Nothing listens on the socket. */
export class NotRunningError extends Error {
  override readonly name = "NotRunningError"
}

export type ControlClient = ReturnType<typeof controlClient>

/** How long an answer is waited for, in ms, unless the operation is named here. */
const PATIENCE_MS = 30_000
const PATIENCE: Partial<Record<OperationName, number>> = {
  "status.read": 5_000,
  "providers.read": 60_000,
  "session.create": 60_000,
}

/**
 * A call rejects with `NotRunningError` when no runtime listens and with `ApiRefusal` when it refuses.
 * @param socket path of the runtime's socket (`socketPath(dataDir, "runtime")`).
 */
export function controlClient(socket: string) {
  return {
    socket,
    async call<N extends OperationName>(name: N, input: Input<N>): Promise<Reply<N>> {
      const wish = api[name].kind === "effect" ? { clientId: `cli:${randomUUID()}`, ...input } : input
      const call = wireCall(name, wish)
      const timeoutMs = PATIENCE[name] ?? PATIENCE_MS
      return await patiently(async () => readReply(name, await exchange(socket, { ...call, timeoutMs })))
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
}

function exchange(
  socket: string,
  { method, path, body, timeoutMs }: Exchange,
): Promise<{ readonly status: number; readonly text: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ status: number; text: string }>()
  const headers =
    body === null ? {} : { "content-type": "application/json", "content-length": Buffer.byteLength(body) }
  const sent = request(
    { socketPath: socket, host: "localhost", method, path: `/v1${path}`, headers },
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
