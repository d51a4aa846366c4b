/** One attempt while Claude Code works on it: its messages and tool calls become items, its results an outcome. */
import type { AttemptId } from "../../protocol/ids.ts"
import { ItemId } from "../../protocol/ids.ts"
import type { Failure, Item, ItemStatus, Outcome, Usage } from "../../protocol/session.ts"
import type { Clock, DeltaChannel, EventSink, Log } from "../provider.ts"
import { classify, isAborted, textOf } from "./failure.ts"
import type { ReadText } from "./file-change.ts"
import { rejectedUntil } from "./limits.ts"
import type { TaskList } from "./task-list.ts"
import { settledItem, type ToolUse, toolItem, unsettledItem } from "./tool-item.ts"
import type {
  AssistantMessage,
  ContentBlock,
  RateLimitInfo,
  Result,
  StreamEvent,
  UserMessage,
} from "./wire.ts"

export interface TurnParts {
  readonly attempt: AttemptId
  readonly sink: EventSink
  readonly clock: Clock
  readonly log: Log
  readonly workspace: string
  readonly read: ReadText
  readonly tasks: TaskList
}

/** Why a turn ends without, or whatever, its result says. */
export type Ending = { readonly kind: "idle" } | { readonly kind: "lost"; readonly failure: Failure }

interface OpenText {
  readonly id: ItemId
  readonly kind: "message" | "reasoning"
  text: string
}

interface OpenTool {
  readonly use: ToolUse
  /** Null while the call is shown as something else: a question, a plan, a task list. */
  readonly item: Item | null
  startedAt: number
}

export class Turn {
  readonly attempt: AttemptId
  readonly #parts: TurnParts
  /** Text blocks of the message that is being streamed, by index; not yet confirmed by a whole message. */
  readonly #open = new Map<number, OpenText>()
  readonly #tools = new Map<string, OpenTool>()
  /** Whole text blocks seen per message, which number those that were never streamed. */
  readonly #seen = new Map<string, number>()
  readonly #results: Result[] = []
  #messageId = ""
  #assistantError: string | undefined
  #lastText = ""
  #madeItems = false
  #rejectedUntil: number | null | undefined
  #contextTokens: number | undefined
  #isStopping = false

  constructor(parts: TurnParts) {
    this.attempt = parts.attempt
    this.#parts = parts
  }

  /** The owner asked to stop: whatever comes now, unless it was already done, is a stop. */
  stop(): void {
    this.#isStopping = true
  }

  get isStopping(): boolean {
    return this.#isStopping
  }

  get runsTools(): boolean {
    return this.#tools.size > 0
  }

  get lastResult(): Result | undefined {
    return this.#results.at(-1)
  }

  /** What the model wrote in a call that is still open. */
  inputOf(toolUse: string): unknown {
    return this.#tools.get(toolUse)?.use.input
  }

  /** The wait for the owner is no running time of the command. */
  allowed(toolUse: string): void {
    const tool = this.#tools.get(toolUse)
    if (tool) tool.startedAt = this.#parts.clock.now()
  }

  noteRateLimit(info: RateLimitInfo): void {
    this.#rejectedUntil = rejectedUntil(info)
  }

  /** What was streamed of the current message is void: it will be sent again. */
  onRetry(): void {
    this.#closeOpen("dropped")
  }

  onStream(event: StreamEvent): void {
    switch (event.type) {
      case "message_start":
        this.#closeOpen("dropped")
        this.#messageId = event.message?.id ?? ""
        return
      case "content_block_start":
        return this.#begin(event.index ?? 0, event.content_block?.type)
      case "content_block_delta":
        return this.#append(event.index ?? 0, event.delta?.text ?? event.delta?.thinking)
      default:
        return
    }
  }

  onAssistant(body: AssistantMessage): void {
    if (body.error) this.#assistantError = body.error
    // Claude Code's own words about a failure come as a message; they are the failure's detail, not an answer.
    const isFailure = Boolean(body.error)
    for (const block of body.message.content) {
      if (block.type === "tool_use") this.#callTool(block)
      else if (!body.parent_tool_use_id && !isFailure) this.#commitText(body, block)
    }
  }

  onUser(body: UserMessage): void {
    if (typeof body.message.content === "string") return
    for (const block of body.message.content) {
      if (block.type === "tool_result" && block.tool_use_id) this.#settleTool(block.tool_use_id, block, body)
    }
  }

  onResult(result: Result): void {
    this.#results.push(result)
  }

  /** Usage of this turn. `spentUsd` is what its last result added to the session's cumulative cost. */
  usage(spentUsd: number | undefined): Usage | null {
    const result = this.#results.at(-1)
    const tokens = result?.usage
    if (!tokens) return null
    const cached = tokens.cache_read_input_tokens ?? 0
    const input = (tokens.input_tokens ?? 0) + (tokens.cache_creation_input_tokens ?? 0) + cached
    const windows = Object.values(result.modelUsage ?? {}).flatMap((model) => model.contextWindow ?? [])
    return {
      inputTokens: input,
      cachedInputTokens: cached,
      outputTokens: tokens.output_tokens ?? 0,
      ...(this.#contextTokens === undefined ? {} : { contextTokens: this.#contextTokens }),
      ...(windows.length === 0 ? {} : { contextWindow: Math.max(...windows) }),
      ...(spentUsd === undefined ? {} : { costUsd: spentUsd }),
    }
  }

  /** Closes what is open and says how the turn ended. */
  end(ending: Ending): Outcome {
    const outcome = this.#outcome(ending)
    const isClean = outcome.kind === "completed"
    this.#closeOpen(isClean ? "dropped" : "interrupted")
    for (const { item } of this.#tools.values()) {
      if (item !== null) this.#emit(unsettledItem(item, "interrupted"))
    }
    this.#tools.clear()
    return outcome
  }

  #outcome(ending: Ending): Outcome {
    const text = this.#answerText()
    const result = this.#results.at(-1)
    if (ending.kind === "lost") {
      return this.#isStopping && ending.failure.class === "crashed"
        ? { kind: "stopped", text: this.#lastText }
        : { kind: "failed", failure: ending.failure, text: this.#lastText }
    }
    if (result === undefined || isAborted(result)) {
      if (result !== undefined || this.#isStopping) return { kind: "stopped", text: this.#lastText }
      return { kind: "failed", failure: emptyResponse, text }
    }
    if (result.is_error || result.subtype !== "success") {
      const evidence = { result, assistantError: this.#assistantError, rejectedUntil: this.#rejectedUntil }
      const logId = this.#parts.log.keep("claude result", result)
      return { kind: "failed", failure: { ...classify(evidence), logId }, text: this.#lastText }
    }
    // A turn of a local command such as /compact or /clear has no model turns and may have nothing to say.
    if (text === "" && !this.#madeItems && (result.num_turns ?? 1) > 0) {
      return { kind: "failed", failure: emptyResponse, text }
    }
    return { kind: "completed", text }
  }

  /** A message that was steered in while text was streaming is answered by a second result of the same attempt. */
  #answerText(): string {
    return this.#results
      .map((result) => (result.is_error ? "" : textOf(result)))
      .filter(Boolean)
      .join("\n\n")
  }

  #begin(index: number, type: string | undefined): void {
    const kind = type === "text" ? "message" : type === "thinking" ? "reasoning" : null
    if (kind === null) return
    this.#open.set(index, { id: ItemId.parse(`${this.#messageId}:${index}`), kind, text: "" })
  }

  #append(index: number, text: string | undefined): void {
    const open = this.#open.get(index)
    if (open === undefined || !text) return
    // Many reasoning blocks stay without a word, so an item begins with its first text.
    if (open.text === "") this.#emit({ id: open.id, kind: open.kind, status: "running", text: "" })
    open.text += text
    const channel: DeltaChannel = open.kind
    this.#parts.sink.delta(this.attempt, open.id, channel, text)
  }

  /** A whole block. Deltas may have come twice after a retry, so only this text counts. */
  #commitText(body: AssistantMessage, block: ContentBlock): void {
    const kind = block.type === "text" ? "message" : block.type === "thinking" ? "reasoning" : null
    if (kind === null) return
    const text = (kind === "message" ? block.text : block.thinking) ?? ""
    this.#noteContext(body)
    const id = this.#confirm(body.message.id, kind)
    if (kind === "message" && text !== "") this.#lastText = text
    if (text !== "") this.#emit({ id, kind, status: body.aborted ? "interrupted" : "completed", text })
  }

  /** The id under which the block was streamed, or a new one. */
  #confirm(messageId: string, kind: OpenText["kind"]): ItemId {
    const streamed = [...this.#open].find(([, open]) => open.kind === kind)
    if (streamed !== undefined && messageId === this.#messageId) {
      this.#open.delete(streamed[0])
      return streamed[1].id
    }
    const number = this.#seen.get(messageId) ?? 0
    this.#seen.set(messageId, number + 1)
    return ItemId.parse(`${messageId}:w${number}`)
  }

  #noteContext(body: AssistantMessage): void {
    const usage = body.message.usage
    if (!usage || body.parent_tool_use_id) return
    const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage
    const total = (input_tokens ?? 0) + (cache_creation_input_tokens ?? 0) + (cache_read_input_tokens ?? 0)
    if (total > 0) this.#contextTokens = total
  }

  #callTool(block: ContentBlock): void {
    const { id, name } = block
    if (id === undefined || name === undefined || this.#tools.has(id)) return
    const use: ToolUse = { id, name, input: block.input }
    const isShownOtherwise =
      name === "ExitPlanMode" || name === "AskUserQuestion" || this.#parts.tasks.owns(name)
    const item = isShownOtherwise ? null : toolItem(use, this.#parts)
    this.#tools.set(id, { use, item, startedAt: this.#parts.clock.now() })
    if (item !== null) this.#emit(item)
  }

  #settleTool(id: string, block: ContentBlock, body: UserMessage): void {
    const tool = this.#tools.get(id)
    if (tool === undefined) return
    this.#tools.delete(id)
    const meta = body.tool_result_meta?.find((candidate) => candidate.id === id)
    const isError = block.is_error === true
    // A stop is told like a refusal, though nobody refused this call.
    const interrupted = isError && this.#isStopping
    const refused =
      !interrupted && isError && (meta?.non_execution_kind !== undefined || isRejection(body.tool_use_result))
    if (tool.item === null) {
      const plan = isError
        ? null
        : this.#parts.tasks.apply(tool.use.name, tool.use.input, body.tool_use_result)
      if (plan !== null) this.#emit(plan)
      return
    }
    const result = { content: block.content, isError, detail: body.tool_use_result, refused, interrupted }
    this.#emit(settledItem(tool.item, result, this.#parts.clock.now() - tool.startedAt))
  }

  #closeOpen(status: ItemStatus): void {
    for (const { id, kind, text } of this.#open.values()) {
      if (text !== "") this.#emit({ id, kind, status, text })
    }
    this.#open.clear()
  }

  #emit(item: Item): void {
    if (item.kind !== "message" && item.kind !== "reasoning") this.#madeItems = true
    this.#parts.sink.emit({ kind: "item", attempt: this.attempt, item })
  }
}

/** Without a permission record, Claude Code says it in words. */
function isRejection(detail: unknown): boolean {
  return typeof detail === "string" && /^User rejected/.test(detail)
}

const emptyResponse: Failure = { class: "empty_response" }
