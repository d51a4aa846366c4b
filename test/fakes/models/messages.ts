/** A scripted Anthropic Messages API on loopback: the model behind the real `claude` in tests. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import { gunzipSync } from "node:zlib"
import { z } from "zod"
import { Script, type Step } from "./messages-script.ts"
import { type NextId, plainAnswer, streamAnswer } from "./messages-wire.ts"

const ContentBlock = z.looseObject({ type: z.string(), text: z.string().optional() })
const Message = z.looseObject({
  role: z.string(),
  content: z.union([z.string(), z.array(ContentBlock)]),
})
const Body = z.looseObject({
  model: z.string(),
  stream: z.boolean().optional(),
  messages: z.array(Message),
  tools: z.array(z.looseObject({ name: z.string().optional() })).optional(),
  metadata: z.looseObject({ user_id: z.string().optional() }).optional(),
})
export type MessagesBody = z.infer<typeof Body>

export interface ModelRequest {
  readonly body: MessagesBody
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
}

export interface MessagesModel {
  /** For `ANTHROPIC_BASE_URL`. */
  readonly baseUrl: string
  readonly script: Script
  /** Requests of the agent's main loop, oldest first. */
  readonly requests: readonly ModelRequest[]
  /** Requests without tools: titles and other side calls; always answered. */
  readonly sideRequests: readonly ModelRequest[]
  /** How many user turns, over all conversations, contain this text. A repeated request for one turn counts once. */
  promptsContaining(text: string): number
  close(): Promise<void>
}

export async function startMessagesModel(): Promise<MessagesModel> {
  const script = new Script()
  const requests: ModelRequest[] = []
  const sideRequests: ModelRequest[] = []
  let issued = 0
  const nextId: NextId = (prefix) => `${prefix}_${String(++issued).padStart(8, "0")}`

  const onMessages = async (incoming: IncomingMessage, response: ServerResponse) => {
    const body = Body.parse(JSON.parse(await readBody(incoming)))
    const request = { body, headers: incoming.headers }
    const isMain = (body.tools ?? []).length > 0
    const recorded = isMain ? requests : sideRequests
    recorded.push(request)
    const texts = { newest: newestUserText(body), prompt: promptText(body) }
    const step = (isMain ? script.take(texts) : undefined) ?? new Script().reply("unscripted")
    response.on("close", () => {
      if (!response.writableEnded) step.noteAbandoned()
    })
    await perform(step, { body, nextId, response })
  }

  const server = createServer((incoming, response) => {
    const path = (incoming.url ?? "").split("?")[0] ?? ""
    if (incoming.method === "POST" && path.endsWith("/v1/messages")) {
      onMessages(incoming, response).catch((error: unknown) =>
        response.destroy(error instanceof Error ? error : undefined),
      )
      return
    }
    answerOther(incoming, response, path)
  })
  const port = await listen(server)
  return {
    baseUrl: `http://127.0.0.1:${port}`,
    script,
    requests,
    sideRequests,
    promptsContaining: (text) => countPrompts(requests, text),
    close: () => closeServer(server),
  }
}

interface Exchange {
  readonly body: MessagesBody
  readonly nextId: NextId
  readonly response: ServerResponse
}

async function perform(step: Step, exchange: Exchange): Promise<void> {
  const { body, nextId, response } = exchange
  const behaviour = step.behaviour
  switch (behaviour.kind) {
    case "answer": {
      const context = { model: body.model, nextId, step, response }
      return body.stream === true ? streamAnswer(behaviour, context) : plainAnswer(behaviour, context)
    }
    case "status":
      step.noteReached()
      response.writeHead(behaviour.status, { "content-type": "application/json", ...behaviour.headers })
      response.end(JSON.stringify(behaviour.body))
      return
    case "empty":
      step.noteReached()
      response.writeHead(200, { "content-type": "text/event-stream" })
      response.end()
      return
    case "reset":
      step.noteReached()
      response.socket?.resetAndDestroy()
      return
    case "hold":
      step.noteReached()
      return
  }
}

function answerOther(incoming: IncomingMessage, response: ServerResponse, path: string): void {
  incoming.resume()
  if (incoming.method === "HEAD") {
    response.writeHead(200).end()
    return
  }
  const known = path.endsWith("/count_tokens")
  response.writeHead(known ? 200 : 404, { "content-type": "application/json" })
  const missing = { type: "error", error: { type: "not_found_error", message: `no route ${path}` } }
  response.end(JSON.stringify(known ? { input_tokens: 1234 } : missing))
}

/** The text blocks of everything the user side said since the model's last answer, tool results left out. */
function newestUserText(body: MessagesBody): string {
  const lastAnswer = body.messages.findLastIndex((message) => message.role === "assistant")
  return body.messages
    .slice(lastAnswer + 1)
    .map(textOf)
    .join("\n")
}

/** The text of the newest user message that is not the result of a tool. */
function promptText(body: MessagesBody): string {
  const isResult = ({ content }: MessagesBody["messages"][number]) =>
    typeof content !== "string" && content.some((block) => block.type === "tool_result")
  const prompt = body.messages.findLast((message) => message.role === "user" && !isResult(message))
  return prompt === undefined ? "" : textOf(prompt)
}

/** All text the user side said in this request, each message on its own. */
export function userTexts(body: MessagesBody): readonly string[] {
  return body.messages.filter((message) => message.role !== "assistant").flatMap(textBlocksOf)
}

function textOf(message: MessagesBody["messages"][number]): string {
  return textBlocksOf(message).join("\n")
}

function textBlocksOf(message: MessagesBody["messages"][number]): readonly string[] {
  if (typeof message.content === "string") return [message.content]
  return message.content.flatMap((block) =>
    block.type === "text" && block.text !== undefined ? [block.text] : [],
  )
}

/**
 * A conversation repeats its history in every request, so within one (told apart by the client's session id) the
 * request that shows the text most often says how many turns had it.
 */
function countPrompts(requests: readonly ModelRequest[], text: string): number {
  const perConversation = new Map<string, number>()
  for (const { body } of requests) {
    const conversation = body.metadata?.user_id ?? ""
    const count = userTexts(body).filter((block) => block.includes(text)).length
    perConversation.set(conversation, Math.max(count, perConversation.get(conversation) ?? 0))
  }
  return [...perConversation.values()].reduce((sum, count) => sum + count, 0)
}

async function readBody(incoming: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk))
  const raw = Buffer.concat(chunks)
  return (incoming.headers["content-encoding"] === "gzip" ? gunzipSync(raw) : raw).toString("utf8")
}

function listen(server: Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once("error", reject)
    server.listen(0, "127.0.0.1", () => {
      const address = server.address()
      if (isPort(address)) resolve(address.port)
      else reject(new Error("no port"))
    })
  })
}

function isPort(address: string | AddressInfo | null): address is AddressInfo {
  return typeof address === "object" && address !== null
}

function closeServer(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve, reject) => server.close((error) => (error ? reject(error) : resolve())))
}
