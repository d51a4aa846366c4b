/** The Anthropic Messages answers on the wire: server-sent events, and the plain JSON that a broken stream falls back to. */
import type { ServerResponse } from "node:http"
import type { Behaviour, Block, Step, Usage } from "./messages-script.ts"

type Answer = Extract<Behaviour, { kind: "answer" }>

const DEFAULT_USAGE: Usage = {
  input_tokens: 1200,
  cache_creation_input_tokens: 100,
  cache_read_input_tokens: 1000,
  output_tokens: 42,
}

/** Ids that a model server gives out; they must be unique within one transcript. */
export type NextId = (prefix: string) => string

export interface AnswerContext {
  readonly model: string
  readonly nextId: NextId
  readonly step: Step
  readonly response: ServerResponse
}

/** Streams the answer; returns early when the script breaks it off. */
export async function streamAnswer(answer: Answer, context: AnswerContext): Promise<void> {
  const { response, nextId, step } = context
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    ...answer.headers,
  })
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`)
  send("message_start", {
    message: {
      id: nextId("msg"),
      type: "message",
      role: "assistant",
      model: context.model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...DEFAULT_USAGE, ...answer.usage, output_tokens: 1 },
    },
  })
  let first = true
  for (const [index, block] of answer.blocks.entries()) {
    send("content_block_start", { index, content_block: emptyBlock(block, nextId) })
    for (const delta of deltasOf(block)) {
      if (response.destroyed) return
      send("content_block_delta", { index, delta })
      if (!first || block.type === "thinking") continue
      first = false
      step.noteReached()
      if (answer.gated) await step.released
      if (answer.breakAfterFirstWord !== undefined) return breakOff(answer.breakAfterFirstWord, context, send)
    }
    send("content_block_stop", { index })
  }
  step.noteReached()
  send("message_delta", {
    delta: { stop_reason: stopReasonOf(answer), stop_sequence: null },
    usage: { output_tokens: answer.usage.output_tokens ?? DEFAULT_USAGE.output_tokens },
  })
  send("message_stop", {})
  response.end()
}

/** The same answer without streaming, as a client asks for after a broken stream. */
export async function plainAnswer(answer: Answer, context: AnswerContext): Promise<void> {
  if (answer.gated) await context.step.released
  context.step.noteReached()
  const content = answer.blocks.map((block) =>
    block.type === "tool_use" ? { ...block, id: context.nextId("toolu") } : block,
  )
  const body = {
    id: context.nextId("msg"),
    type: "message",
    role: "assistant",
    model: context.model,
    content,
    stop_reason: stopReasonOf(answer),
    stop_sequence: null,
    usage: { ...DEFAULT_USAGE, ...answer.usage },
  }
  context.response.writeHead(200, { "content-type": "application/json", ...answer.headers })
  context.response.end(JSON.stringify(body))
}

function stopReasonOf(answer: Answer): string {
  if (answer.stopReason !== undefined) return answer.stopReason
  return answer.blocks.some((block) => block.type === "tool_use") ? "tool_use" : "end_turn"
}

function emptyBlock(block: Block, nextId: NextId): object {
  switch (block.type) {
    case "text":
      return { type: "text", text: "" }
    case "thinking":
      return { type: "thinking", thinking: "", signature: "" }
    case "tool_use":
      return { type: "tool_use", id: nextId("toolu"), name: block.name, input: {} }
  }
}

function deltasOf(block: Block): readonly object[] {
  switch (block.type) {
    case "text":
      return (block.text.match(/\S+\s*|\s+/g) ?? []).map((text) => ({ type: "text_delta", text }))
    case "thinking":
      return [
        { type: "thinking_delta", thinking: block.thinking },
        { type: "signature_delta", signature: "scripted" },
      ]
    case "tool_use":
      return (JSON.stringify(block.input).match(/[\s\S]{1,40}/g) ?? []).map((part) => ({
        type: "input_json_delta",
        partial_json: part,
      }))
  }
}

function breakOff(
  how: NonNullable<Answer["breakAfterFirstWord"]>,
  context: AnswerContext,
  send: SendEvent,
): void {
  switch (how) {
    case "cut":
      context.response.destroy()
      return
    case "early_end":
      context.response.end()
      return
    case "error_event":
      send("error", { error: { type: "overloaded_error", message: "Overloaded" } })
      context.response.end()
      return
    case "stall":
      return
  }
}

type SendEvent = (type: string, data: object) => boolean
