/**
 * The typed Bot API client of one bot. The token lives in this file's closures alone: what is thrown, printed or
 * inspected never carries it.
 */
import { Agent as HttpAgent } from "node:http"
import { Agent as HttpsAgent } from "node:https"
import { isAbsolute, normalize, sep } from "node:path"
import { Readable } from "node:stream"
import { json as readJson } from "node:stream/consumers"
import type { ReadableStream } from "node:stream/web"
import type { ApiMethods, Opts } from "grammy/types"
import { Api, type ApiClientOptions, type RawApi } from "grammy/web"
import type { Instant } from "../../protocol/ids.ts"
import { CallError, classify } from "./call-error.ts"
import { type FileBody, requestFile } from "./file-request.ts"
import { type Abort, exchange } from "./http.ts"

export type Method = keyof ApiMethods
export type Args<M extends Method> = Opts<M>
export type Result<M extends Method> = ReturnType<ApiMethods[M]>

export interface CallOptions {
  /** Milliseconds until the call is given up; 20 s unless told. */
  readonly timeoutMs?: number
  readonly signal?: AbortSignal
}

export interface BotApi {
  /** Telegram's id of the bot. */
  readonly bot: number
  /** A Bot API server of the owner's: larger files, and paths on this machine. */
  readonly isLocal: boolean
  /** @throws CallError, always; `failure` says what is known about the call's effect. */
  call<M extends Method>(method: M, args: Args<M>, options?: CallOptions): Promise<Result<M>>
  /**
   * The content of a file that `getFile` named, from byte `from` on.
   * @throws CallError
   */
  fetchFile(filePath: string, options: { from: number; signal: AbortSignal }): Promise<FileBody>
  /**
   * The path on this machine that a local Bot API server named, null for one to be fetched. Contains the token.
   * @throws CallError when it is not in the directory that the server keeps for this bot.
   */
  localPath(filePath: string): string | null
  /** What Telegram's clock said in its last answer; null before the first. */
  time(): Instant | null
  /** Ends the connections; a running call fails. */
  close(): void
}

export interface BotApiConfig {
  readonly bot: number
  readonly token: string
  /** Without a slash at the end. */
  readonly apiRoot: string
}

const CALL_TIMEOUT_MS = 20_000
/** Longer than any call of ours: grammY's own timer shall never be the one that ends a call. */
const NEVER_SECONDS = 24 * 60 * 60
/** Unused connections go before the far side closes them, or the next call would meet a reset. */
const IDLE_CONNECTION_MS = 25_000

export function createBotApi({ bot, token, apiRoot }: BotApiConfig): BotApi {
  const isLocal = new URL(apiRoot).hostname !== "api.telegram.org"
  const options = { keepAlive: true, timeout: IDLE_CONNECTION_MS }
  const agent = apiRoot.startsWith("https:") ? new HttpsAgent(options) : new HttpAgent(options)
  let lastAnswerAt: Instant | null = null
  const client: ApiClientOptions = {
    apiRoot,
    timeoutSeconds: NEVER_SECONDS,
    fetch: transport(agent, (date) => (lastAnswerAt = date)),
  }
  const raw = new Api(token, client).raw
  const closing = new AbortController()

  async function call<M extends Method>(
    method: M,
    args: Args<M>,
    given: CallOptions = {},
  ): Promise<Result<M>> {
    const timeout = AbortSignal.timeout(given.timeoutMs ?? CALL_TIMEOUT_MS)
    const signal = AbortSignal.any([closing.signal, timeout, ...(given.signal ? [given.signal] : [])])
    try {
      return await invoke(raw, method, wellFormed(args), signal)
    } catch (error) {
      throw new CallError(method, classify(error, { timedOut: timeout.aborted }), token)
    }
  }

  return {
    bot,
    isLocal,
    call,
    async fetchFile(filePath, { from, signal }) {
      const url = `${apiRoot}/file/bot${token}/${filePath.split("/").map(encodeURIComponent).join("/")}`
      try {
        return await requestFile(url, { agent, from, signal: AbortSignal.any([closing.signal, signal]) })
      } catch (error) {
        throw new CallError("getFile", classify(error, { timedOut: false }), token)
      }
    },
    localPath(filePath) {
      if (!isLocal || !isAbsolute(filePath)) return null
      // The server keeps each bot's files in a directory named by its token; nothing else is handed over.
      if (
        normalize(filePath)
          .split(sep)
          .includes(token.replace(":", sep === "\\" ? "~" : ":"))
      )
        return filePath
      const description = "the server named a path outside the bot's directory"
      throw new CallError("getFile", { kind: "rejected", description }, token)
    },
    time: () => lastAnswerAt,
    close() {
      closing.abort()
      agent.destroy()
    },
  }
}

/**
 * Half a surrogate pair anywhere makes Telegram refuse the whole call. Its replacement is as long, so that offsets stay.
 */
function wellFormed<T>(value: T): T {
  if (typeof value === "string") return value.toWellFormed() as T
  if (Array.isArray(value)) return value.map(wellFormed) as T
  if (typeof value !== "object" || value === null || Object.getPrototypeOf(value) !== Object.prototype)
    return value
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, wellFormed(entry)])) as T
}

type Fetch = NonNullable<ApiClientOptions["fetch"]>

/** What grammY gives to `fetch` and takes from it. */
interface GrammyRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | ReadableStream
  readonly signal: Abort
}

function transport(agent: HttpAgent, onAnswer: (date: Instant) => void): Fetch {
  const fetch = async (url: string, { headers, body, signal }: GrammyRequest) => {
    const response = await exchange(url, { agent, method: "POST", ...sized(headers, body) }, signal)
    const date = Date.parse(response.headers.date ?? "")
    if (!Number.isNaN(date)) onAnswer(date)
    return { json: () => readJson(response) }
  }
  return fetch as Fetch
}

/** A text goes as one piece; a stream has no length yet. */
function sized(headers: GrammyRequest["headers"], body: string | ReadableStream) {
  return typeof body === "string"
    ? { headers: { ...headers, "content-length": String(Buffer.byteLength(body)) }, body }
    : { headers, body: Readable.fromWeb(body) }
}

/** grammY calls these without arguments. */
const WITHOUT_ARGUMENTS: ReadonlySet<Method> = new Set(["getMe", "getWebhookInfo", "logOut", "close"])

type Invoke<M extends Method> = (args: Args<M>, signal: AbortSignal) => Promise<Result<M>>
type InvokePlain<M extends Method> = (signal: AbortSignal) => Promise<Result<M>>

function invoke<M extends Method>(
  raw: RawApi,
  method: M,
  args: Args<M>,
  signal: AbortSignal,
): Promise<Result<M>> {
  if (WITHOUT_ARGUMENTS.has(method)) return (raw[method] as InvokePlain<M>)(signal)
  return (raw[method] as Invoke<M>)(args, signal)
}
