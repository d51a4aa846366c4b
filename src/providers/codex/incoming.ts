/**
 * What Codex' app-server tells us, read leniently: only the fields we use are checked, everything else may change.
 * Protocol: `codex app-server generate-ts --experimental`.
 */
import { z } from "zod"

const Nullable = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? null)

// Items

export const FileUpdateChange = z.object({
  path: z.string(),
  kind: z.object({ type: z.string(), move_path: Nullable(z.string()) }),
  diff: z.string().default(""),
})
export type FileUpdateChange = z.infer<typeof FileUpdateChange>

const base = { id: z.string() }
const ThreadItem = z.discriminatedUnion("type", [
  z.object({ ...base, type: z.literal("userMessage"), clientId: Nullable(z.string()) }),
  z.object({ ...base, type: z.literal("agentMessage"), text: z.string() }),
  z.object({ ...base, type: z.literal("plan"), text: z.string() }),
  z.object({
    ...base,
    type: z.literal("reasoning"),
    summary: z.array(z.string()).default([]),
    content: z.array(z.string()).default([]),
  }),
  z.object({
    ...base,
    type: z.literal("commandExecution"),
    command: z.string(),
    cwd: Nullable(z.string()),
    status: z.string(),
    aggregatedOutput: Nullable(z.string()),
    exitCode: Nullable(z.number()),
    durationMs: Nullable(z.number()),
  }),
  z.object({
    ...base,
    type: z.literal("fileChange"),
    changes: z.array(FileUpdateChange),
    status: z.string(),
  }),
  z.object({
    ...base,
    type: z.literal("mcpToolCall"),
    server: z.string(),
    tool: z.string(),
    status: z.string(),
    arguments: z.unknown().optional(),
    result: Nullable(z.object({ content: z.array(z.unknown()).default([]) })),
    error: Nullable(z.object({ message: z.string() })),
  }),
  z.object({
    ...base,
    type: z.literal("dynamicToolCall"),
    tool: z.string(),
    status: z.string(),
    arguments: z.unknown().optional(),
  }),
  z.object({
    ...base,
    type: z.literal("collabAgentToolCall"),
    tool: z.string(),
    status: z.string(),
    prompt: Nullable(z.string()),
  }),
  z.object({ ...base, type: z.literal("webSearch"), query: z.string().default("") }),
  z.object({ ...base, type: z.literal("imageView"), path: z.string() }),
  z.object({ ...base, type: z.literal("imageGeneration"), savedPath: Nullable(z.string()) }),
  z.object({ ...base, type: z.literal("contextCompaction") }),
  z.object({ ...base, type: z.literal("exitedReviewMode"), review: z.string() }),
])
export type ThreadItem = z.infer<typeof ThreadItem>

/** An item of a kind we do not know, or whose form has changed. */
export interface UnreadItem {
  readonly type: "unread"
  readonly id: string
  readonly kind: string
}

const UnknownItem = z
  .object({ id: z.string().default("?"), type: z.string().default("?") })
  .transform(({ id, type }): UnreadItem => ({ type: "unread", id, kind: type }))

export const AnyItem = z.union([ThreadItem, UnknownItem])
export type AnyItem = z.infer<typeof AnyItem>

// Turns and threads

/** `codexErrorInfo` is a word, or an object whose only key is the word, some with an HTTP status. */
export const TurnError = z.object({
  message: z.string(),
  codexErrorInfo: z.unknown().optional(),
  additionalDetails: Nullable(z.string()),
})
export type TurnError = z.infer<typeof TurnError>

export const Turn = z.object({
  id: z.string(),
  status: z.enum(["completed", "interrupted", "failed", "inProgress"]),
  items: z.array(AnyItem).default([]),
  error: Nullable(TurnError),
})
export type Turn = z.infer<typeof Turn>

export const Thread = z.object({
  id: z.string(),
  parentThreadId: Nullable(z.string()),
  preview: z.string().default(""),
  name: Nullable(z.string()),
  cwd: z.string().default(""),
  updatedAt: z.number(),
  model: Nullable(z.string()),
  reasoningEffort: Nullable(z.string()),
  originator: Nullable(z.string()),
  source: z.unknown(),
  status: z
    .object({ type: z.string(), activeFlags: z.array(z.string()).default([]) })
    .default({ type: "notLoaded", activeFlags: [] }),
})
export type Thread = z.infer<typeof Thread>

export const SandboxPolicy = z.object({
  type: z.string(),
  writableRoots: z.array(z.string()).default([]),
  excludeSlashTmp: z.boolean().default(false),
})
export type SandboxPolicy = z.infer<typeof SandboxPolicy>

const CollaborationMode = z.object({ mode: z.string() })

/** The answer to `thread/start` and `thread/resume`. */
export const OpenedThread = z.object({
  thread: Thread,
  model: z.string(),
  reasoningEffort: Nullable(z.string()),
  approvalPolicy: z.unknown(),
  sandbox: SandboxPolicy,
  collaborationMode: Nullable(CollaborationMode),
  initialTurnsPage: Nullable(z.object({ data: z.array(Turn) })),
})
export type OpenedThread = z.infer<typeof OpenedThread>

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

const TokenCounts = z.object({
  totalTokens: z.number(),
  inputTokens: z.number(),
  cachedInputTokens: z.number().default(0),
  outputTokens: z.number(),
})

const Window = Nullable(
  z.object({
    usedPercent: z.number().min(0),
    windowDurationMins: Nullable(z.number()),
    resetsAt: Nullable(z.number()),
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
    explanation: Nullable(z.string()),
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
    tokenUsage: z.object({ last: TokenCounts, modelContextWindow: Nullable(z.number()) }),
  }),
  "thread/settings/updated": z.object({
    threadSettings: z.object({
      model: z.string(),
      effort: Nullable(z.string()),
      approvalPolicy: z.unknown(),
      sandboxPolicy: SandboxPolicy,
      collaborationMode: Nullable(CollaborationMode),
    }),
  }),
  "thread/name/updated": z.object({ threadName: z.string().optional() }),
  "thread/closed": z.object({}),
  "serverRequest/resolved": z.object({ requestId: z.union([z.string(), z.number()]) }),
  "model/rerouted": z.object({ ...inTurn, fromModel: z.string(), toModel: z.string() }),
  error: z.object({ ...inTurn, error: TurnError, willRetry: z.boolean() }),
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
  "thread/goal/cleared",
  "thread/goal/updated",
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

// Requests of the server

const asked = { threadId: z.string(), turnId: z.string(), itemId: z.string() }

export const CommandApproval = z.object({
  ...asked,
  kind: z.string().default("command"),
  reason: Nullable(z.string()),
  command: Nullable(z.string()),
  cwd: Nullable(z.string()),
  networkApprovalContext: Nullable(z.object({ host: z.string() })),
  proposedExecpolicyAmendment: Nullable(z.array(z.string())),
})
export type CommandApproval = z.infer<typeof CommandApproval>

export const FileChangeApproval = z.object({
  ...asked,
  reason: Nullable(z.string()),
  grantRoot: Nullable(z.string()),
})
export type FileChangeApproval = z.infer<typeof FileChangeApproval>

const Paths = Nullable(z.array(z.string()))
export const PermissionsApproval = z.object({
  ...asked,
  cwd: Nullable(z.string()),
  reason: Nullable(z.string()),
  permissions: z.object({
    network: Nullable(z.object({ enabled: Nullable(z.boolean()) })),
    fileSystem: Nullable(z.object({ read: Paths, write: Paths })),
  }),
})
export type PermissionsApproval = z.infer<typeof PermissionsApproval>

export const UserInputRequest = z.object({
  ...asked,
  questions: z
    .array(
      z.object({
        id: z.string(),
        header: z.string().default(""),
        question: z.string(),
        isOther: z.boolean().default(false),
        isSecret: z.boolean().default(false),
        options: Nullable(z.array(z.object({ label: z.string(), description: z.string().default("") }))),
      }),
    )
    .min(1),
})
export type UserInputRequest = z.infer<typeof UserInputRequest>

const Choice = z.object({ const: z.string(), title: z.string().optional() })
export const ElicitationProperty = z.object({
  type: z.string(),
  title: z.string().optional(),
  description: z.string().optional(),
  enum: z.array(z.string()).optional(),
  oneOf: z.array(Choice).optional(),
  items: z.object({ enum: z.array(z.string()).optional(), anyOf: z.array(Choice).optional() }).optional(),
})
export type ElicitationProperty = z.infer<typeof ElicitationProperty>

export const Elicitation = z.object({
  threadId: z.string(),
  turnId: Nullable(z.string()),
  serverName: z.string(),
  mode: z.string(),
  message: z.string().default(""),
  /** Codex' own: how long a yes to a tool may hold. */
  _meta: Nullable(z.object({ persist: z.array(z.string()).optional().catch(undefined) })),
  requestedSchema: z.object({ properties: z.record(z.string(), ElicitationProperty).default({}) }).optional(),
})
export type Elicitation = z.infer<typeof Elicitation>
