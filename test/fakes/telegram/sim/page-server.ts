/** Serves the chat page on loopback and does in the fake Telegram what its user does on the page. */
import { readFileSync } from "node:fs"
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import { z } from "zod"
import type { FakeBot } from "../bot.ts"
import type { Conversation } from "../conversation.ts"
import { viewOf } from "./view.ts"

export interface PageSpec {
  readonly owner: Conversation
  readonly bot: FakeBot
  /** Lines of the environment that the page tells a newcomer to start RemoteAgent with. */
  readonly environment: readonly string[]
  /** 0 takes a free one. */
  readonly port: number
}

const action = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("say"),
    text: z.string(),
    topicId: z.number().nullable(),
    repliesTo: z.number().nullable(),
  }),
  z.object({ kind: z.literal("tap"), messageId: z.number(), data: z.string() }),
  z.object({ kind: z.literal("stop"), topicId: z.number().nullable() }),
  z.object({ kind: z.literal("edit"), messageId: z.number(), text: z.string() }),
  z.object({ kind: z.literal("delete"), messageId: z.number() }),
  z.object({ kind: z.literal("topic"), name: z.string() }),
])
type Action = z.infer<typeof action>

/** Faster than anyone reads; a burst of changes becomes one snapshot. */
const frameMs = 50
const tapAnswerMs = 20_000
const page = new URL("page.html", import.meta.url)
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'"

export class ChatPage implements AsyncDisposable {
  readonly #spec: PageSpec
  readonly #http: Server
  readonly #watchers = new Set<ServerResponse>()
  readonly #unsubscribe: (() => void)[] = []
  #scheduled: NodeJS.Timeout | undefined
  #ticker: NodeJS.Timeout | undefined

  constructor(spec: PageSpec) {
    this.#spec = spec
    this.#http = createServer((request, response) => {
      this.#handle(request, response).catch((error: unknown) => fail(response, error))
    })
  }

  get url(): string {
    const address = this.#http.address()
    if (address === null || typeof address === "string") throw new Error("The page is not served")
    return `http://127.0.0.1:${address.port}`
  }

  async open(): Promise<void> {
    const { owner, bot, port } = this.#spec
    const listening = Promise.withResolvers<void>()
    this.#http.once("error", listening.reject)
    this.#http.listen(port, "127.0.0.1", listening.resolve)
    await listening.promise
    const changed = () => this.#schedule()
    this.#unsubscribe.push(
      owner.chat.changed.subscribe(changed),
      bot.updates.changed.subscribe(changed),
      owner.world.log.changed.subscribe(changed),
    )
    // Drafts and "typing" end by themselves, without an event.
    this.#ticker = setInterval(changed, 1000)
  }

  async close(): Promise<void> {
    for (const unsubscribe of this.#unsubscribe) unsubscribe()
    clearInterval(this.#ticker)
    clearTimeout(this.#scheduled)
    const closed = Promise.withResolvers<void>()
    this.#http.close(() => closed.resolve())
    this.#http.closeAllConnections()
    await closed.promise
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url)
    // A page of the open web must not reach this one: neither under another host name nor without our header.
    if (!isLoopback(request.headers.host)) return refuse(response, 403, "Only under a loopback address")
    if (request.method === "POST" && request.headers["x-telegram-sim"] !== "1")
      return refuse(response, 403, "Not the page")
    const route = `${request.method} ${url.pathname}`
    if (route === "GET /") return sendPage(response)
    if (route === "GET /events") return this.#watch(response)
    if (route === "POST /act") return this.#act(await bodyOf(request), response)
    if (route === "POST /upload") return this.#upload(url.searchParams, await bodyOf(request), response)
    if (request.method === "GET" && url.pathname.startsWith("/file/"))
      return this.#file(url.pathname.slice(6), response)
    refuse(response, 404, "Not found")
  }

  #watch(response: ServerResponse): void {
    response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-store" })
    this.#watchers.add(response)
    response.once("close", () => this.#watchers.delete(response))
    response.write(this.#snapshot())
  }

  #schedule(): void {
    this.#scheduled ??= setTimeout(() => {
      this.#scheduled = undefined
      if (this.#watchers.size === 0) return
      const snapshot = this.#snapshot()
      for (const watcher of this.#watchers) watcher.write(snapshot)
    }, frameMs)
  }

  #snapshot(): string {
    return `data: ${JSON.stringify(viewOf(this.#spec))}\n\n`
  }

  async #act(body: Buffer, response: ServerResponse): Promise<void> {
    const parsed = action.safeParse(JSON.parse(body.toString("utf8")))
    if (!parsed.success) return refuse(response, 400, z.prettifyError(parsed.error))
    sendJson(response, await this.#perform(parsed.data))
  }

  async #perform(wanted: Action): Promise<object> {
    const { owner } = this.#spec
    switch (wanted.kind) {
      case "say": {
        const place = placeOf(owner, wanted.topicId)
        const replied = wanted.repliesTo === null ? undefined : owner.chat.messages.get(wanted.repliesTo)
        const message = replied ? await place.replies(replied, wanted.text) : await place.says(wanted.text)
        return { topicId: message.message_thread_id ?? null }
      }
      case "tap": {
        const tap = await owner.taps(messageOf(owner, wanted.messageId), wanted.data)
        const answer = await tap.answer({ timeoutMs: tapAnswerMs })
        return { text: answer.text ?? "", isAlert: answer.showAlert, url: answer.url ?? null }
      }
      case "stop":
        await placeOf(owner, wanted.topicId).stopsDraft()
        return {}
      case "edit":
        await owner.edits(messageOf(owner, wanted.messageId), wanted.text)
        return {}
      case "delete":
        await owner.deletes(messageOf(owner, wanted.messageId))
        return {}
      case "topic":
        return { topicId: (await owner.createsTopic(wanted.name || undefined)).threadId ?? null }
    }
  }

  async #upload(query: URLSearchParams, data: Buffer, response: ServerResponse): Promise<void> {
    const topicId = query.get("topic")
    const place = placeOf(this.#spec.owner, topicId ? Number(topicId) : null)
    const caption = query.get("caption") ?? ""
    const name = query.get("name") ?? "file"
    const isPhoto = query.get("as") === "photo"
    const sent = isPhoto ? place.sendsPhoto(data, { caption }) : place.sendsDocument(name, data, { caption })
    sendJson(response, { topicId: (await sent).message_thread_id ?? null })
  }

  #file(fileId: string, response: ServerResponse): void {
    const file = this.#spec.owner.world.files.download(fileId)
    response.writeHead(200, {
      "content-type": file.path.startsWith("photos/") ? "image/png" : "application/octet-stream",
      "content-disposition": `inline; filename*=UTF-8''${encodeURIComponent(file.name)}`,
      "x-content-type-options": "nosniff",
      "content-security-policy": "default-src 'none'; sandbox",
    })
    response.end(file.data)
  }
}

function placeOf(owner: Conversation, topicId: number | null): Conversation {
  return topicId === null ? owner : owner.inTopic(topicId)
}

function messageOf(owner: Conversation, messageId: number) {
  const message = owner.chat.messages.get(messageId)
  if (!message) throw new Error(`Message ${messageId} is no longer there`)
  return message
}

function isLoopback(host: string | undefined): boolean {
  return /^(127\.0\.0\.1|localhost)(:\d+)?$/.test(host ?? "")
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

function sendPage(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/html; charset=utf-8", "content-security-policy": policy })
  response.end(readFileSync(page))
}

function sendJson(response: ServerResponse, body: object): void {
  response.writeHead(200, { "content-type": "application/json" })
  response.end(JSON.stringify(body))
}

function refuse(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { "content-type": "application/json" })
  response.end(JSON.stringify({ error: text }))
}

function fail(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy()
  else refuse(response, 409, error instanceof Error ? error.message : String(error))
}
