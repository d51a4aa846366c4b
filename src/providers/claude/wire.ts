/**
 * What `claude --output-format stream-json` writes, one JSON object a line, reduced to what this adapter uses. Only what
 * a message is about must be there; a field of another form is as if it were missing, and an unknown kind is no error.
 */
import { z } from "zod"

/** Anything but a value of this schema is nothing. */
function maybe<S extends z.ZodType>(schema: S) {
  return schema.nullish().catch(undefined)
}

const text = maybe(z.string())
const number = maybe(z.number())
const flag = maybe(z.boolean())
const name = z.string().catch("")

/** The elements that can be read. */
function listOf<S extends z.ZodType>(schema: S) {
  return z
    .array(z.unknown())
    .catch([])
    .transform((found) =>
      found.flatMap((one): z.output<S>[] => {
        const read = schema.safeParse(one)
        return read.success ? [read.data] : []
      }),
    )
}

const Json = z.record(z.string(), z.unknown())

const ToolResultMeta = z.looseObject({ id: text, non_execution_kind: text })

const ContentBlock = z.looseObject({
  type: z.string(),
  text,
  thinking: text,
  id: text,
  name: text,
  input: z.unknown().optional(),
  tool_use_id: text,
  content: z.unknown().optional(),
  is_error: flag,
})
export type ContentBlock = z.infer<typeof ContentBlock>

const count = maybe(z.number().nonnegative())
const TokenUsage = z.looseObject({
  input_tokens: count,
  cache_creation_input_tokens: count,
  cache_read_input_tokens: count,
  output_tokens: count,
})
export type TokenUsage = z.infer<typeof TokenUsage>

const StreamEvent = z.looseObject({
  type: z.string(),
  index: number,
  message: maybe(z.looseObject({ id: z.string() })),
  content_block: maybe(z.looseObject({ type: z.string() })),
  delta: maybe(z.looseObject({ text, thinking: text })),
})
export type StreamEvent = z.infer<typeof StreamEvent>

const Window = z.looseObject({ utilization: number, resetsAt: number })
const RateLimitInfo = z.looseObject({
  status: text,
  /** Seconds since the epoch. */
  resetsAt: number,
  rateLimitType: text,
  utilization: number,
  unifiedWindows: maybe(z.record(z.string(), Window.catch({ utilization: undefined, resetsAt: undefined }))),
})
export type RateLimitInfo = z.infer<typeof RateLimitInfo>

export const PermissionSuggestion = z.looseObject({
  type: z.string(),
  destination: z.string().optional(),
  mode: z.string().optional(),
  behavior: z.string().optional(),
  directories: z.array(z.string()).optional(),
  rules: z.array(z.looseObject({ toolName: z.string(), ruleContent: z.string().optional() })).optional(),
})
export type PermissionSuggestion = z.infer<typeof PermissionSuggestion>

/** `subtype: "can_use_tool"`. */
export const CanUseTool = z.looseObject({
  tool_name: name,
  display_name: text,
  input: z.unknown().optional(),
  description: text,
  decision_reason: text,
  /** What a suggestion holds is what is granted, so one that cannot be read whole is not offered. */
  permission_suggestions: listOf(PermissionSuggestion),
  suppress_always_allow_rule: z.unknown().optional(),
  tool_use_id: name,
  mcp_server: maybe(z.looseObject({ name: text })),
  /** A sub-agent asks. */
  agent_id: text,
})
export type CanUseTool = z.infer<typeof CanUseTool>

/** `subtype: "elicitation"`: an MCP server wants a form filled in, or a page opened. */
export const Elicitation = z.looseObject({
  mcp_server_name: name,
  message: name,
  mode: text,
  requested_schema: z.unknown().optional(),
})
export type Elicitation = z.infer<typeof Elicitation>

const AssistantMessage = z.looseObject({
  parent_tool_use_id: text,
  error: text,
  aborted: flag,
  message: z.looseObject({
    id: name,
    content: z.union([
      z.string().transform((said): ContentBlock[] => [{ type: "text", text: said }]),
      listOf(ContentBlock),
    ]),
    usage: maybe(TokenUsage),
  }),
})
export type AssistantMessage = z.infer<typeof AssistantMessage>

const UserMessage = z.looseObject({
  parent_tool_use_id: text,
  message: z.looseObject({ content: z.union([z.string(), listOf(ContentBlock)]) }),
  tool_use_result: z.unknown().optional(),
  tool_result_meta: maybe(listOf(ToolResultMeta)),
})
export type UserMessage = z.infer<typeof UserMessage>

const ModelUsage = z.looseObject({ contextWindow: maybe(z.number().positive()) })
const Result = z.looseObject({
  subtype: z.string().catch("success"),
  /** Only a clear no is none: an answer may be shown again, a failure must not pass for one. */
  is_error: z
    .unknown()
    .optional()
    .transform((said) => said !== undefined && said !== null && said !== false && said !== 0),
  result: text,
  errors: maybe(listOf(z.string())),
  api_error_status: number,
  terminal_reason: text,
  stop_reason: text,
  num_turns: number,
  total_cost_usd: count,
  usage: maybe(TokenUsage),
  modelUsage: maybe(z.record(z.string(), ModelUsage.catch({ contextWindow: undefined }))),
})
export type Result = z.infer<typeof Result>

export interface BackgroundTask {
  readonly id: string
  readonly kind: string
  readonly description: string
}

const Task = z.looseObject({ task_id: z.string(), task_type: name, description: name }).transform(
  (task): BackgroundTask => ({
    id: task.task_id,
    kind: task.task_type,
    description: task.description,
  }),
)

/** Claude Code's own, repeated in the answer as it came. */
const WireId = z.union([z.string(), z.number()])
export type WireId = z.infer<typeof WireId>

export type WireMessage =
  | { readonly kind: "control_response"; readonly id: string; readonly ok: boolean; readonly value: unknown }
  | { readonly kind: "control_request"; readonly id: WireId; readonly request: Record<string, unknown> }
  | { readonly kind: "control_cancel"; readonly id: WireId }
  | {
      readonly kind: "init"
      readonly nativeId: string | null
      readonly model?: string
      readonly mode?: string
    }
  /** `prompts`: uuids of the messages that the model is being asked about. */
  | { readonly kind: "status"; readonly mode?: string; readonly prompts: readonly string[] }
  | { readonly kind: "not_compacted"; readonly why: string }
  | { readonly kind: "state"; readonly state: string }
  | { readonly kind: "lifecycle"; readonly uuid: string; readonly state: string }
  | { readonly kind: "stream"; readonly subagent: boolean; readonly event: StreamEvent }
  | { readonly kind: "assistant"; readonly body: AssistantMessage }
  | { readonly kind: "user"; readonly body: UserMessage }
  | { readonly kind: "result"; readonly body: Result }
  | { readonly kind: "retry"; readonly attempt?: number; readonly of?: number }
  | { readonly kind: "fallback"; readonly from?: string; readonly to: string }
  | { readonly kind: "compacted" }
  | { readonly kind: "rate_limit"; readonly info: RateLimitInfo }
  /** Output of a command that Claude Code carries out itself. */
  | { readonly kind: "local_output"; readonly text: string }
  | { readonly kind: "task_started"; readonly task: BackgroundTask; readonly call: string | null }
  /** All that run now. */
  | { readonly kind: "tasks"; readonly tasks: readonly BackgroundTask[] }
  | { readonly kind: "task_ended"; readonly id: string; readonly status: string; readonly summary?: string }
  | { readonly kind: "title"; readonly title: string }
  | { readonly kind: "history_not_saved" }
  /** Known and not needed, or a sign of life only. */
  | { readonly kind: "other" }
  | { readonly kind: "unknown"; readonly name: string }
  | { readonly kind: "malformed"; readonly name: string; readonly problem: string }

const readers: Readonly<Record<string, z.ZodType<WireMessage>>> = {
  control_response: z
    .looseObject({
      response: z.looseObject({
        subtype: name,
        request_id: z.string(),
        response: z.unknown().optional(),
        error: z.unknown().optional(),
      }),
    })
    .transform(({ response }) => {
      const ok = response.subtype === "success"
      return {
        kind: "control_response",
        id: response.request_id,
        ok,
        value: ok ? response.response : response.error,
      }
    }),
  control_request: z
    .looseObject({ request_id: WireId, request: Json })
    .transform((line) => ({ kind: "control_request", id: line.request_id, request: line.request })),
  control_cancel_request: z
    .looseObject({ request_id: WireId })
    .transform((line) => ({ kind: "control_cancel", id: line.request_id })),
  "system/init": z.looseObject({ session_id: text, model: text, permissionMode: text }).transform((line) => ({
    kind: "init",
    nativeId: line.session_id || null,
    ...(line.model ? { model: line.model } : {}),
    ...(line.permissionMode ? { mode: line.permissionMode } : {}),
  })),
  "system/status": z
    .looseObject({
      permissionMode: text,
      compact_result: text,
      compact_error: text,
      user_message_uuids: maybe(listOf(z.string())),
    })
    .transform((line) =>
      line.compact_result === "failed"
        ? { kind: "not_compacted", why: line.compact_error ?? "" }
        : {
            kind: "status",
            prompts: line.user_message_uuids ?? [],
            ...(line.permissionMode ? { mode: line.permissionMode } : {}),
          },
    ),
  "system/session_state_changed": z
    .looseObject({ state: z.string() })
    .transform((line) => ({ kind: "state", state: line.state })),
  command_lifecycle: z
    .looseObject({ command_uuid: z.string(), state: z.string() })
    .transform((line) => ({ kind: "lifecycle", uuid: line.command_uuid, state: line.state })),
  stream_event: z
    .looseObject({ parent_tool_use_id: text, event: StreamEvent })
    .transform((line) => ({ kind: "stream", subagent: Boolean(line.parent_tool_use_id), event: line.event })),
  assistant: AssistantMessage.transform((body) => ({ kind: "assistant", body })),
  user: UserMessage.transform((body) => ({ kind: "user", body })),
  result: Result.transform((body) => ({ kind: "result", body })),
  "system/api_retry": z
    .looseObject({ attempt: maybe(z.number().int()), max_retries: maybe(z.number().int()) })
    .transform((line) => ({
      kind: "retry",
      ...(typeof line.attempt === "number" ? { attempt: line.attempt } : {}),
      ...(typeof line.max_retries === "number" ? { of: line.max_retries } : {}),
    })),
  "system/model_fallback": fallbackReader(),
  "system/model_refusal_fallback": fallbackReader(),
  "system/compact_boundary": z.looseObject({}).transform(() => ({ kind: "compacted" })),
  "system/local_command_output": z
    .looseObject({ content: z.string() })
    .transform((line) => ({ kind: "local_output", text: line.content })),
  rate_limit_event: z
    .looseObject({ rate_limit_info: RateLimitInfo })
    .transform((line) => ({ kind: "rate_limit", info: line.rate_limit_info })),
  "system/task_started": z
    .looseObject({ tool_use_id: text })
    .and(Task.transform((task) => ({ task })))
    .transform(({ task, tool_use_id }) => ({ kind: "task_started", task, call: tool_use_id ?? null })),
  "system/background_tasks_changed": z
    .looseObject({ tasks: listOf(Task) })
    .transform(({ tasks }) => ({ kind: "tasks", tasks })),
  "system/task_notification": z
    .looseObject({ task_id: name, status: name, summary: text })
    .transform((line) => ({
      kind: "task_ended",
      id: line.task_id,
      status: line.status,
      ...(line.summary ? { summary: line.summary } : {}),
    })),
  "system/session_title_changed": z
    .looseObject({ title: z.string() })
    .transform((line) => ({ kind: "title", title: line.title })),
  "system/session_writes_lost": z.looseObject({}).transform(() => ({
    kind: "history_not_saved",
  })),
}

const known = new Set([
  "keep_alive",
  "conversation_reset",
  "system/thinking_tokens",
  "system/task_updated",
  "system/task_progress",
  "system/control_request_progress",
  "system/permission_denied",
  "system/informational",
  "system/hook_started",
  "system/hook_progress",
  "system/hook_response",
  "system/files_persisted",
  "tool_progress",
  "tool_use_summary",
  "auth_status",
])

const Named = z.looseObject({ type: z.string(), subtype: text })

/** Never throws: a line that cannot be read is itself a message. */
export function readLine(line: string): WireMessage {
  const json = parseJson(line)
  const named = Named.safeParse(json)
  if (!named.success) return { kind: "malformed", name: "line", problem: "not a message object" }
  const { type, subtype } = named.data
  const name = type === "system" && subtype ? `system/${subtype}` : type
  const reader = Object.hasOwn(readers, name) ? readers[name] : undefined
  if (reader === undefined) return known.has(name) ? { kind: "other" } : { kind: "unknown", name }
  const message = reader.safeParse(json)
  return message.success ? message.data : { kind: "malformed", name, problem: z.prettifyError(message.error) }
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch {
    return undefined
  }
}

function fallbackReader(): z.ZodType<WireMessage> {
  return z.looseObject({ original_model: text, fallback_model: z.string() }).transform((line) => ({
    kind: "fallback",
    to: line.fallback_model,
    ...(line.original_model ? { from: line.original_model } : {}),
  }))
}

// ── answers to control requests ──────────────────────────────────────────────────────────────────────────────────

export const InitializeResult = z.looseObject({
  models: listOf(
    z.looseObject({
      value: z.string(),
      displayName: text,
      supportedEffortLevels: maybe(z.array(z.string())),
    }),
  ),
  account: maybe(z.looseObject({ email: text, tokenSource: text, apiKeySource: text })),
  current_permission_mode: text,
})
export type InitializeResult = z.infer<typeof InitializeResult>

/** Of `set_permission_mode`: the mode really in force. */
export const ModeResult = z.looseObject({ mode: text })
