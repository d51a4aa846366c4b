/**
 * HTTP as our client needs it: it knows whether a request can have reached the server, and notices when an answer
 * breaks off in the middle (which grammY's own transport waits on for ever).
 */
import { type Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import type { Socket } from "node:net"
import type { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

/** There was no connection (refused, no such host, no route, bad certificate, timeout while connecting). */
export class NeverSentError extends Error {
  readonly detail: string
  constructor(detail: string) {
    super(`never sent: ${detail}`)
    this.detail = detail
  }
}

export interface HttpRequest {
  readonly agent: Agent
  readonly method: "GET" | "POST"
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string | Readable
}

/** What grammY's and the platform's abort signals have in common. */
export interface Abort {
  readonly aborted: boolean
  addEventListener(type: "abort", listener: () => void): void
  removeEventListener(type: "abort", listener: () => void): void
}

/**
 * Resolves with the answer's head; reading its body fails when it breaks off.
 * @throws NeverSentError; else Node's errors, after which nobody knows whether the request was served.
 */
export async function exchange(url: string, spec: HttpRequest, abort: Abort): Promise<IncomingMessage> {
  if (abort.aborted) throw new NeverSentError("aborted")
  const open = url.startsWith("https:") ? requestHttps : requestHttp
  const request = open(url, { agent: spec.agent, method: spec.method, headers: spec.headers })
  const isConnected = watchConnection(request)
  const end = () => request.destroy(new Error("aborted"))
  abort.addEventListener("abort", end)
  const answer = Promise.withResolvers<IncomingMessage>()
  request.once("error", answer.reject).once("response", answer.resolve)
  request.once("close", () => abort.removeEventListener("abort", end))
  try {
    const sent = write(request, spec.body)
    // An answer may come before the body is written to the end: a refusal of an upload, for instance.
    return await Promise.race([answer.promise, sent.then(() => answer.promise)])
  } catch (error) {
    if (isConnected()) throw error
    throw new NeverSentError(detailOf(error))
  }
}

async function write(request: ClientRequest, body: string | Readable | undefined): Promise<void> {
  if (body === undefined || typeof body === "string") request.end(body)
  else await pipeline(body, request)
}

function watchConnection(request: ClientRequest): () => boolean {
  let isConnected = false
  request.once("socket", (socket: Socket) => {
    const event = "encrypted" in socket ? "secureConnect" : "connect"
    if (request.reusedSocket || !socket.connecting) isConnected = true
    else socket.once(event, () => (isConnected = true))
  })
  return () => isConnected
}

function detailOf(error: unknown): string {
  if (error instanceof Error && "code" in error && typeof error.code === "string") return error.code
  return error instanceof Error ? error.message : "unknown"
}
