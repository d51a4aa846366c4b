/** One GET of a file, on the client's own connections. */
import { type Agent as HttpAgent, type IncomingMessage, request as requestHttp } from "node:http"
import { request as requestHttps } from "node:https"
import type { FileBody } from "./api.ts"
import { StatusError } from "./call-error.ts"

export interface FileRequest {
  readonly agent: HttpAgent
  /** First byte wanted; a server that ignores this sends everything. */
  readonly from: number
  readonly signal: AbortSignal
}

/** @throws StatusError when the answer is no file; network errors as Node names them. */
export async function requestFile(url: string, { agent, from, signal }: FileRequest): Promise<FileBody> {
  const request = url.startsWith("https:") ? requestHttps : requestHttp
  const headers = from > 0 ? { range: `bytes=${from}-` } : {}
  const response = await new Promise<IncomingMessage>((resolve, reject) => {
    request(url, { agent, signal, headers }, resolve).once("error", reject).end()
  })
  const status = response.statusCode ?? 0
  if (status === 200) return { from: 0, body: response }
  if (status === 206) return { from, body: response }
  response.destroy()
  throw new StatusError(status)
}
