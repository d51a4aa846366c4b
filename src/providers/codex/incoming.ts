/**
 * What Codex' app-server tells us, read leniently: only the fields we use are checked, everything else may change.
 * Protocol: `codex app-server generate-ts --experimental`.
 */
import { z } from "zod"

export const Nullable = <T extends z.ZodType>(schema: T) =>
  schema.nullish().transform((value) => value ?? null)
/** What is not essential may come in any form: then it is as if it had not come. */
export const Optional = <T extends z.ZodType>(schema: T) => Nullable(schema).catch(null)
export const Text = z.string().catch("")
/** Of an item that is told as a whole, an unread status means that it is over. */
const Status = z.string().catch("completed")

// Items

const ChangeKind = z.union([
  z.object({ type: z.string(), move_path: Optional(z.string()) }),
  z.string().transform((type) => ({ type, move_path: null })),
])
export const FileUpdateChange = z.object({
  path: z.string(),
  kind: ChangeKind.catch({ type: "update", move_path: null }),
  diff: Text,
})
export type FileUpdateChange = z.infer<typeof FileUpdateChange>

const base = { id: z.string() }
const ThreadItem = z.discriminatedUnion("type", [
  z.object({ ...base, type: z.literal("userMessage"), clientId: Optional(z.string()) }),
  z.object({ ...base, type: z.literal("agentMessage"), text: Text }),
  z.object({ ...base, type: z.literal("plan"), text: Text }),
  z.object({
    ...base,
    type: z.literal("reasoning"),
    summary: z.array(z.string()).catch([]),
    content: z.array(z.string()).catch([]),
  }),
  z.object({
    ...base,
    type: z.literal("commandExecution"),
    command: z.string(),
    cwd: Optional(z.string()),
    status: Status,
    aggregatedOutput: Optional(z.string()),
    exitCode: Optional(z.number().int()),
    durationMs: Optional(z.number().nonnegative()),
  }),
  z.object({
    ...base,
    type: z.literal("fileChange"),
    changes: z.array(FileUpdateChange),
    status: Status,
  }),
  z.object({
    ...base,
    type: z.literal("mcpToolCall"),
    server: Text,
    tool: Text,
    status: Status,
    arguments: z.unknown().optional(),
    result: Optional(z.object({ content: z.array(z.unknown()).default([]) })),
    error: Optional(z.object({ message: z.string() })),
  }),
  z.object({
    ...base,
    type: z.literal("dynamicToolCall"),
    tool: Text,
    status: Status,
    arguments: z.unknown().optional(),
  }),
  z.object({
    ...base,
    type: z.literal("collabAgentToolCall"),
    tool: Text,
    status: Status,
    prompt: Optional(z.string()),
    receiverThreadIds: z.array(z.string()).catch([]),
  }),
  z.object({
    ...base,
    type: z.literal("subAgentActivity"),
    kind: Text,
    agentThreadId: Text,
    agentPath: Text,
  }),
  z.object({ ...base, type: z.literal("webSearch"), query: Text }),
  z.object({ ...base, type: z.literal("imageView"), path: z.string() }),
  z.object({ ...base, type: z.literal("imageGeneration"), savedPath: Optional(z.string()) }),
  z.object({ ...base, type: z.literal("contextCompaction") }),
  z.object({ ...base, type: z.literal("exitedReviewMode"), review: Text }),
])
export type ThreadItem = z.infer<typeof ThreadItem>

/** An item of a kind we do not know, or whose form has changed. */
export interface UnreadItem {
  readonly type: "unread"
  readonly id: string
  readonly kind: string
}

const UnknownItem = z
  .object({ id: z.string().catch("?"), type: z.string().catch("?") })
  .catch({ id: "?", type: "?" })
  .transform(({ id, type }): UnreadItem => ({ type: "unread", id, kind: type }))

export const AnyItem = z.union([ThreadItem, UnknownItem])
export type AnyItem = z.infer<typeof AnyItem>

// Turns and threads

/** `codexErrorInfo` is a word, or an object whose only key is the word, some with an HTTP status. */
export const TurnError = z.union([
  z.object({
    message: Text,
    codexErrorInfo: z.unknown().optional(),
    additionalDetails: Optional(z.string()),
  }),
  z.string().transform((message) => ({ message, codexErrorInfo: undefined, additionalDetails: null })),
])
export type TurnError = z.infer<typeof TurnError>

/** An error of a form nobody knows is an error all the same. */
const UnreadError = TurnError.catch({ message: "", codexErrorInfo: undefined, additionalDetails: null })

export const Turn = z.object({
  id: z.string(),
  /** `other`: a word of the future. Whoever is told that a turn ended need not know it. */
  status: z.enum(["completed", "interrupted", "failed", "inProgress", "other"]).catch("other"),
  items: z.array(AnyItem).catch([]),
  error: Nullable(UnreadError),
})
export type Turn = z.infer<typeof Turn>

/** Who began it, where another agent did. */
const SubAgent = z.object({
  subAgent: z.object({
    thread_spawn: z.object({ agent_path: Optional(z.string()), agent_nickname: Optional(z.string()) }),
  }),
})

export const Thread = z.object({
  id: z.string(),
  parentThreadId: Optional(z.string()),
  preview: Text,
  name: Optional(z.string()),
  cwd: Text,
  updatedAt: z.number().catch(0),
  model: Optional(z.string()),
  reasoningEffort: Optional(z.string()),
  originator: Optional(z.string()),
  source: z.unknown(),
  status: z
    .object({ type: z.string(), activeFlags: z.array(z.string()).catch([]) })
    .catch({ type: "notLoaded", activeFlags: [] }),
})
export type Thread = z.infer<typeof Thread>

/** The name of a thread that is a sub-agent's; null when it has none. */
export function subAgentName({ source }: Thread): string | null {
  const read = SubAgent.safeParse(source)
  if (!read.success) return null
  const { agent_path, agent_nickname } = read.data.subAgent.thread_spawn
  return agent_path?.split("/").findLast((part) => part !== "") ?? agent_nickname
}

export const SandboxPolicy = z.object({
  type: z.string(),
  writableRoots: z.array(z.string()).catch([]),
  excludeSlashTmp: z.boolean().catch(false),
})
export type SandboxPolicy = z.infer<typeof SandboxPolicy>

const CollaborationMode = z.object({ mode: z.string() })

/** The answer to `thread/start` and `thread/resume`. */
export const OpenedThread = z.object({
  thread: Thread,
  model: z.string(),
  reasoningEffort: Optional(z.string()),
  approvalPolicy: z.unknown(),
  sandbox: SandboxPolicy,
  collaborationMode: Optional(CollaborationMode),
  initialTurnsPage: Optional(z.object({ data: z.array(Turn) })),
})
export type OpenedThread = z.infer<typeof OpenedThread>

/** What Codex works towards by itself, turn after turn, while it is `active`. */
export const Goal = z.object({
  objective: z.string(),
  status: z.string(),
  tokensUsed: z.number().nonnegative().catch(0),
  tokenBudget: Optional(z.number().nonnegative()),
})
export type Goal = z.infer<typeof Goal>

// Results of the other requests

export const Initialized = z.object({ userAgent: z.string().default(""), codexHome: z.string() })
export const StartedTurn = z.object({ turn: z.object({ id: z.string() }) })
export const TurnsPage = z.object({ data: z.array(Turn), nextCursor: Nullable(z.string()) })
export const ThreadsPage = z.object({ data: z.array(Thread), nextCursor: Nullable(z.string()) })
export const ReadThread = z.object({ thread: Thread })
export const LoadedThreads = z.object({ data: z.array(z.string()) })
export const ModelsPage = z.object({
  data: z.array(
    z.object({
      id: z.string(),
      displayName: z.string().optional(),
      hidden: z.boolean().default(false),
      isDefault: z.boolean().default(false),
      supportedReasoningEfforts: z.array(z.object({ reasoningEffort: z.string() })).default([]),
    }),
  ),
  nextCursor: Nullable(z.string()),
})
export const AccountRead = z.object({
  account: Nullable(z.object({ type: z.string(), email: Nullable(z.string()) })),
  requiresOpenaiAuth: z.boolean().default(true),
})
/** What the owner wrote into `config.toml`; null where nothing is written. */
export const ConfigRead = z.object({
  config: z.object({
    model: Nullable(z.string()),
    sandbox_mode: Nullable(z.string()),
    default_permissions: Nullable(z.unknown()),
    approval_policy: z.unknown().optional(),
    sandbox_workspace_write: Nullable(
      z.object({
        writable_roots: z.array(z.string()).default([]),
        network_access: z.boolean().default(false),
        exclude_tmpdir_env_var: z.boolean().default(false),
        exclude_slash_tmp: z.boolean().default(false),
      }),
    ),
  }),
})
export type OwnersConfig = z.infer<typeof ConfigRead>["config"]

// Notifications

const inTurn = { turnId: z.string() }
const delta = { ...inTurn, itemId: z.string(), delta: z.string() }

const Count = z.number().nonnegative()
const TokenCounts = z.object({
  totalTokens: Count,
  inputTokens: Count,
  cachedInputTokens: Count.catch(0),
  outputTokens: Count,
})

const Window = Optional(
  z.object({
    usedPercent: z.number().min(0),
    windowDurationMins: Optional(z.number()),
    resetsAt: Optional(z.number()),
  }),
)
export const RateLimits = z.object({ primary: Window, secondary: Window })
export type RateLimits = z.infer<typeof RateLimits>

/** The notifications we act on, by method. Those with a `threadId` are routed by it before they are read. */
export const notifications = {
  "turn/started": z.object({ turn: Turn }),
  "turn/completed": z.object({ turn: Turn }),
  "turn/plan/updated": z.object({
    ...inTurn,
    explanation: Optional(z.string()),
    plan: z.array(z.object({ step: z.string(), status: z.string() })),
  }),
  "item/started": z.object({ ...inTurn, item: AnyItem }),
  "item/completed": z.object({ ...inTurn, item: AnyItem }),
  "item/agentMessage/delta": z.object(delta),
  "item/plan/delta": z.object(delta),
  "item/reasoning/summaryTextDelta": z.object(delta),
  "item/reasoning/textDelta": z.object(delta),
  "item/commandExecution/outputDelta": z.object(delta),
  "item/fileChange/patchUpdated": z.object({
    ...inTurn,
    itemId: z.string(),
    changes: z.array(FileUpdateChange),
  }),
  "thread/tokenUsage/updated": z.object({
    ...inTurn,
    tokenUsage: z.object({ last: TokenCounts, modelContextWindow: Optional(z.number().positive()) }),
  }),
  "thread/settings/updated": z.object({
    threadSettings: z.object({
      model: z.string(),
      effort: Optional(z.string()),
      approvalPolicy: z.unknown(),
      sandboxPolicy: SandboxPolicy,
      collaborationMode: Optional(CollaborationMode),
    }),
  }),
  "thread/name/updated": z.object({ threadName: z.string().optional() }),
  "thread/closed": z.object({}),
  "thread/goal/updated": z.object({ goal: Goal }),
  "thread/goal/cleared": z.object({}),
  "serverRequest/resolved": z.object({ requestId: z.union([z.string(), z.number()]) }),
  "model/rerouted": z.object({ ...inTurn, fromModel: z.string(), toModel: z.string() }),
  error: z.object({ ...inTurn, error: UnreadError, willRetry: z.boolean().catch(false) }),
  warning: z.object({ message: z.string() }),
  "account/rateLimits/updated": z.object({ rateLimits: RateLimits }),
} as const satisfies Record<string, z.ZodType>

export type NotificationMethod = keyof typeof notifications
export type Notification = {
  [M in NotificationMethod]: { readonly method: M; readonly params: z.infer<(typeof notifications)[M]> }
}[NotificationMethod]

/** Known and of no use to us: passed over without a word. */
const UNUSED: ReadonlySet<string> = new Set([
  "account/updated",
  "configWarning",
  "deprecationNotice",
  "hook/completed",
  "hook/started",
  "item/commandExecution/terminalInteraction",
  "item/fileChange/outputDelta",
  "item/mcpToolCall/progress",
  "item/reasoning/summaryPartAdded",
  "mcpServer/startupStatus/updated",
  "remoteControl/status/changed",
  "skills/changed",
  "thread/compacted",
  "thread/queue/changed",
  "thread/readState/changed",
  "thread/started",
  "thread/status/changed",
  "turn/diff/updated",
])

export type ReadNotification =
  | { readonly kind: "used"; readonly notification: Notification }
  | { readonly kind: "unused" }
  | { readonly kind: "unknown" }
  | { readonly kind: "malformed"; readonly error: z.ZodError }

export function readNotification(method: string, params: unknown): ReadNotification {
  if (UNUSED.has(method)) return { kind: "unused" }
  if (!isUsed(method)) return { kind: "unknown" }
  const parsed = notifications[method].safeParse(params)
  if (!parsed.success) return { kind: "malformed", error: parsed.error }
  // The table pairs each method with its schema, which the type checker cannot follow through an index.
  return { kind: "used", notification: { method, params: parsed.data } as Notification }
}

function isUsed(method: string): method is NotificationMethod {
  return Object.hasOwn(notifications, method)
}
