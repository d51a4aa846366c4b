import type { IncomingMessage } from "node:http"
import busboy from "busboy"

export interface Upload {
  readonly fileName: string
  readonly data: Buffer
}

export interface RawCall {
  /** Values as they came: JSON bodies carry typed values, forms and query strings only text. */
  readonly typed: Readonly<Record<string, unknown>>
  readonly texts: Readonly<Record<string, string>>
  readonly uploads: ReadonlyMap<string, Upload>
}

/** Telegram refuses bodies beyond 50 MB of file; the margin is for the other parts. */
const bodyLimitBytes = 51 * 1024 * 1024

export class BodyTooLarge extends Error {}
export class MalformedBody extends Error {}

/** Reads a Bot API request in any of the encodings Telegram accepts: query string, JSON, URL-encoded, multipart. */
export async function readCall(request: IncomingMessage, url: URL): Promise<RawCall> {
  const query = Object.fromEntries(url.searchParams)
  const contentType = request.headers["content-type"] ?? ""
  if (contentType.startsWith("multipart/form-data")) return readMultipart(request, query)
  const body = await readBody(request)
  if (body.length === 0) return { typed: {}, texts: query, uploads: new Map() }
  if (contentType.startsWith("application/json")) {
    return { typed: parseJsonObject(body.toString("utf8")), texts: query, uploads: new Map() }
  }
  const form = Object.fromEntries(new URLSearchParams(body.toString("utf8")))
  return { typed: {}, texts: { ...query, ...form }, uploads: new Map() }
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of request) {
    size += chunk.length
    if (size > bodyLimitBytes) throw new BodyTooLarge()
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function parseJsonObject(body: string): Record<string, unknown> {
  let parsed: unknown
  try {
    parsed = JSON.parse(body)
  } catch (cause) {
    throw new MalformedBody("can't parse the request: the body is not valid JSON", { cause })
  }
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new MalformedBody("can't parse the request: the body is not a JSON object")
  }
  return Object.fromEntries(Object.entries(parsed).filter(([, value]) => value !== null))
}

function readMultipart(request: IncomingMessage, query: Record<string, string>): Promise<RawCall> {
  const texts: Record<string, string> = { ...query }
  const uploads = new Map<string, Upload>()
  const { promise, resolve, reject } = Promise.withResolvers<RawCall>()
  const parser = busboy({
    headers: request.headers,
    defParamCharset: "utf8",
    limits: { fileSize: bodyLimitBytes },
  })
  parser.on("field", (name, value) => {
    texts[name] = value
  })
  parser.on("file", (name, stream, info) => {
    const chunks: Buffer[] = []
    stream.on("data", (chunk: Buffer) => chunks.push(chunk))
    stream.on("limit", () => reject(new BodyTooLarge()))
    stream.on("end", () =>
      uploads.set(name, { fileName: info.filename ?? name, data: Buffer.concat(chunks) }),
    )
  })
  parser.on("close", () => resolve({ typed: {}, texts, uploads }))
  parser.on("error", (cause) => reject(new MalformedBody("can't parse the multipart body", { cause })))
  request.on("aborted", () => reject(new MalformedBody("the connection closed inside the body")))
  request.pipe(parser)
  return promise
}
