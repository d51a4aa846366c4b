import type { IncomingMessage, ServerResponse } from "node:http"
import { ApiError, badRequest, tooManyRequests } from "./api-error.ts"
import type { FakeBot } from "./bot.ts"
import type { CallRecord } from "./call-log.ts"
import type { Fault } from "./faults.ts"
import { BodyTooLarge, MalformedBody, type RawCall, readCall } from "./http-request.ts"
import { type Cost, costOf } from "./limits.ts"
import { type Call, type Method, unimplemented } from "./methods/method.ts"
import { methodTable } from "./methods/table.ts"
import type { MethodName } from "./schema.ts"
import type { World } from "./world.ts"

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

type Answer =
  | {
      readonly kind: "answer"
      readonly status: number
      readonly body: object
      readonly retryAfterSeconds?: number
    }
  | { readonly kind: "half"; readonly body: object }
  | { readonly kind: "cut" }

/** Takes one HTTP request to the end: token, arguments, faults, limits, effect, answer. */
export class Dispatcher {
  readonly #world: World
  readonly #methods: ReadonlyMap<MethodName, Method> = methodTable()

  constructor(world: World) {
    this.#world = world
  }

  async handle(exchange: Exchange): Promise<void> {
    const url = new URL(exchange.request.url ?? "/", "http://telegram")
    const file = /^\/file\/bot([^/]+)\/(.+)$/.exec(url.pathname)
    if (file) return this.#download(exchange, file[1] ?? "", decodeURIComponent(file[2] ?? ""))
    const call = /^\/bot([^/]+)\/([A-Za-z]+)\/?$/.exec(url.pathname)
    if (!call) return send(exchange.response, failure(notFound()))
    const bot = this.#world.bots.get(decodeURIComponent(call[1] ?? ""))
    await this.#call(exchange, { url, bot, name: call[2] ?? "" })
  }

  async #call(
    exchange: Exchange,
    target: { url: URL; bot: FakeBot | undefined; name: string },
  ): Promise<void> {
    const { url, bot, name } = target
    const gone = new AbortController()
    exchange.response.once("close", () => gone.abort())
    const at = this.#world.clock.now()
    let record: CallRecord | undefined
    let answer: Answer
    try {
      const raw = await readCall(exchange.request, url)
      const method = this.#world.schema.find(name)
      const args = method ? this.#world.schema.arguments(method, raw) : { ...raw.typed, ...raw.texts }
      record = this.#world.log.begin({
        botId: bot?.id ?? 0,
        method: method ?? name,
        args,
        uploads: uploadsOf(raw),
        at,
      })
      if (!bot || bot.isRevoked)
        throw new ApiError({ code: 401, reason: "unauthorized", description: "Unauthorized" })
      if (!method) throw notFound()
      answer = await this.#decide({ gone: gone.signal, bot, method, args, raw, record })
    } catch (error) {
      const apiError = asApiError(error)
      record ??= this.#world.log.begin({ botId: bot?.id ?? 0, method: name, args: {}, uploads: [], at })
      record.rejection = { code: apiError.code, reason: apiError.reason, description: apiError.message }
      answer = failure(apiError)
    }
    const status = answer.kind === "answer" ? { status: answer.status } : {}
    this.#world.log.end(record, { ...status, endedAt: this.#world.clock.now() })
    send(exchange.response, answer)
  }

  async #decide(work: {
    gone: AbortSignal
    bot: FakeBot
    method: MethodName
    args: Record<string, unknown>
    raw: RawCall
    record: CallRecord
  }): Promise<Answer> {
    const { bot, method, args, raw, record, gone } = work
    const world = this.#world
    const complaint = world.schema.complaint(method, args)
    if (complaint)
      throw new ApiError({ code: 400, reason: "schema", description: `Bad Request: ${complaint}` })
    if (!isWellFormed(args)) throw badRequest("strings must be encoded in UTF-8")
    const cost = costOf(method, args)
    const fault = world.faults.take({ method, botId: bot.id, args })
    if (fault) record.injected = fault.spec.kind
    const early = await this.#before(fault, bot, cost)
    if (early) return early
    this.#meter(bot, cost, record)
    const implementation = this.#methods.get(method)
    if (!implementation) throw unimplemented(`the method ${method}`)
    const call: Call = { world, bot, uploads: raw.uploads, gone }
    const result = await implementation.prepare(world.schema, args)(call)
    record.result = result
    return this.#after(fault, { ok: true, result })
  }

  /** What a fault does instead of the call. */
  async #before(fault: Fault | undefined, bot: FakeBot, cost: Cost): Promise<Answer | undefined> {
    if (!fault) return undefined
    const { spec } = fault
    if (spec.kind === "drop_before_apply") return { kind: "cut" }
    if (spec.kind === "delay" && spec.phase !== "after_apply") await fault.elapse()
    if (spec.kind !== "status") return undefined
    const seconds = spec.retryAfterSeconds
    if (spec.code === 429 && seconds !== undefined)
      bot.meter.openPenalty(cost, seconds, this.#world.clock.now())
    const words =
      seconds === undefined ? `Injected ${spec.code}` : `Too Many Requests: retry after ${seconds}`
    return failure(
      new ApiError({
        code: spec.code,
        reason: "internal",
        description: spec.description ?? words,
        ...(seconds === undefined ? {} : { retryAfterSeconds: seconds }),
      }),
    )
  }

  #meter(bot: FakeBot, cost: Cost, record: CallRecord): void {
    const verdict = bot.meter.take(cost, this.#world.clock.now())
    if (verdict.kind === "accepted") return
    // Whatever a fault did to this call, running into a limit is the bot's own doing.
    delete record.injected
    throw tooManyRequests(verdict.retryAfterSeconds, verdict.kind)
  }

  /** What a fault does to the answer of a call that took effect. */
  async #after(fault: Fault | undefined, body: object): Promise<Answer> {
    if (fault?.spec.kind === "delay" && fault.spec.phase === "after_apply") await fault.elapse()
    if (fault?.spec.kind === "drop_after_apply") return { kind: "cut" }
    if (fault?.spec.kind === "half_body") return { kind: "half", body }
    return { kind: "answer", status: 200, body }
  }

  #download({ request, response }: Exchange, token: string, path: string): void {
    const bot = this.#world.bots.get(token)
    const file = bot && !bot.isRevoked ? this.#world.files.findByPath(bot.id, path) : undefined
    if (!file) {
      send(response, failure(notFound()))
      return
    }
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0)
    if (from >= file.data.length && from > 0) {
      response.writeHead(416).end()
      return
    }
    const part = file.data.subarray(from)
    response.writeHead(from === 0 ? 200 : 206, {
      "content-type": "application/octet-stream",
      "content-length": part.length,
      ...(from === 0 ? {} : { "content-range": `bytes ${from}-${file.data.length - 1}/${file.data.length}` }),
    })
    response.end(part)
  }
}

/** Telegram refuses a call with half a character in it, wherever that stands. */
function isWellFormed(value: unknown): boolean {
  if (typeof value === "string") return value.isWellFormed()
  if (typeof value !== "object" || value === null) return true
  return Object.values(value).every(isWellFormed)
}

function uploadsOf(raw: RawCall): CallRecord["uploads"] {
  return [...raw.uploads].map(([field, { fileName, data }]) => ({ field, fileName, bytes: data.length }))
}

function notFound(): ApiError {
  return new ApiError({ code: 404, reason: "not_found", description: "Not Found" })
}

function asApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error
  if (error instanceof BodyTooLarge) {
    return new ApiError({ code: 413, reason: "too_large", description: "Request Entity Too Large" })
  }
  if (error instanceof MalformedBody) {
    return new ApiError({ code: 400, reason: "bad_request", description: `Bad Request: ${error.message}` })
  }
  // A fault of this server, not of the bot: the stack in the description makes the test say so.
  const detail = error instanceof Error ? error.stack : String(error)
  return new ApiError({
    code: 500,
    reason: "internal",
    description: `Internal Server Error: emulator: ${detail}`,
  })
}

function failure(error: ApiError): Answer {
  const { code, message, retryAfterSeconds, migrateToChatId } = error
  const parameters = {
    ...(retryAfterSeconds === undefined ? {} : { retry_after: retryAfterSeconds }),
    ...(migrateToChatId === undefined ? {} : { migrate_to_chat_id: migrateToChatId }),
  }
  const more = Object.keys(parameters).length > 0 ? { parameters } : {}
  const body = { ok: false, error_code: code, description: message, ...more }
  return {
    kind: "answer",
    status: code,
    body,
    ...(retryAfterSeconds === undefined ? {} : { retryAfterSeconds }),
  }
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer.kind === "cut") {
    response.socket?.resetAndDestroy()
    return
  }
  const body = Buffer.from(JSON.stringify(answer.body))
  const headers = { "content-type": "application/json", "content-length": body.length }
  if (answer.kind === "half") {
    response.writeHead(200, headers)
    response.write(body.subarray(0, Math.ceil(body.length / 2)), () => response.destroy())
    return
  }
  const { retryAfterSeconds } = answer
  response.writeHead(answer.status, {
    ...headers,
    ...(retryAfterSeconds === undefined ? {} : { "retry-after": String(retryAfterSeconds) }),
  })
  response.end(body)
}
