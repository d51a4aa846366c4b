/** One GET of a file, on the client's own connections. */
import type { Agent } from "node:http"
import { StatusError } from "./call-error.ts"
import { exchange } from "./http.ts"

export interface FileBody {
  /** Bytes before the body: those asked to skip, or 0 when the server sent everything. */
  readonly from: number
  readonly body: AsyncIterable<Uint8Array>
}

export interface FileRequest {
  readonly agent: Agent
  /** First byte wanted; a server that ignores this sends everything. */
  readonly from: number
  readonly signal: AbortSignal
}

/** @throws StatusError when the answer is no file; otherwise as `exchange`. */
export async function requestFile(url: string, { agent, from, signal }: FileRequest): Promise<FileBody> {
  const headers = from > 0 ? { range: `bytes=${from}-` } : {}
  const response = await exchange(url, { agent, method: "GET", headers }, signal)
  const status = response.statusCode ?? 0
  if (status === 200) return { from: 0, body: response }
  if (status === 206) return { from, body: response }
  response.destroy()
  throw new StatusError(status)
}
