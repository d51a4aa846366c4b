/** What happens inside a session, in words every provider maps to and every surface shows. */
import { z } from "zod"
import { AttemptId, Instant, ItemId, ProviderId, RequestId, SessionId } from "./ids.ts"
import { OptionalReason } from "./reason.ts"

// ── prompts ──────────────────────────────────────────────────────────────────────────────────────────────────────

/** A file the owner sent, already on the machine's disk. */
export const PromptFile = z.object({
  path: z.string(),
  name: z.string(),
  mediaType: z.string(),
  size: z.number().int().nonnegative(),
})
export type PromptFile = z.infer<typeof PromptFile>

export const Prompt = z.object({ text: z.string(), files: z.array(PromptFile).readonly() })
export type Prompt = z.infer<typeof Prompt>

// ── settings of a session ────────────────────────────────────────────────────────────────────────────────────────

export const Sandbox = z.enum(["read-only", "workspace-write", "danger-full-access"])
export type Sandbox = z.infer<typeof Sandbox>

/** What the owner chose; an absent field means the provider's own default. `mode` is one of the provider's modes. */
export const Settings = z.object({
  model: z.string().optional(),
  effort: z.string().optional(),
  mode: z.string().optional(),
  sandbox: Sandbox.optional(),
})
export type Settings = z.infer<typeof Settings>

/** Everything the host needs to open, or find open, the provider's side of a session. */
export const SessionSpec = z.object({
  session: SessionId,
  provider: ProviderId,
  workspace: z.string(),
  /** The provider's own thread or session id; null before the first turn of a fresh session. */
  nativeId: z.string().nullable(),
  settings: Settings,
})
export type SessionSpec = z.infer<typeof SessionSpec>

// ── items ────────────────────────────────────────────────────────────────────────────────────────────────────────

/** `dropped`: begun but superseded (a steer or a retry replaced it); `interrupted`: cut off by a stop or a crash. */
export const ItemStatus = z.enum(["running", "completed", "failed", "declined", "interrupted", "dropped"])
export type ItemStatus = z.infer<typeof ItemStatus>

export const FileChange = z.object({
  path: z.string(),
  change: z.enum(["add", "update", "delete", "move"]),
  movedTo: z.string().optional(),
  /** Unified diff, bounded by the adapter. */
  diff: z.string().optional(),
})
export type FileChange = z.infer<typeof FileChange>

export const PlanStep = z.object({ text: z.string(), status: z.enum(["pending", "running", "completed"]) })
export type PlanStep = z.infer<typeof PlanStep>

const itemBase = { id: ItemId, status: ItemStatus }

/** Upserted by id: a later item with the same id replaces the earlier one. */
export const Item = z.discriminatedUnion("kind", [
  z.object({ ...itemBase, kind: z.literal("message"), text: z.string() }),
  z.object({ ...itemBase, kind: z.literal("reasoning"), text: z.string() }),
  z.object({
    ...itemBase,
    kind: z.literal("command"),
    command: z.string(),
    cwd: z.string().optional(),
    /** Bounded by the adapter; `truncated` says that the middle was left out. */
    output: z.string().optional(),
    truncated: z.boolean().optional(),
    exitCode: z.number().int().nullable().optional(),
    durationMs: z.number().nonnegative().optional(),
  }),
  z.object({ ...itemBase, kind: z.literal("file_change"), changes: z.array(FileChange).readonly() }),
  z.object({
    ...itemBase,
    kind: z.literal("tool"),
    name: z.string(),
    title: z.string().optional(),
    input: z.string().optional(),
    output: z.string().optional(),
  }),
  z.object({
    ...itemBase,
    kind: z.literal("plan"),
    steps: z.array(PlanStep).readonly(),
    text: z.string().optional(),
  }),
  z.object({ ...itemBase, kind: z.literal("image"), path: z.string(), mediaType: z.string() }),
])
export type Item = z.infer<typeof Item>

// ── requests and answers ─────────────────────────────────────────────────────────────────────────────────────────

/**
 * What an option does. `allow_session`: until the session closes; `allow_always`: stored by the provider as a rule;
 * `deny`: the agent is told and goes on; `deny_stop`: the turn ends.
 */
export const OptionEffect = z.enum(["allow_once", "allow_session", "allow_always", "deny", "deny_stop"])
export type OptionEffect = z.infer<typeof OptionEffect>

export const RequestOption = z.object({
  id: z.string(),
  effect: OptionEffect,
  /** What exactly it allows when that is more than the effect says: a command prefix, a directory, a mode. */
  scope: z.string().optional(),
  /** The provider's own wording, shown only when our own for the effect would hide a difference. */
  label: z.string().optional(),
})
export type RequestOption = z.infer<typeof RequestOption>

export const Question = z.object({
  id: z.string(),
  header: z.string().optional(),
  text: z.string(),
  options: z.array(z.object({ label: z.string(), description: z.string().optional() })).readonly(),
  multiple: z.boolean(),
  freeText: z.boolean(),
  /** The answer must not be shown or logged. */
  secret: z.boolean().optional(),
})
export type Question = z.infer<typeof Question>

/** What an agent may not do by itself, and asks for. */
export const Permission = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("network"), host: z.string().optional() }),
  z.object({ kind: z.literal("read"), path: z.string() }),
  z.object({ kind: z.literal("write"), path: z.string() }),
])
export type Permission = z.infer<typeof Permission>

/** Whose wish it is, when it is not the session's own agent with tools of its own. */
export const Origin = z.object({
  /** The MCP server whose tool is to be called. */
  mcpServer: z.string().optional(),
  /** The sub-agent that asks, by the best name there is. */
  subagent: z.string().optional(),
})
export type Origin = z.infer<typeof Origin>

export const RequestBody = z.discriminatedUnion("kind", [
  z.object({
    kind: z.literal("approval"),
    subject: z.enum(["command", "file_change", "tool", "permission"]),
    /** One line: the command, the tool's name with what it is about, the permission's name. Never the model's words. */
    title: z.string(),
    command: z.string().optional(),
    cwd: z.string().optional(),
    /** Why, in the words of the agent or its model. */
    reason: z.string().optional(),
    changes: z.array(FileChange).readonly().optional(),
    /** What is asked for, when the subject is `permission`; the title says the same in English. */
    permissions: z.array(Permission).readonly().optional(),
    /** Arguments that nothing above shows, whole, as indented JSON. */
    input: z.string().optional(),
    origin: Origin.optional().catch(undefined),
    /** The item this approval is about, when there is one. */
    item: ItemId.optional(),
    options: z.array(RequestOption).min(1).readonly(),
    /** Whether a reason given with a denial reaches the agent. */
    acceptsReason: z.boolean(),
  }),
  z.object({ kind: z.literal("question"), questions: z.array(Question).min(1).readonly() }),
  z.object({
    kind: z.literal("plan"),
    markdown: z.string(),
    options: z.array(RequestOption).min(1).readonly(),
    acceptsReason: z.boolean(),
  }),
])
export type RequestBody = z.infer<typeof RequestBody>

export const Answer = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("option"), option: z.string(), reason: z.string().optional() }),
  z.object({ kind: z.literal("answers"), answers: z.record(z.string(), z.array(z.string())) }),
  z.object({ kind: z.literal("dismissed") }),
])
export type Answer = z.infer<typeof Answer>

// ── outcomes and failures ────────────────────────────────────────────────────────────────────────────────────────

export const FailureClass = z.enum([
  "capacity",
  "rate_limit",
  "usage_limit",
  "auth",
  "context_overflow",
  "empty_response",
  "transport",
  "timeout",
  "crashed",
  "refused",
  "stopped",
  "bad_request",
  "unknown",
])
export type FailureClass = z.infer<typeof FailureClass>

export const Failure = z.object({
  class: FailureClass,
  /** What we know beyond the class, with its remedy; absent where the class says it all. */
  reason: OptionalReason,
  /** Words of the agent or its model service, in their language; never a raw payload, stack trace or internal path. */
  detail: z.string().optional(),
  resetsAt: Instant.optional(),
  /** Where the raw payload is in the log. */
  logId: z.string().optional(),
})
export type Failure = z.infer<typeof Failure>

/**
 * How an attempt ended. `indeterminate`: the host died while the provider worked; `consumed` says whether the
 * provider's transcript shows that the prompt had reached it.
 */
export const Outcome = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("completed"), text: z.string() }),
  z.object({ kind: z.literal("failed"), failure: Failure, text: z.string() }),
  z.object({ kind: z.literal("stopped"), text: z.string() }),
  z.object({ kind: z.literal("indeterminate"), consumed: z.enum(["yes", "unknown"]), text: z.string() }),
])
export type Outcome = z.infer<typeof Outcome>

/**
 * In the order of a turn's life; the last four are its outcomes. `steering`: being passed on into the running turn;
 * until it is known whether that took it, nobody can do anything else with it.
 */
export const TurnState = z.enum([
  "queued",
  "steering",
  "dispatching",
  "running",
  "waiting",
  "completed",
  "failed",
  "stopped",
  "indeterminate",
])
export type TurnState = z.infer<typeof TurnState>

export const Usage = z.object({
  inputTokens: z.number().nonnegative().optional(),
  cachedInputTokens: z.number().nonnegative().optional(),
  outputTokens: z.number().nonnegative().optional(),
  /** Tokens in the context now, and how many fit. */
  contextTokens: z.number().nonnegative().optional(),
  contextWindow: z.number().positive().optional(),
  costUsd: z.number().nonnegative().optional(),
})
export type Usage = z.infer<typeof Usage>

/** One of a provider's quota windows, as the provider last reported it. */
export const Limit = z.object({
  name: z.string(),
  usedPercent: z.number().min(0),
  resetsAt: Instant.optional(),
})
export type Limit = z.infer<typeof Limit>

// ── what a provider tells ────────────────────────────────────────────────────────────────────────────────────────

export const Notice = z.discriminatedUnion("code", [
  /** The provider itself retries; never final. */
  z.object({
    code: z.literal("retrying"),
    attempt: z.number().int().optional(),
    of: z.number().int().optional(),
  }),
  z.object({ code: z.literal("model_changed"), from: z.string().optional(), to: z.string() }),
  z.object({ code: z.literal("context_compacted") }),
  /** What the agent works towards by itself, turn after turn, and the tokens it has spent on it, of `budget`. */
  z.object({
    code: z.literal("goal"),
    objective: z.string(),
    state: z.enum(["active", "paused", "blocked", "limited", "reached"]),
    tokens: z.number().nonnegative(),
    budget: z.number().nonnegative().optional(),
  }),
  /** `detail`: the agent's own words; empty where `reason` says it in the owner's language. */
  z.object({ code: z.literal("sandbox_unusable"), detail: z.string(), reason: OptionalReason }),
  z.object({ code: z.literal("warning"), detail: z.string(), reason: OptionalReason }),
  /** Nothing was heard from the provider for this long; it is still being waited for. */
  z.object({ code: z.literal("silent"), seconds: z.number().nonnegative() }),
])
export type Notice = z.infer<typeof Notice>

/**
 * Durable facts in the order they happened. Every event that belongs to a prompt names its attempt; a provider may
 * also work on its own (a background task that ended), which is an attempt of its own begun by `attempt.began`.
 */
export const ProviderEvent = z.discriminatedUnion("kind", [
  /** The provider has the prompt. */
  z.object({ kind: z.literal("attempt.accepted"), attempt: AttemptId }),
  /** The provider started working by itself, without a prompt of ours. */
  z.object({ kind: z.literal("attempt.began"), attempt: AttemptId, reason: z.string() }),
  z.object({ kind: z.literal("item"), attempt: AttemptId, item: Item }),
  z.object({ kind: z.literal("request.opened"), attempt: AttemptId, request: RequestId, body: RequestBody }),
  /** The provider no longer waits: answered (by us or elsewhere) or withdrawn. */
  z.object({
    kind: z.literal("request.closed"),
    attempt: AttemptId,
    request: RequestId,
    why: z.enum(["answered", "answered_elsewhere", "withdrawn"]),
  }),
  z.object({ kind: z.literal("notice"), attempt: AttemptId, notice: Notice }),
  z.object({ kind: z.literal("usage"), attempt: AttemptId, usage: Usage }),
  z.object({ kind: z.literal("attempt.ended"), attempt: AttemptId, outcome: Outcome }),
  /** The provider's own id and the settings it really uses, whenever they become known or change. */
  z.object({
    kind: z.literal("session.changed"),
    nativeId: z.string(),
    settings: Settings,
    title: z.string().optional(),
  }),
  z.object({ kind: z.literal("limits"), limits: z.array(Limit).readonly() }),
])
export type ProviderEvent = z.infer<typeof ProviderEvent>

// ── what a provider is ───────────────────────────────────────────────────────────────────────────────────────────

export const Capabilities = z.object({
  steer: z.boolean(),
  fork: z.boolean(),
  resume: z.boolean(),
  listNative: z.boolean(),
  approvals: z.boolean(),
  questions: z.boolean(),
  planMode: z.boolean(),
  images: z.boolean(),
  effort: z.boolean(),
  sandbox: z.array(Sandbox).readonly(),
  /** Whether its transcript can tell, after a crash, that a prompt was consumed. */
  provesConsumption: z.boolean(),
})
export type Capabilities = z.infer<typeof Capabilities>

export const Mode = z.object({
  id: z.string(),
  /** What it means for the owner. */
  meaning: z.enum(["ask", "ask_untrusted", "accept_edits", "plan", "auto", "never_ask", "other"]),
  label: z.string(),
})
export type Mode = z.infer<typeof Mode>

export const Model = z.object({
  id: z.string(),
  label: z.string(),
  isDefault: z.boolean(),
  efforts: z.array(z.string()).readonly(),
})
export type Model = z.infer<typeof Model>

/** The machine-readable remedy; surfaces turn it into words. */
export const Remedy = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("install"), command: z.string() }),
  z.object({ kind: z.literal("update"), command: z.string(), minimum: z.string() }),
  z.object({ kind: z.literal("sign_in"), command: z.string() }),
  z.object({ kind: z.literal("configure"), key: z.string() }),
  /** `detail`: what an older host says in its own words; empty where `reason` says it. */
  z.object({ kind: z.literal("sandbox"), detail: z.string(), reason: OptionalReason }),
])
export type Remedy = z.infer<typeof Remedy>

export const ProviderStatus = z.object({
  provider: ProviderId,
  label: z.string(),
  state: z.enum(["ready", "signed_out", "not_installed", "too_old", "broken"]),
  version: z.string().optional(),
  account: z.string().optional(),
  /** Why it is `broken`. */
  failure: Failure.optional(),
  /** The same, as an older host says it in its own words. */
  detail: z.string().optional(),
  sandboxUsable: z.boolean().optional(),
  remedies: z.array(Remedy).readonly(),
  capabilities: Capabilities,
  modes: z.array(Mode).readonly(),
})
export type ProviderStatus = z.infer<typeof ProviderStatus>

/** A session the provider knows, started by anyone, also by hand in a terminal. */
export const NativeSession = z.object({
  nativeId: z.string(),
  title: z.string(),
  workspace: z.string(),
  updatedAt: Instant,
  origin: z.enum(["ours", "terminal", "other"]),
  /** `open_elsewhere`: another process writes to it now. */
  state: z.enum(["free", "open_elsewhere"]),
  settings: Settings,
  /** The words that go on with it in a terminal, in its workspace; absent where the agent has no such program. */
  terminal: z.array(z.string()).readonly().optional(),
})
export type NativeSession = z.infer<typeof NativeSession>
