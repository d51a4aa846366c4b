/** Environment names, where each lands in the configuration, and what a bad value means for the start. */

/** How the text of an environment variable is read. */
export type Reading = "text" | "integer" | "boolean" | "list" | "path"

/** What is accepted, as a key of the configuration texts (`config.accept.<accepts>`). */
export type Accepts =
  | "token"
  | "owner"
  | "url"
  | "provider"
  | "path"
  | "duration"
  | "program"
  | "sandbox"
  | "permission_mode"
  | "command"
  | "boolean"
  | "loopback"
  | "port"
  | "days"
  | "history_days"
  | "log_days"
  | "bytes"
  | "language"
  | "log_level"

export interface Setting {
  readonly name: string
  readonly path: readonly string[]
  readonly reading: Reading
  readonly accepts: Accepts
  /** `degraded`: the runtime starts without the part that the setting is about. */
  readonly ifBad: "fatal" | "degraded"
  readonly secret?: true
  /** Narrower than what the schema of the path allows. */
  readonly choices?: readonly string[]
}

/** Claude Code's own names, in the order of its `--permission-mode` help. */
const claudeModes = ["acceptEdits", "auto", "bypassPermissions", "default", "dontAsk", "plan"]

const program = (name: string, id: string): Setting => ({
  name,
  path: ["providers", id, "command"],
  reading: "text",
  accepts: "program",
  ifBad: "fatal",
})

const commands = (prefix: string, id: string): readonly Setting[] =>
  [
    { name: `${prefix}_INSTALL_COMMAND`, step: "install" },
    { name: `${prefix}_LOGIN_START_COMMAND`, step: "loginStart" },
    { name: `${prefix}_LOGIN_FINISH_COMMAND`, step: "loginFinish" },
  ].map(({ name, step }) => ({
    name,
    path: ["commands", id, step],
    reading: "text",
    accepts: "command",
    ifBad: "fatal",
  }))

export const settings: readonly Setting[] = [
  {
    name: "TELEGRAM_BOT_TOKEN",
    path: ["telegram", "botTokens"],
    reading: "list",
    accepts: "token",
    ifBad: "degraded",
    secret: true,
  },
  {
    name: "TELEGRAM_BOT_TOKENS",
    path: ["telegram", "botTokens"],
    reading: "list",
    accepts: "token",
    ifBad: "degraded",
    secret: true,
  },
  {
    name: "TELEGRAM_OWNER_ID",
    path: ["telegram", "ownerId"],
    reading: "integer",
    accepts: "owner",
    ifBad: "degraded",
  },
  {
    name: "TELEGRAM_API_ROOT",
    path: ["telegram", "apiRoot"],
    reading: "text",
    accepts: "url",
    ifBad: "fatal",
  },
  {
    name: "DEFAULT_MODE",
    path: ["sessions", "defaultProvider"],
    reading: "text",
    accepts: "provider",
    ifBad: "fatal",
  },
  {
    name: "DEFAULT_WORKSPACE",
    path: ["sessions", "defaultWorkspace"],
    reading: "path",
    accepts: "path",
    ifBad: "fatal",
  },
  {
    name: "WORKSPACE_ROOT",
    path: ["sessions", "workspaceRoot"],
    reading: "path",
    accepts: "path",
    ifBad: "fatal",
  },
  {
    name: "COMMAND_TIMEOUT_MS",
    path: ["timeouts", "commandMs"],
    reading: "integer",
    accepts: "duration",
    ifBad: "fatal",
  },
  {
    name: "SETUP_COMMAND_TIMEOUT_MS",
    path: ["timeouts", "setupCommandMs"],
    reading: "integer",
    accepts: "duration",
    ifBad: "fatal",
  },
  program("CODEX_BIN", "codex"),
  ...commands("CODEX", "codex"),
  {
    name: "CODEX_SANDBOX_MODE",
    path: ["defaults", "codex", "sandbox"],
    reading: "text",
    accepts: "sandbox",
    ifBad: "fatal",
  },
  program("CLAUDE_BIN", "claude"),
  ...commands("CLAUDE", "claude"),
  {
    name: "CLAUDE_PERMISSION_MODE",
    path: ["defaults", "claude", "mode"],
    reading: "text",
    accepts: "permission_mode",
    choices: claudeModes,
    ifBad: "fatal",
  },
  ...commands("OPENCLAW", "openclaw"),
  {
    name: "LOCAL_UI_ENABLED",
    path: ["localUi", "enabled"],
    reading: "boolean",
    accepts: "boolean",
    ifBad: "degraded",
  },
  {
    name: "LOCAL_UI_HOST",
    path: ["localUi", "host"],
    reading: "text",
    accepts: "loopback",
    ifBad: "degraded",
  },
  {
    name: "LOCAL_UI_PORT",
    path: ["localUi", "port"],
    reading: "integer",
    accepts: "port",
    ifBad: "degraded",
  },
  {
    name: "ARTIFACT_CLEANUP_ENABLED",
    path: ["artifacts", "cleanup"],
    reading: "boolean",
    accepts: "boolean",
    ifBad: "fatal",
  },
  {
    name: "ARTIFACT_RETENTION_DAYS",
    path: ["artifacts", "retentionDays"],
    reading: "integer",
    accepts: "days",
    ifBad: "fatal",
  },
  {
    name: "ARTIFACT_CLEANUP_INTERVAL_MS",
    path: ["artifacts", "cleanupIntervalMs"],
    reading: "integer",
    accepts: "duration",
    ifBad: "fatal",
  },
  {
    name: "ARTIFACT_MAX_BYTES",
    path: ["artifacts", "maxBytes"],
    reading: "integer",
    accepts: "bytes",
    ifBad: "fatal",
  },
  {
    name: "HISTORY_CLEANUP_ENABLED",
    path: ["history", "cleanup"],
    reading: "boolean",
    accepts: "boolean",
    ifBad: "fatal",
  },
  {
    name: "HISTORY_OUTPUT_DAYS",
    path: ["history", "outputDays"],
    reading: "integer",
    accepts: "history_days",
    ifBad: "fatal",
  },
  {
    name: "HISTORY_STEP_DAYS",
    path: ["history", "stepDays"],
    reading: "integer",
    accepts: "history_days",
    ifBad: "fatal",
  },
  {
    name: "WORKSPACE_CLEANUP_ENABLED",
    path: ["workspaces", "cleanup"],
    reading: "boolean",
    accepts: "boolean",
    ifBad: "fatal",
  },
  {
    name: "WORKSPACE_CLEANUP_INTERVAL_MS",
    path: ["workspaces", "cleanupIntervalMs"],
    reading: "integer",
    accepts: "duration",
    ifBad: "fatal",
  },
  { name: "REMOTEAGENT_LANGUAGE", path: ["language"], reading: "text", accepts: "language", ifBad: "fatal" },
  {
    name: "REMOTEAGENT_LOG_LEVEL",
    path: ["logs", "level"],
    reading: "text",
    accepts: "log_level",
    ifBad: "fatal",
  },
  {
    name: "REMOTEAGENT_LOG_KEEP_DAYS",
    path: ["logs", "keepDays"],
    reading: "integer",
    accepts: "log_days",
    ifBad: "fatal",
  },
]

/** Decided before any file is read, so it counts only on the command line and in the environment. */
export const dataDirName = "DATA_DIR"

/** Names of RemoteAgent up to 0.16 that no longer do anything. */
export const retiredNames: ReadonlySet<string> = new Set([
  "CODEX_COMMAND",
  "CLAUDE_COMMAND",
  "REMOTEAGENT_SERVICE_NAME",
  "BOT_RESTART_HELPER_PATH",
])

export const settingNames: readonly string[] = [dataDirName, ...settings.map((setting) => setting.name)]
