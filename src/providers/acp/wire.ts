/**
 * What agents send, as far as we read it. Lenient on purpose: an unknown field, kind or status of a newer agent must
 * not cost the rest of the message. Shapes: agentclientprotocol.com, schema v1; `models` is the legacy extension that
 * several agents still send.
 */
import { z } from "zod"

const text = z.string()
const optionalText = z.string().nullish().catch(undefined)
export const Meta = z.record(z.string(), z.unknown()).nullish().catch(undefined)
export type Meta = z.infer<typeof Meta>

/** Our id of an attempt, given with a prompt and expected back on the user message of a replay. */
export const ATTEMPT_META = "remoteagent/attempt"
/** Given back by an agent at the end of a replayed turn: `{ attempt, stopReason }`. */
export const ENDED_META = "remoteagent/ended"
/** In an agent's capabilities: it keeps our attempt ids with every prompt before it works on it. */
export const KEEPS_ATTEMPTS_META = "remoteagent/keepsAttempts"

export const EndedMark = z.object({ attempt: z.string(), stopReason: z.string() })

// ── content ──────────────────────────────────────────────────────────────────────────────────────────────────────

export const Content = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("text"), text }),
    z.object({ type: z.literal("image"), data: text, mimeType: text }),
    z.object({ type: z.literal("resource_link"), uri: text, name: optionalText }),
    z.object({ type: z.literal("resource"), resource: z.object({ uri: optionalText, text: optionalText }) }),
  ])
  .or(z.object({ type: z.string() }).transform(() => ({ type: "other" as const })))
export type Content = z.infer<typeof Content>

const ToolContent = z
  .discriminatedUnion("type", [
    z.object({ type: z.literal("content"), content: Content }),
    z.object({ type: z.literal("diff"), path: text, oldText: optionalText, newText: text }),
  ])
  .or(z.object({ type: z.string() }).transform(() => ({ type: "other" as const })))
export type ToolContent = z.infer<typeof ToolContent>

/** A tool call as told by `tool_call`, `tool_call_update` or a permission request: all are upserts by id. */
export const ToolCallPatch = z.object({
  toolCallId: z.string().catch(""),
  title: optionalText,
  name: optionalText,
  kind: optionalText,
  status: z.enum(["pending", "in_progress", "completed", "failed"]).nullish().catch(undefined),
  content: z.array(ToolContent).nullish().catch(undefined),
  locations: z
    .array(z.object({ path: text }))
    .nullish()
    .catch(undefined),
  rawInput: z.unknown().optional(),
  rawOutput: z.unknown().optional(),
})
export type ToolCallPatch = z.infer<typeof ToolCallPatch>

// ── settings an agent offers ─────────────────────────────────────────────────────────────────────────────────────

const Choice = z.object({ value: text, name: text })
const ConfigOption = z
  .object({
    type: z.literal("select"),
    id: text,
    name: text,
    category: optionalText,
    currentValue: text,
    options: z.array(z.union([Choice, z.object({ options: z.array(Choice) })])),
  })
  .or(z.object({ type: z.string() }).transform(() => null))
export const ConfigOptions = z.array(ConfigOption).nullish().catch(undefined)

export const SessionResult = z.object({
  sessionId: z.string().optional(),
  configOptions: ConfigOptions,
  modes: z
    .object({ currentModeId: text, availableModes: z.array(z.object({ id: text, name: text })) })
    .nullish()
    .catch(undefined),
  models: z
    .object({ currentModelId: text, availableModels: z.array(z.object({ modelId: text, name: text })) })
    .nullish()
    .catch(undefined),
})
export type SessionResult = z.infer<typeof SessionResult>

// ── updates ──────────────────────────────────────────────────────────────────────────────────────────────────────

const chunk = { content: Content, messageId: optionalText, _meta: Meta }
const PlanEntry = z.object({ content: z.string().catch(""), status: optionalText })

export const Update = z.discriminatedUnion("sessionUpdate", [
  z.object({ sessionUpdate: z.literal("user_message_chunk"), ...chunk }),
  z.object({ sessionUpdate: z.literal("agent_message_chunk"), ...chunk }),
  z.object({ sessionUpdate: z.literal("agent_thought_chunk"), ...chunk }),
  ToolCallPatch.extend({ sessionUpdate: z.literal("tool_call") }),
  ToolCallPatch.extend({ sessionUpdate: z.literal("tool_call_update") }),
  z.object({ sessionUpdate: z.literal("plan"), entries: z.array(PlanEntry) }),
  z.object({ sessionUpdate: z.literal("available_commands_update") }),
  z.object({ sessionUpdate: z.literal("current_mode_update"), currentModeId: text }),
  z.object({ sessionUpdate: z.literal("config_option_update"), configOptions: ConfigOptions }),
  z.object({ sessionUpdate: z.literal("session_info_update"), title: optionalText, _meta: Meta }),
  z.object({
    sessionUpdate: z.literal("usage_update"),
    used: z.number().nonnegative(),
    size: z.number().nonnegative().catch(0),
    cost: z.object({ amount: z.number(), currency: text }).nullish().catch(undefined),
  }),
  z.object({ sessionUpdate: z.literal("notice"), title: text, description: optionalText }),
  z.object({ sessionUpdate: z.literal("compaction_update"), status: optionalText }),
])
export type Update = z.infer<typeof Update>

export const UpdateEnvelope = z.object({
  sessionId: text,
  update: z.looseObject({ sessionUpdate: text }),
  _meta: Meta,
})
export type UpdateEnvelope = z.infer<typeof UpdateEnvelope>

// ── requests and results ─────────────────────────────────────────────────────────────────────────────────────────

const NoOption = { optionId: "", name: "", kind: "" }
export const PermissionRequest = z.object({
  sessionId: z.string().catch(""),
  toolCall: ToolCallPatch.catch({ toolCallId: "" }),
  options: z
    .array(z.object({ optionId: text, name: z.string().catch(""), kind: text }).catch(NoOption))
    .catch([]),
})
export type PermissionRequest = z.infer<typeof PermissionRequest>

export type PermissionResponse = {
  readonly outcome:
    | { readonly outcome: "cancelled" }
    | { readonly outcome: "selected"; readonly optionId: string }
}

export const ElicitationRequest = z.object({
  sessionId: optionalText,
  mode: optionalText,
  message: z.string().catch(""),
  requestedSchema: z.unknown().optional(),
})
export type ElicitationRequest = z.infer<typeof ElicitationRequest>

export type ElicitationResponse =
  | { readonly action: "decline" | "cancel" }
  | {
      readonly action: "accept"
      readonly content: Readonly<Record<string, string | number | boolean | readonly string[]>>
    }

const flag = z.boolean().optional().catch(undefined)
const offered = z.unknown().transform((value) => value !== undefined && value !== null && value !== false)
export const InitializeResult = z.object({
  protocolVersion: z.number(),
  agentInfo: z
    .object({ name: optionalText, title: optionalText, version: optionalText })
    .nullish()
    .catch(undefined),
  agentCapabilities: z
    .object({
      loadSession: flag,
      promptCapabilities: z.object({ image: flag, embeddedContext: flag }).optional().catch(undefined),
      sessionCapabilities: z
        .object({ list: offered, resume: offered, close: offered, delete: offered })
        .partial()
        .optional()
        .catch(undefined),
      _meta: Meta,
    })
    .optional()
    .catch(undefined),
  authMethods: z
    .array(z.object({ id: text, name: optionalText, type: optionalText }))
    .nullish()
    .catch(undefined),
  _meta: Meta,
})
export type InitializeResult = z.infer<typeof InitializeResult>

const count = z.number().nonnegative().nullish().catch(undefined)
/** However it is said, it is the end. */
const InOrder = { stopReason: "end_turn" }
const PromptEnd = z.object({
  stopReason: z.string().catch("end_turn"),
  usage: z
    .object({ inputTokens: count, outputTokens: count, cachedReadTokens: count })
    .nullish()
    .catch(undefined),
})
export const PromptResult = PromptEnd.catch(InOrder)
export type PromptResult = z.infer<typeof PromptResult>

export const ListResult = z.object({
  sessions: z.array(
    z.object({ sessionId: text, cwd: z.string().catch(""), title: optionalText, updatedAt: optionalText }),
  ),
  nextCursor: optionalText,
})
export type ListResult = z.infer<typeof ListResult>
