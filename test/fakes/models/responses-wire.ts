/** Writes one scripted answer as the server-sent events of OpenAI's Responses API. */
import type { ServerResponse } from "node:http"
import { setTimeout as pause } from "node:timers/promises"
import type { ModelOutput, Step } from "./responses-steps.ts"

type StreamStep = Extract<Step, { kind: "stream" }>

export interface Writing {
  readonly model: string
  readonly newId: (prefix: string) => string
  /** Resolves when the test lets a gated step go on. */
  readonly released: Promise<void>
}

export async function writeStream(
  response: ServerResponse,
  step: StreamStep,
  writing: Writing,
): Promise<void> {
  const id = writing.newId("resp")
  response.writeHead(200, {
    "content-type": "text/event-stream",
    "cache-control": "no-cache",
    ...step.headers,
  })
  const sender = new EventWriter(response)
  sender.send("response.created", {
    response: { id, status: "in_progress", model: writing.model, output: [] },
  })
  const done: object[] = []
  for (const output of step.output) {
    const item = await writeOutput({ sender, step, writing, output, index: done.length })
    if (item === null) return
    done.push(item)
  }
  endStream(response, sender, { step, id, model: writing.model, output: done })
}

class EventWriter {
  readonly #response: ServerResponse
  constructor(response: ServerResponse) {
    this.#response = response
  }
  get isGone(): boolean {
    return this.#response.destroyed
  }
  send(type: string, data: object): void {
    this.#response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`)
  }
}

interface OutputWriting {
  readonly sender: EventWriter
  readonly step: StreamStep
  readonly writing: Writing
  readonly output: ModelOutput
  readonly index: number
}

/** The finished item, or null when the stream is not to go on. */
async function writeOutput(it: OutputWriting): Promise<object | null> {
  switch (it.output.kind) {
    case "reasoning":
      return writeReasoning(it, it.output.text)
    case "message":
      return writeMessage(it, it.output.text)
    case "tool": {
      const { name, namespace, input } = it.output
      const call = { name, arguments: JSON.stringify(input), ...(namespace ? { namespace } : {}) }
      return writeWhole(it, { type: "function_call", id: it.writing.newId("fc"), ...call })
    }
    case "freeform": {
      const call = { name: it.output.name, input: it.output.input }
      return writeWhole(it, { type: "custom_tool_call", id: it.writing.newId("ctc"), ...call })
    }
  }
}

function writeReasoning({ sender, writing, index }: OutputWriting, text: string): object {
  const id = writing.newId("rs")
  const at = { item_id: id, output_index: index, summary_index: 0 }
  const item = { type: "reasoning", id, summary: [{ type: "summary_text", text }], encrypted_content: null }
  sender.send("response.output_item.added", { output_index: index, item: { ...item, summary: [] } })
  sender.send("response.reasoning_summary_part.added", { ...at, part: { type: "summary_text", text: "" } })
  sender.send("response.reasoning_summary_text.delta", { ...at, delta: text })
  sender.send("response.output_item.done", { output_index: index, item })
  return item
}

async function writeMessage(
  { sender, step, writing, index }: OutputWriting,
  text: string,
): Promise<object | null> {
  const id = writing.newId("msg")
  const base = { type: "message", id, role: "assistant" }
  const at = { item_id: id, output_index: index, content_index: 0 }
  sender.send("response.output_item.added", {
    output_index: index,
    item: { ...base, status: "in_progress", content: [] },
  })
  const deltas = text.match(/\S+\s*/gu) ?? [text]
  for (const [n, delta] of deltas.entries()) {
    if (sender.isGone) return null
    if (n > 0 && n === deltas.length - 1 && step.end.kind !== "completed") return item()
    sender.send("response.output_text.delta", { ...at, delta })
    if (n === 0 && step.gated) await writing.released
    if (step.deltaMs > 0) await pause(step.deltaMs)
  }
  sender.send("response.output_item.done", { output_index: index, item: item() })
  return item()

  function item(): object {
    return { ...base, status: "completed", content: [{ type: "output_text", text, annotations: [] }] }
  }
}

function writeWhole({ sender, writing, index }: OutputWriting, call: object): object {
  const item = { ...call, call_id: writing.newId("call"), status: "completed" }
  sender.send("response.output_item.added", { output_index: index, item: { ...item, status: "in_progress" } })
  sender.send("response.output_item.done", { output_index: index, item })
  return item
}

interface Ending {
  readonly step: StreamStep
  readonly id: string
  readonly model: string
  readonly output: readonly object[]
}

function endStream(response: ServerResponse, sender: EventWriter, { step, id, model, output }: Ending): void {
  const { end, usage } = step
  switch (end.kind) {
    case "completed": {
      const tokens = {
        input_tokens: usage.input,
        input_tokens_details: { cached_tokens: usage.cached },
        output_tokens: usage.output,
        output_tokens_details: { reasoning_tokens: 0 },
        total_tokens: usage.input + usage.output,
      }
      sender.send("response.completed", {
        response: { id, status: "completed", model, output, usage: tokens },
      })
      response.end()
      return
    }
    case "failed": {
      const error = { code: end.code, message: end.message }
      sender.send("response.failed", { response: { id, status: "failed", error } })
      response.end()
      return
    }
    case "incomplete": {
      const incomplete_details = { reason: end.reason }
      sender.send("response.incomplete", { response: { id, status: "incomplete", incomplete_details } })
      response.end()
      return
    }
    case "cut":
      // After what was written has left, so that the client has seen the part before the cut.
      response.write("\n", () => response.destroy())
      return
    case "eof":
      response.end()
      return
    case "stall":
      return
  }
}
