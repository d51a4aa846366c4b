/**
 * What `claude --output-format stream-json` writes, one JSON object a line, reduced to what this adapter uses.
 * Lenient: only the fields read here are checked, everything else passes; an unknown kind is no error.
 */
import { z } from "zod"

const Json = z.record(z.string(), z.unknown())

const ToolResultMeta = z.looseObject({
  id: z.string().optional(),
  permission_decision: z.looseObject({ decision: z.string().optional() }).optional(),
  non_execution_kind: z.string().optional(),
})

const ContentBlock = z.looseObject({
  type: z.string(),
  text: z.string().optional(),
  thinking: z.string().optional(),
  id: z.string().optional(),
  name: z.string().optional(),
  input: z.unknown().optional(),
  tool_use_id: z.string().optional(),
  content: z.unknown().optional(),
  is_error: z.boolean().nullish(),
})
export type ContentBlock = z.infer<typeof ContentBlock>

const TokenUsage = z.looseObject({
  input_tokens: z.number().nullish(),
  cache_creation_input_tokens: z.number().nullish(),
  cache_read_input_tokens: z.number().nullish(),
  output_tokens: z.number().nullish(),
})
export type TokenUsage = z.infer<typeof TokenUsage>

const StreamEvent = z.looseObject({
  type: z.string(),
  index: z.number().optional(),
  message: z.looseObject({ id: z.string() }).optional(),
  content_block: z.looseObject({ type: z.string() }).optional(),
  delta: z
    .looseObject({
      type: z.string().optional(),
      text: z.string().optional(),
      thinking: z.string().optional(),
    })
    .optional(),
})
export type StreamEvent = z.infer<typeof StreamEvent>

const Window = z.looseObject({ utilization: z.number().nullish(), resetsAt: z.number().nullish() })
const RateLimitInfo = z.looseObject({
  status: z.string().optional(),
  /** Seconds since the epoch. */
  resetsAt: z.number().nullish(),
  rateLimitType: z.string().nullish(),
  utilization: z.number().nullish(),
  unifiedWindows: z.record(z.string(), Window).nullish(),
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

export const CanUseTool = z.looseObject({
  subtype: z.literal("can_use_tool"),
  tool_name: z.string(),
  display_name: z.string().optional(),
  input: Json,
  description: z.string().optional(),
  decision_reason: z.string().optional(),
  blocked_path: z.string().optional(),
  permission_suggestions: z.array(PermissionSuggestion).nullish(),
  tool_use_id: z.string(),
})
export type CanUseTool = z.infer<typeof CanUseTool>

const AssistantMessage = z.looseObject({
  parent_tool_use_id: z.string().nullish(),
  error: z.string().nullish(),
  aborted: z.boolean().nullish(),
  api_error: z.string().nullish(),
  message: z.looseObject({
    id: z.string(),
    model: z.string().optional(),
    content: z.array(ContentBlock),
    stop_reason: z.string().nullish(),
    usage: TokenUsage.nullish(),
  }),
})
export type AssistantMessage = z.infer<typeof AssistantMessage>

const UserMessage = z.looseObject({
  parent_tool_use_id: z.string().nullish(),
  isReplay: z.boolean().nullish(),
  message: z.looseObject({ content: z.union([z.string(), z.array(ContentBlock)]) }),
  tool_use_result: z.unknown().optional(),
  tool_result_meta: z.array(ToolResultMeta).nullish(),
})
export type UserMessage = z.infer<typeof UserMessage>

const ModelUsage = z.looseObject({ contextWindow: z.number().positive().optional() })
const Result = z.looseObject({
  subtype: z.string(),
  is_error: z.boolean(),
  result: z.string().nullish(),
  errors: z.array(z.string()).nullish(),
  api_error_status: z.number().nullish(),
  terminal_reason: z.string().nullish(),
  stop_reason: z.string().nullish(),
  num_turns: z.number().optional(),
  total_cost_usd: z.number().nullish(),
  usage: TokenUsage.nullish(),
  modelUsage: z.record(z.string(), ModelUsage).nullish(),
})
export type Result = z.infer<typeof Result>

export type WireMessage =
  | { readonly kind: "control_response"; readonly id: string; readonly ok: boolean; readonly value: unknown }
  | { readonly kind: "control_request"; readonly id: string; readonly request: Record<string, unknown> }
  | { readonly kind: "control_cancel"; readonly id: string }
  | { readonly kind: "init"; readonly nativeId: string; readonly model?: string; readonly mode?: string }
  | { readonly kind: "mode"; readonly mode: string }
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
  | { readonly kind: "task_ended"; readonly summary?: string }
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
        subtype: z.string(),
        request_id: z.string(),
        response: z.unknown().optional(),
        error: z.string().optional(),
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
    .looseObject({ request_id: z.string(), request: Json })
    .transform((line) => ({ kind: "control_request", id: line.request_id, request: line.request })),
  control_cancel_request: z
    .looseObject({ request_id: z.string() })
    .transform((line) => ({ kind: "control_cancel", id: line.request_id })),
  "system/init": z
    .looseObject({
      session_id: z.string(),
      model: z.string().optional(),
      permissionMode: z.string().optional(),
    })
    .transform((line) => ({
      kind: "init",
      nativeId: line.session_id,
      ...(line.model === undefined ? {} : { model: line.model }),
      ...(line.permissionMode === undefined ? {} : { mode: line.permissionMode }),
    })),
  "system/status": z
    .looseObject({ permissionMode: z.string().nullish() })
    .transform((line) =>
      line.permissionMode ? { kind: "mode", mode: line.permissionMode } : { kind: "other" },
    ),
  "system/session_state_changed": z
    .looseObject({ state: z.string() })
    .transform((line) => ({ kind: "state", state: line.state })),
  command_lifecycle: z
    .looseObject({ command_uuid: z.string(), state: z.string() })
    .transform((line) => ({ kind: "lifecycle", uuid: line.command_uuid, state: line.state })),
  stream_event: z
    .looseObject({ parent_tool_use_id: z.string().nullish(), event: StreamEvent })
    .transform((line) => ({ kind: "stream", subagent: Boolean(line.parent_tool_use_id), event: line.event })),
  assistant: AssistantMessage.transform((body) => ({ kind: "assistant", body })),
  user: UserMessage.transform((body) => ({ kind: "user", body })),
  result: Result.transform((body) => ({ kind: "result", body })),
  "system/api_retry": z
    .looseObject({ attempt: z.number().int().optional(), max_retries: z.number().int().optional() })
    .transform((line) => ({
      kind: "retry",
      ...(line.attempt === undefined ? {} : { attempt: line.attempt }),
      ...(line.max_retries === undefined ? {} : { of: line.max_retries }),
    })),
  "system/model_fallback": fallbackReader(),
  "system/model_refusal_fallback": fallbackReader(),
  "system/compact_boundary": z.looseObject({}).transform(() => ({ kind: "compacted" })),
  rate_limit_event: z
    .looseObject({ rate_limit_info: RateLimitInfo })
    .transform((line) => ({ kind: "rate_limit", info: line.rate_limit_info })),
  "system/task_notification": z.looseObject({ summary: z.string().optional() }).transform((line) => ({
    kind: "task_ended",
    ...(line.summary === undefined ? {} : { summary: line.summary }),
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
  "system/task_started",
  "system/task_updated",
  "system/task_progress",
  "system/background_tasks_changed",
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

const Named = z.looseObject({ type: z.string(), subtype: z.string().optional() })

/** Never throws: a line that cannot be read is itself a message. */
export function readLine(line: string): WireMessage {
  const json = parseJson(line)
  const named = Named.safeParse(json)
  if (!named.success) return { kind: "malformed", name: "line", problem: "not a message object" }
  const { type, subtype } = named.data
  const name = type === "system" && subtype !== undefined ? `system/${subtype}` : type
  const reader = readers[name]
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
  return z
    .looseObject({ original_model: z.string().optional(), fallback_model: z.string() })
    .transform((line) => ({
      kind: "fallback",
      to: line.fallback_model,
      ...(line.original_model === undefined ? {} : { from: line.original_model }),
    }))
}

// ── answers to `initialize` ──────────────────────────────────────────────────────────────────────────────────────

export const InitializeResult = z.looseObject({
  models: z
    .array(
      z.looseObject({
        value: z.string(),
        resolvedModel: z.string().optional(),
        displayName: z.string().optional(),
        description: z.string().optional(),
        supportedEffortLevels: z.array(z.string()).nullish(),
      }),
    )
    .default([]),
  account: z
    .looseObject({
      email: z.string().nullish(),
      tokenSource: z.string().nullish(),
      apiKeySource: z.string().nullish(),
    })
    .nullish(),
  current_permission_mode: z.string().nullish(),
})
export type InitializeResult = z.infer<typeof InitializeResult>
