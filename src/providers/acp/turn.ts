/** One running prompt: what the agent tells becomes items, deltas and at last exactly one outcome. */
import type { AttemptId } from "../../protocol/ids.ts"
import type { Notice, Outcome, PlanStep, Usage } from "../../protocol/session.ts"
import { AttemptRecord } from "../attempt-record.ts"
import type { EventSink, Log } from "../provider.ts"
import { isOver, mergeToolCall, outputText, type ToolCall, toolItem } from "./tool-item.ts"
import type { Content, ToolCallPatch, Update } from "./wire.ts"

/** A stretch of text of one kind; another kind, or a tool call, begins a new one. */
interface Segment {
  readonly id: string
  readonly kind: "message" | "reasoning"
  readonly messageId: string | null
  text: string
}

interface Parts {
  readonly attempt: AttemptId
  readonly sink: EventSink
  readonly log: Log
  /** Why the agent began by itself; null when it was prompted. */
  readonly began: string | null
  /** Tool calls of earlier turns, whose late updates are not of this one. */
  readonly foreignTools: ReadonlySet<string>
  /** Keeps an image and says where; null when it cannot be kept. */
  saveImage(image: { readonly data: string; readonly mimeType: string }): string | null
  onAccepted(): void
}

export class Turn {
  readonly record: AttemptRecord
  readonly #parts: Parts
  readonly #tools = new Map<string, ToolCall>()
  readonly #shown = new Map<string, string>()
  #segment: Segment | null = null
  #segments = 0
  /** The last message with text: what the owner reads as the answer. */
  #answer = ""
  #usage: Usage = {}

  constructor(parts: Parts) {
    this.#parts = parts
    this.record = new AttemptRecord(parts)
  }

  get accepted(): boolean {
    return this.record.isAccepted
  }

  get ended(): boolean {
    return this.record.isEnded
  }

  /** The answer so far. */
  get text(): string {
    return this.#segment?.kind === "message" && this.#segment.text.trim() ? this.#segment.text : this.#answer
  }

  get usedTools(): boolean {
    return this.#tools.size > 0
  }

  /** One that was only announced, or refused, may never be told of again. */
  get toolIsAtWork(): boolean {
    return [...this.#tools.values()].some((call) => call.status === "in_progress" && !call.denied)
  }

  get toolIsRunning(): boolean {
    return [...this.#tools.values()].some((call) => !isOver(call))
  }

  tools(): readonly ToolCall[] {
    return [...this.#tools.values()]
  }

  accept(): void {
    if (this.record.isAccepted) return
    const { began, onAccepted } = this.#parts
    if (began === null) this.record.accept()
    else this.record.begin(began)
    onAccepted()
  }

  /** Nothing that an agent tells after the end changes what was told. */
  update(update: Update): void {
    if (this.ended) return
    this.accept()
    switch (update.sessionUpdate) {
      case "agent_message_chunk":
        return this.#content("message", update.content, update.messageId ?? null)
      case "agent_thought_chunk":
        return this.#content("reasoning", update.content, update.messageId ?? null)
      case "tool_call":
        // Some agents count their calls anew in every turn.
        return void this.tool(update, { isNew: true })
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
  tool(patch: ToolCallPatch, { isNew } = { isNew: false }): ToolCall {
    const known = this.#tools.get(patch.toolCallId)
    const call = mergeToolCall(known, patch)
    if (!known && !isNew && this.#parts.foreignTools.has(call.id)) return call
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
    this.record.notice(notice)
  }

  addUsage(usage: Usage): void {
    this.#usage = { ...this.#usage, ...usage }
  }

  /** Closes what is open and tells the outcome; only the first call counts. */
  end(outcome: (text: string) => Outcome): void {
    if (this.ended) return
    this.accept()
    const clean = outcome(this.text).kind === "completed"
    this.#closeSegment()
    for (const call of this.#tools.values()) {
      if (isOver(call)) continue
      // Some agents never tell that a tool is done; after an orderly end it is.
      const closing = call.denied ? "declined" : clean ? "completed" : "interrupted"
      this.record.put(toolItem(call, closing))
    }
    if (Object.keys(this.#usage).length > 0) this.record.usage(this.#usage)
    this.record.end(outcome(this.#answer))
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
      this.#segment = { id: `${kind}-${this.#segments}`, kind, messageId, text: "" }
    }
    if (!this.#segment) return
    this.#segment.text += text
    this.record.append(this.#segment.id, kind, text)
  }

  #closeSegment(): void {
    const segment = this.#segment
    if (!segment) return
    this.#segment = null
    if (segment.kind === "message" && segment.text.trim() !== "") this.#answer = segment.text
    this.record.put({ id: segment.id, kind: segment.kind, status: "completed", text: segment.text })
  }

  #image(image: { data: string; mimeType: string }): void {
    const path = this.#parts.saveImage(image)
    if (path === null) return
    this.#closeSegment()
    this.#segments++
    const id = `image-${this.#segments}`
    this.record.put({ id, kind: "image", status: "completed", path, mediaType: image.mimeType })
  }

  #planned(entries: readonly { content: string; status?: string | null | undefined }[]): void {
    const steps: readonly PlanStep[] = entries.map(({ content, status }) => ({
      text: content,
      status: status === "completed" ? "completed" : status === "in_progress" ? "running" : "pending",
    }))
    if (steps.length > 0) this.record.put({ id: "plan", kind: "plan", status: "running", steps })
  }

  /** Growing output goes out as deltas; an item only when something else about it changed. */
  #showTool(known: ToolCall | undefined, call: ToolCall): void {
    const item = toolItem(call)
    const shape = JSON.stringify({ ...item, output: undefined, truncated: undefined })
    const before = known ? outputText(known) : ""
    const now = outputText(call)
    if (this.#shown.get(call.id) !== shape) {
      this.#shown.set(call.id, shape)
      this.record.put(item)
    }
    if (!isOver(call) && now.length > before.length && now.startsWith(before)) {
      this.record.append(call.id, "output", now.slice(before.length))
    }
  }
}

function contextUsage(update: Extract<Update, { sessionUpdate: "usage_update" }>): Usage {
  const costUsd = update.cost?.currency === "USD" ? update.cost.amount : undefined
  return {
    contextTokens: update.used,
    ...(update.size > 0 && { contextWindow: update.size }),
    ...(costUsd !== undefined && costUsd >= 0 && { costUsd }),
  }
}
