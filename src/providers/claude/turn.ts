/** One attempt while Claude Code works on it: its messages and tool calls become items, its results an outcome. */
import type { Failure, Outcome, Usage } from "../../protocol/session.ts"
import { agentWords } from "../agent-words.ts"
import type { AttemptRecord } from "../attempt-record.ts"
import type { Clock, Log } from "../provider.ts"
import { classify, isAborted, textOf } from "./failure.ts"
import type { ReadText } from "./file-change.ts"
import { rejectedUntil } from "./limits.ts"
import type { TaskList } from "./task-list.ts"
import { settledItem, type ToolItem, type ToolUse, toolItem } from "./tool-item.ts"
import type {
  AssistantMessage,
  ContentBlock,
  RateLimitInfo,
  Result,
  StreamEvent,
  UserMessage,
} from "./wire.ts"

export interface TurnParts {
  readonly record: AttemptRecord
  readonly clock: Clock
  readonly log: Log
  readonly workspace: string
  readonly read: ReadText
  readonly tasks: TaskList
}

/** Why a turn ends without, or whatever, its result says. */
export type Ending =
  | { readonly kind: "done" }
  | { readonly kind: "lost"; readonly failure: Failure }
  /** The transcript tells. */
  | { readonly kind: "known"; readonly outcome: Outcome }

/** A text block of the message that is being streamed, not yet confirmed by a whole message. */
interface OpenText {
  readonly id: string
  readonly kind: "message" | "reasoning"
}

interface OpenTool {
  readonly use: ToolUse
  /** Null while the call is shown as something else: a question, a plan, a task list. */
  readonly item: ToolItem | null
  startedAt: number
}

export class Turn {
  readonly record: AttemptRecord
  readonly #parts: TurnParts
  /** By index. */
  readonly #open = new Map<number, OpenText>()
  readonly #tools = new Map<string, OpenTool>()
  /** Every call of the turn: what a sub-agent says names the call that began it. */
  readonly #calls = new Set<string>()
  /** Whole text blocks seen per message, which number those that were never streamed. */
  readonly #seen = new Map<string, number>()
  readonly #results: Result[] = []
  #messageId = ""
  #messages = 0
  #assistantError: string | undefined
  #lastText = ""
  #rejectedUntil: number | null | undefined
  #contextTokens: number | undefined
  #isStopping = false
  #notCompacted: string | null = null

  constructor(parts: TurnParts) {
    this.record = parts.record
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

  get hasResult(): boolean {
    return this.#results.length > 0
  }

  /** Something of its own was said or done in it, not only asked by a sub-agent of an earlier turn. */
  get hasWork(): boolean {
    return this.#messages > 0 || this.#calls.size > 0 || this.hasResult
  }

  /** Whether the message of a sub-agent, begun by `call`, belongs here. */
  owns(call: string | null | undefined): boolean {
    return !call || this.#calls.has(call)
  }

  /** What the model wrote in a call that is still open. */
  inputOf(toolUse: string): unknown {
    return this.#tools.get(toolUse)?.use.input
  }

  /** The wait for the owner is no running time of the command. */
  allowed(toolUse: string): void {
    const tool = this.#tools.get(toolUse)
    if (tool) tool.startedAt = this.#parts.clock.monotonic()
  }

  noteRateLimit(info: RateLimitInfo): void {
    this.#rejectedUntil = rejectedUntil(info)
  }

  notCompacted(why: string): void {
    this.#notCompacted = why
  }

  /** What was streamed of the current message is void: it will be sent again. */
  onRetry(): void {
    this.#dropOpen()
  }

  onStream(event: StreamEvent): void {
    switch (event.type) {
      case "message_start":
        this.#dropOpen()
        this.#messageId = event.message?.id || `message-${this.#messages}`
        this.#messages++
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
    this.#messages++
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
      if (block.type === "tool_result") this.#settleTool(block.tool_use_id ?? "", block, body)
    }
  }

  onLocalOutput(text: string): void {
    if (text.trim() === "") return
    this.#messages++
    this.#lastText = text
    this.record.put({ id: `local-${this.#messages}`, kind: "message", status: "completed", text })
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

  /** How the turn ended, by what was said and done in it. */
  outcome(ending: Ending): Outcome {
    const result = this.#results.at(-1)
    const said = this.#lastText
    if (ending.kind === "known") return ending.outcome
    if (ending.kind === "lost") {
      return this.#isStopping && ending.failure.class === "crashed"
        ? { kind: "stopped", text: said }
        : { kind: "failed", failure: ending.failure, text: said }
    }
    if (result === undefined ? this.#isStopping : isAborted(result)) return { kind: "stopped", text: said }
    if (result !== undefined && (result.is_error || result.subtype !== "success")) {
      const shown = this.record.items().length > 0
      const evidence = {
        ...{ result, shown },
        ...{ assistantError: this.#assistantError, rejectedUntil: this.#rejectedUntil },
      }
      const logId = this.#parts.log.keep("claude result", result)
      return { kind: "failed", failure: { ...classify(evidence), logId }, text: said }
    }
    const isLocal = result?.num_turns === 0
    if (isLocal && this.#notCompacted !== null) return notCompacted(this.#notCompacted)
    return this.#answer(result)
  }

  #answer(result: Result | undefined): Outcome {
    // The result that should repeat the answer may be missing or unreadable: then what was said is the answer.
    const text = this.#answerText() || this.#lastText
    // A turn of a local command such as /compact or /clear has no model turns and may have nothing to say.
    const mayBeSilent = result !== undefined && result.num_turns === 0
    const isEmpty = text === "" && !mayBeSilent && this.record.items().length === 0
    return isEmpty
      ? { kind: "failed", failure: { class: "empty_response" }, text }
      : { kind: "completed", text }
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
    if (kind !== null) this.#open.set(index, { id: `${this.#messageId}:${index}`, kind })
  }

  /** Many reasoning blocks stay without a word, so an item begins with its first text. */
  #append(index: number, text: string | null | undefined): void {
    const open = this.#open.get(index)
    if (open !== undefined && text) this.record.append(open.id, open.kind, text)
  }

  /** A whole block. Deltas may have come twice after a retry, so only this text counts. */
  #commitText(body: AssistantMessage, block: ContentBlock): void {
    const kind = block.type === "text" ? "message" : block.type === "thinking" ? "reasoning" : null
    if (kind === null) return
    const text = (kind === "message" ? block.text : block.thinking) ?? ""
    this.#noteContext(body)
    const id = this.#confirm(body.message.id, kind)
    if (kind === "message" && text !== "") this.#lastText = text
    if (text !== "") this.record.put({ id, kind, status: body.aborted ? "interrupted" : "completed", text })
  }

  /** The id under which the block was streamed, or a new one. */
  #confirm(messageId: string, kind: OpenText["kind"]): string {
    const streamed = [...this.#open].find(([, open]) => open.kind === kind)
    if (streamed !== undefined && (messageId === "" || messageId === this.#messageId)) {
      this.#open.delete(streamed[0])
      return streamed[1].id
    }
    const number = this.#seen.get(messageId) ?? 0
    this.#seen.set(messageId, number + 1)
    return `${messageId}:w${number}`
  }

  #noteContext(body: AssistantMessage): void {
    const usage = body.message.usage
    if (!usage || body.parent_tool_use_id) return
    const { input_tokens, cache_creation_input_tokens, cache_read_input_tokens } = usage
    const total = (input_tokens ?? 0) + (cache_creation_input_tokens ?? 0) + (cache_read_input_tokens ?? 0)
    if (total > 0) this.#contextTokens = total
  }

  #callTool(block: ContentBlock): void {
    const id = block.id ?? ""
    if (this.#tools.has(id)) return
    const use: ToolUse = { id, name: block.name ?? "", input: block.input }
    const { name } = use
    const isShownOtherwise =
      name === "ExitPlanMode" || name === "AskUserQuestion" || this.#parts.tasks.owns(name)
    const item = isShownOtherwise ? null : toolItem(use, this.#parts)
    this.#calls.add(id)
    this.#tools.set(id, { use, item, startedAt: this.#parts.clock.monotonic() })
    if (item !== null) this.record.put(item)
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
      !interrupted && isError && (Boolean(meta?.non_execution_kind) || isRejection(body.tool_use_result))
    if (tool.item === null) {
      const plan = isError
        ? null
        : this.#parts.tasks.apply(tool.use.name, tool.use.input, body.tool_use_result)
      if (plan !== null) this.record.put(plan)
      return
    }
    const result = { content: block.content, isError, detail: body.tool_use_result, refused, interrupted }
    const settled = settledItem(tool.item, result, Math.round(this.#parts.clock.monotonic() - tool.startedAt))
    this.record.put(settled)
  }

  #dropOpen(): void {
    for (const { id } of this.#open.values()) {
      const item = this.record.item(id)
      if (item?.status === "running") this.record.put({ ...item, id, status: "dropped" })
    }
    this.#open.clear()
  }
}

function notCompacted(why: string): Outcome {
  const detail = agentWords(why)
  const failure: Failure = {
    class: "bad_request",
    reason: { code: "not_compacted" },
    ...(detail === undefined ? {} : { detail }),
  }
  return { kind: "failed", failure, text: "" }
}

/** Without a permission record, Claude Code says it in words. */
function isRejection(detail: unknown): boolean {
  return typeof detail === "string" && /^User rejected/.test(detail)
}
