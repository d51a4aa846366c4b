/** One running prompt: what the agent tells becomes items, deltas and at last exactly one outcome. */
import { type AttemptId, ItemId } from "../../protocol/ids.ts"
import type { Item, Notice, Outcome, PlanStep, Usage } from "../../protocol/session.ts"
import type { EventSink } from "../provider.ts"
import { isOver, mergeToolCall, outputText, type ToolCall, toolItem } from "./tool-item.ts"
import type { Content, ToolCallPatch, Update } from "./wire.ts"

/** A stretch of text of one kind; another kind, or a tool call, begins a new one. */
interface Segment {
  readonly id: ItemId
  readonly kind: "message" | "reasoning"
  readonly messageId: string | null
  text: string
}

interface Parts {
  readonly attempt: AttemptId
  readonly sink: EventSink
  /** Tool calls of earlier turns, whose late updates are not of this one. */
  readonly foreignTools: ReadonlySet<string>
  /** Keeps an image and says where; null when it cannot be kept. */
  saveImage(image: { readonly data: string; readonly mimeType: string }): string | null
  onAccepted(): void
}

export class Turn {
  readonly attempt: AttemptId
  readonly #parts: Parts
  readonly #tools = new Map<string, ToolCall>()
  readonly #shown = new Map<string, string>()
  #segment: Segment | null = null
  #segments = 0
  /** The last message with text: what the owner reads as the answer. */
  #answer = ""
  #plan: readonly PlanStep[] = []
  #usage: Usage = {}
  #accepted = false
  #ended = false

  constructor(parts: Parts) {
    this.attempt = parts.attempt
    this.#parts = parts
  }

  get accepted(): boolean {
    return this.#accepted
  }

  get ended(): boolean {
    return this.#ended
  }

  /** The answer so far. */
  get text(): string {
    return this.#segment?.kind === "message" && this.#segment.text.trim() ? this.#segment.text : this.#answer
  }

  get usedTools(): boolean {
    return this.#tools.size > 0
  }

  get toolIsRunning(): boolean {
    return [...this.#tools.values()].some((call) => !isOver(call))
  }

  tools(): readonly ToolCall[] {
    return [...this.#tools.values()]
  }

  accept(): void {
    if (this.#accepted) return
    this.#accepted = true
    this.#parts.sink.emit({ kind: "attempt.accepted", attempt: this.attempt })
    this.#parts.onAccepted()
  }

  /** Nothing that an agent tells after the end changes what was told. */
  update(update: Update): void {
    if (this.#ended) return
    this.accept()
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
        return this.#content("message", update.content, update.messageId ?? null)
      case "agent_thought_chunk":
        return this.#content("reasoning", update.content, update.messageId ?? null)
      case "tool_call":
      case "tool_call_update":
        return void this.tool(update)
      case "plan":
        return this.#planned(update.entries)
      case "usage_update":
        this.#usage = { ...this.#usage, ...contextUsage(update) }
        return
      case "notice": {
        const detail = update.description ? `${update.title}: ${update.description}` : update.title
        return this.notice({ code: "warning", detail })
      }
      case "compaction_update":
        if (update.status === "completed") this.notice({ code: "context_compacted" })
        return
      case "user_message_chunk":
      case "available_commands_update":
      case "current_mode_update":
      case "config_option_update":
      case "session_info_update":
        return
    }
  }

  /** Also fed by permission requests: some agents tell a tool call only there. */
  tool(patch: ToolCallPatch): ToolCall {
    const known = this.#tools.get(patch.toolCallId)
    const call = mergeToolCall(known, patch)
    if (this.#parts.foreignTools.has(call.id)) return call
    if (!known) this.#closeSegment()
    this.#tools.set(call.id, call)
    this.#showTool(known, call)
    return call
  }

  deny(toolCallId: string): void {
    const call = this.#tools.get(toolCallId)
    if (call) this.#tools.set(toolCallId, { ...call, denied: true })
  }

  notice(notice: Notice): void {
    if (!this.#ended) this.#parts.sink.emit({ kind: "notice", attempt: this.attempt, notice })
  }

  addUsage(usage: Usage): void {
    this.#usage = { ...this.#usage, ...usage }
  }

  /** Closes what is open and tells the outcome; only the first call counts. */
  end(outcome: (text: string) => Outcome): void {
    if (this.#ended) return
    this.accept()
    const clean = outcome(this.text).kind === "completed"
    this.#closeSegment()
    for (const call of this.#tools.values()) {
      if (isOver(call)) continue
      // Some agents never tell that a tool is done; after an orderly end it is.
      const closing = call.denied ? "declined" : clean ? "completed" : "interrupted"
      this.#item(toolItem(call, closing))
    }
    if (this.#plan.length > 0) this.#item(planItem(this.#plan, clean ? "completed" : "interrupted"))
    if (Object.keys(this.#usage).length > 0) {
      this.#parts.sink.emit({ kind: "usage", attempt: this.attempt, usage: this.#usage })
    }
    this.#ended = true
    this.#parts.sink.emit({ kind: "attempt.ended", attempt: this.attempt, outcome: outcome(this.#answer) })
  }

  #content(kind: Segment["kind"], content: Content, messageId: string | null): void {
    switch (content.type) {
      case "text":
        return this.#append(kind, content.text, messageId)
      case "resource":
        return this.#append(kind, content.resource.text ?? content.resource.uri ?? "", messageId)
      case "resource_link":
        return this.#append(kind, `[${content.name ?? content.uri}](${content.uri})`, messageId)
      case "image":
        return this.#image(content)
      case "other":
        return
    }
  }

  #append(kind: Segment["kind"], text: string, messageId: string | null): void {
    if (text === "") return
    const open = this.#segment
    if (!open || open.kind !== kind || (messageId !== null && messageId !== open.messageId)) {
      this.#closeSegment()
      this.#segments++
      const segment = { id: ItemId.parse(`${kind}-${this.#segments}`), kind, messageId, text: "" }
      this.#segment = segment
      this.#item({ id: segment.id, kind, status: "running", text: "" })
    }
    if (!this.#segment) return
    this.#segment.text += text
    this.#parts.sink.delta(this.attempt, this.#segment.id, kind, text)
  }

  #closeSegment(): void {
    const segment = this.#segment
    if (!segment) return
    this.#segment = null
    if (segment.kind === "message" && segment.text.trim() !== "") this.#answer = segment.text
    this.#item({ id: segment.id, kind: segment.kind, status: "completed", text: segment.text })
  }

  #image(image: { data: string; mimeType: string }): void {
    const path = this.#parts.saveImage(image)
    if (path === null) return
    this.#closeSegment()
    this.#segments++
    const id = ItemId.parse(`image-${this.#segments}`)
    this.#item({ id, kind: "image", status: "completed", path, mediaType: image.mimeType })
  }

  #planned(entries: readonly { content: string; status?: string | null | undefined }[]): void {
    const steps: readonly PlanStep[] = entries.map(({ content, status }) => ({
      text: content,
      status: status === "completed" ? "completed" : status === "in_progress" ? "running" : "pending",
    }))
    if (JSON.stringify(steps) === JSON.stringify(this.#plan)) return
    this.#plan = steps
    if (steps.length > 0) this.#item(planItem(steps, "running"))
  }

  /** Growing output goes out as deltas; an item only when something else about it changed. */
  #showTool(known: ToolCall | undefined, call: ToolCall): void {
    const item = toolItem(call)
    const shape = JSON.stringify({ ...item, output: undefined, truncated: undefined })
    const before = known ? outputText(known) : ""
    const now = outputText(call)
    if (this.#shown.get(call.id) !== shape) {
      this.#shown.set(call.id, shape)
      this.#item(item)
    }
    if (!isOver(call) && now.length > before.length && now.startsWith(before)) {
      this.#parts.sink.delta(this.attempt, item.id, "output", now.slice(before.length))
    }
  }

  #item(item: Item): void {
    this.#parts.sink.emit({ kind: "item", attempt: this.attempt, item })
  }
}

function planItem(steps: readonly PlanStep[], status: "running" | "completed" | "interrupted"): Item {
  return { id: ItemId.parse("plan"), kind: "plan", status, steps }
}

function contextUsage(update: Extract<Update, { sessionUpdate: "usage_update" }>): Usage {
  const costUsd = update.cost?.currency === "USD" ? update.cost.amount : undefined
  return {
    contextTokens: update.used,
    ...(update.size > 0 && { contextWindow: update.size }),
    ...(costUsd !== undefined && costUsd >= 0 && { costUsd }),
  }
}
