/**
 * A scripted model behind OpenAI's Responses API (`POST /v1/responses`, server-sent events), on loopback.
 * Every request takes the next step of the script; a request nobody scripted is answered with 400 and remembered.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { promisify } from "node:util"
import { gunzip, zstdDecompress } from "node:zlib"
import {
  type InputItem,
  type ModelRequest,
  ModelRequestBody,
  ModelScript,
  type QueuedStep,
} from "./responses-script.ts"
import { writeStream } from "./responses-wire.ts"

export interface ResponsesServer {
  /** `http://127.0.0.1:<port>/v1` */
  readonly baseUrl: string
  /** Steps for any request. */
  readonly script: ModelScript
  /** Steps for requests whose last prompt contains `marker`; they come before those for any request. */
  scriptFor(marker: string): ModelScript
  readonly requests: readonly ModelRequest[]
  /** How many requests since the last call found no step in the script. */
  forgetUnscripted(): number
  /**
   * How many user turns of all conversations contain `text`: a prompt that was handed over twice counts twice, however
   * often the history was sent.
   */
  promptsContaining(text: string): number
  close(): Promise<void>
}

export async function startResponsesServer(): Promise<ResponsesServer> {
  const model = new ScriptedModel()
  const server = createServer((request, response) => {
    model
      .handle(request, response)
      .catch((error: unknown) => response.destroy(error instanceof Error ? error : undefined))
  })
  const port = await listen(server)
  return {
    baseUrl: `http://127.0.0.1:${port}/v1`,
    script: model.script,
    scriptFor: (marker) => model.scriptFor(marker),
    requests: model.requests,
    forgetUnscripted: () => model.unscripted.splice(0).length,
    promptsContaining: (text) => countPrompts(model.requests, text),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

class ScriptedModel {
  readonly script = new ModelScript()
  readonly requests: ModelRequest[] = []
  readonly unscripted: ModelRequest[] = []
  readonly #byMarker = new Map<string, ModelScript>()
  #ids = 0

  scriptFor(marker: string): ModelScript {
    const existing = this.#byMarker.get(marker)
    if (existing) return existing
    const script = new ModelScript()
    this.#byMarker.set(marker, script)
    return script
  }

  async handle(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (incoming.url ?? "").split("?")[0] ?? ""
    if (incoming.method !== "POST" || !path.endsWith("/responses")) {
      // 426 makes a client that tried a WebSocket first fall back to server-sent events.
      response.writeHead(path.endsWith("/responses") ? 426 : 404, { "content-type": "application/json" })
      response.end("{}")
      return
    }
    const body = ModelRequestBody.parse(JSON.parse(await readBody(incoming)))
    const request: ModelRequest = { body, headers: incoming.headers }
    this.requests.push(request)
    await this.#answer(request, response)
  }

  async #answer(request: ModelRequest, response: ServerResponse): Promise<void> {
    const queued = this.#take(request)
    if (queued === null) {
      this.unscripted.push(request)
      respond(response, { status: 400, body: { error: { message: "nothing scripted for this request" } } })
      return
    }
    queued.reached(request)
    response.once("close", () => {
      if (!response.writableFinished) queued.gone()
    })
    await this.#perform(queued, request, response)
  }

  #take(request: ModelRequest): QueuedStep | null {
    const prompt = lastPrompt(request.body.input)
    for (const [marker, script] of this.#byMarker) {
      if (prompt.includes(marker) && !script.isEmpty) return script.take()
    }
    return this.script.take()
  }

  async #perform(queued: QueuedStep, request: ModelRequest, response: ServerResponse): Promise<void> {
    const step = queued.plan(request)
    switch (step.kind) {
      case "stream": {
        const newId = (prefix: string) => `${prefix}_${String(++this.#ids).padStart(6, "0")}`
        return writeStream(response, step, { model: request.body.model, newId, released: queued.released })
      }
      case "http":
        return respond(response, step)
      case "empty":
        response.writeHead(200, { "content-type": "text/event-stream" }).end()
        return
      case "reset":
        response.destroy()
        return
      case "hold":
        await queued.released
        if (!response.destroyed) await this.#answer(request, response)
    }
  }
}

interface PlainAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: Readonly<Record<string, string>>
}

function respond(response: ServerResponse, { status, body, headers = {} }: PlainAnswer): void {
  response.writeHead(status, { "content-type": "application/json", ...headers })
  response.end(typeof body === "string" ? body : JSON.stringify(body))
}

/** The text of an item's `content` or tool `output`, joined. */
export function textOf(content: unknown): string {
  if (typeof content === "string") return content
  if (!Array.isArray(content)) return ""
  return content
    .map((part: unknown) =>
      typeof part === "object" && part !== null && "text" in part && typeof part.text === "string"
        ? part.text
        : "",
    )
    .join("\n")
}

function lastPrompt(input: readonly InputItem[]): string {
  return textOf(input.findLast((item) => item.role === "user")?.content)
}

function countPrompts(requests: readonly ModelRequest[], text: string): number {
  const byConversation = new Map<string, number>()
  for (const { body } of requests) {
    const prompts = body.input.filter((item) => item.role === "user" && textOf(item.content).includes(text))
    const conversation = body.prompt_cache_key ?? ""
    byConversation.set(conversation, Math.max(prompts.length, byConversation.get(conversation) ?? 0))
  }
  return byConversation.values().reduce((sum, count) => sum + count, 0)
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(chunk)
  const raw = Buffer.concat(chunks)
  switch (incoming.headers["content-encoding"]) {
    case "gzip":
      return (await promisify(gunzip)(raw)).toString("utf8")
    case "zstd":
      return (await promisify(zstdDecompress)(raw)).toString("utf8")
    default:
      return raw.toString("utf8")
  }
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      if (address === null || typeof address === "string") return reject(new Error("no port"))
      resolve(address.port)
    })
  })
}
