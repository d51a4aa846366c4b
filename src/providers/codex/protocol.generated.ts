// Generated from codex-cli 0.169.0 by scripts/generate-codex-protocol.ts: `codex app-server generate-ts --experimental`,
// cut down to what is used. Do not edit.

export type AbsolutePathBuf = string

export type AdditionalFileSystemPermissions = { read: Array<LegacyAppPathString> | null, write: Array<LegacyAppPathString> | null }

export type AdditionalNetworkPermissions = { enabled: boolean | null }

export type AskForApproval = "untrusted" | "on-request" | "never"

export type ByteRange = { start: number, end: number }

export type ClientInfo = { name: string, title: string | null, version: string }

export type CollaborationMode = { mode: ModeKind, settings: Settings }

export type CommandExecutionApprovalDecision = "accept" | "acceptForSession" | { "acceptWithExecpolicyAmendment": { execpolicy_amendment: ExecPolicyAmendment } } | "decline" | "cancel"

export type CommandExecutionRequestApprovalResponse = { decision: CommandExecutionApprovalDecision }

export type ConfigReadParams = { cwd?: string | null, includeLayers?: boolean }

export type ExecPolicyAmendment = Array<string>

export type FileChangeApprovalDecision = "accept" | "acceptForSession" | "decline" | "cancel"

export type FileChangeRequestApprovalResponse = { decision: FileChangeApprovalDecision }

export type GetAccountParams = { refreshToken?: boolean }

export type GrantedPermissionProfile = { network?: AdditionalNetworkPermissions, fileSystem?: AdditionalFileSystemPermissions }

export type ImageDetail = "auto" | "low" | "high" | "original"

export type InitializeCapabilities = { experimentalApi: boolean, requestAttestation: boolean }

export type InitializeParams = { clientInfo: ClientInfo, capabilities: InitializeCapabilities | null }

export type JsonValue = number | string | boolean | Array<JsonValue> | { [key in string]?: JsonValue } | null

export type LegacyAppPathString = string

export type McpServerElicitationAction = "accept" | "decline" | "cancel"

export type McpServerElicitationRequestResponse = { action: McpServerElicitationAction, content: JsonValue | null, _meta: JsonValue | null }

export type ModeKind = "plan" | "default"

export type ModelListParams = { cursor?: string | null, limit?: number | null }

export type NetworkAccess = "restricted" | "enabled"

export type PermissionGrantScope = "turn" | "session"

export type PermissionsRequestApprovalResponse = { permissions: GrantedPermissionProfile, scope: PermissionGrantScope }

export type ReasoningEffort = string

export type SandboxMode = "read-only" | "workspace-write" | "danger-full-access"

export type SandboxPolicy = { "type": "dangerFullAccess" } | { "type": "readOnly", networkAccess: boolean } | { "type": "externalSandbox", networkAccess: NetworkAccess } | { "type": "workspaceWrite", writableRoots: Array<AbsolutePathBuf>, networkAccess: boolean, excludeTmpdirEnvVar: boolean, excludeSlashTmp: boolean }

export type Settings = { model: string, reasoning_effort: ReasoningEffort | null, developer_instructions: string | null }

export type SortDirection = "asc" | "desc"

export type TextElement = { byteRange: ByteRange, placeholder: string | null }

export type ThreadBackgroundTerminalsCleanParams = { threadId: string }

export type ThreadListParams = { cursor?: string | null, limit?: number | null, sortKey?: ThreadSortKey | null, sortDirection?: SortDirection | null, modelProviders?: Array<string> | null, sourceKinds?: Array<ThreadSourceKind> | null, cwd?: string | Array<string> | null }

export type ThreadReadParams = { threadId: string, includeTurns?: boolean }

export type ThreadResumeInitialTurnsPageParams = { limit?: number | null, sortDirection?: SortDirection | null, itemsView?: TurnItemsView | null }

export type ThreadResumeParams = { threadId: string, cwd?: string | null, model?: string | null, approvalPolicy?: AskForApproval | null, sandbox?: SandboxMode | null, excludeTurns?: boolean, initialTurnsPage?: ThreadResumeInitialTurnsPageParams | null }

export type ThreadSortKey = "created_at" | "updated_at" | "recency_at" | "section_position"

export type ThreadSourceKind = "cli" | "vscode" | "exec" | "appServer" | "subAgent" | "subAgentReview" | "subAgentCompact" | "subAgentThreadSpawn" | "subAgentOther" | "unknown"

export type ThreadStartParams = { cwd?: string | null, model?: string | null, approvalPolicy?: AskForApproval | null, sandbox?: SandboxMode | null }

export type ThreadTurnsListParams = { threadId: string, cursor?: string | null, limit?: number | null, sortDirection?: SortDirection | null, itemsView?: TurnItemsView | null }

export type ThreadUnsubscribeParams = { threadId: string }

export type ToolRequestUserInputAnswer = { answers: Array<string> }

export type ToolRequestUserInputResponse = { answers: { [key in string]?: ToolRequestUserInputAnswer } }

export type TurnInterruptParams = { threadId: string, turnId: string }

export type TurnItemsView = "notLoaded" | "summary" | "full"

export type TurnStartParams = { threadId: string, clientUserMessageId?: string | null, input: Array<UserInput>, approvalPolicy?: AskForApproval | null, sandboxPolicy?: SandboxPolicy | null, model?: string | null, effort?: ReasoningEffort | null, collaborationMode?: CollaborationMode | null }

export type TurnSteerParams = { threadId: string, clientUserMessageId?: string | null, input: Array<UserInput>, expectedTurnId: string }

export type UserInput = { "type": "text", text: string, text_elements: Array<TextElement> } | { "type": "localImage", detail?: ImageDetail, path: string }
