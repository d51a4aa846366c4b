/** The whole configuration as `config.json` spells it. Environment names map onto it in `config-settings.ts`. */
import { z } from "zod"
import { AcpAgentConfig, AgentConfig, HostConfig, ProvidersConfig } from "../protocol/config.ts"
import { ProviderId } from "../protocol/ids.ts"
import { Settings } from "../protocol/session.ts"
import { isLoopback } from "./loopback.ts"

const minute = 60_000
const hour = 60 * minute
/** Node's timers overflow beyond this. */
const longestTimer = 2_147_483_647

const Path = z.string().regex(/^(\/|~$|~\/|[A-Za-z]:[\\/])/, "absolute_path")
const Duration = z.int().min(1000).max(longestTimer)

const Telegram = z.strictObject({
  botTokens: z.array(z.string()).readonly().default([]).describe("Bot tokens from @BotFather"),
  ownerId: z
    .int()
    .positive()
    .nullable()
    .default(null)
    .describe("Numeric Telegram user id of the one person who may act"),
  apiRoot: z
    .url({ protocol: /^https?$/ })
    .default("https://api.telegram.org")
    .describe("Root of the Bot API; another one for a local Bot API server"),
})

const Sessions = z.strictObject({
  defaultProvider: ProviderId.nullable()
    .default(null)
    .describe("Provider of new sessions; without one, the first that is installed and signed in"),
  defaultWorkspace: Path.nullable()
    .default(null)
    .describe("Directory of new sessions; without one, a fresh managed workspace"),
  workspaceRoot: Path.nullable()
    .default(null)
    .describe(
      "Where managed workspaces are created; without one, beside DATA_DIR, with `-workspaces` after its name",
    ),
})

const Timeouts = z.strictObject({
  commandMs: Duration.nullable()
    .default(null)
    .describe("How long an agent may be silent within a turn before it is given up, in ms"),
  setupCommandMs: Duration.default(15 * minute).describe(
    "How long an install or sign-in command may take, in ms",
  ),
})

const LocalUi = z.strictObject({
  enabled: z.boolean().default(true).describe("Whether the local web page is served"),
  host: z.string().refine(isLoopback, "loopback").default("127.0.0.1").describe("A loopback address"),
  port: z.int().min(0).max(65535).default(3794).describe("Port of the local web page; 0 takes a free one"),
})

const ProviderCommands = z.strictObject({
  install: z.string().min(1).optional().describe("Shell command of /install, instead of our own"),
  loginStart: z.string().min(1).optional().describe("Shell command of /login, instead of our own"),
  loginFinish: z.string().min(1).optional().describe("Shell command of /login <code>"),
})

const Artifacts = z.strictObject({
  cleanup: z.boolean().default(true).describe("Whether old files received and sent are removed"),
  retentionDays: z.int().min(1).max(3650).default(30).describe("How long files are kept, in days"),
  cleanupIntervalMs: Duration.default(6 * hour).describe("How often old files are looked for, in ms"),
  maxBytes: z
    .int()
    .min(1024)
    .default(2 * 1024 ** 3)
    .describe("Largest file accepted, in bytes"),
})

const days = z.int().min(1).max(36_500)

const History = z.strictObject({
  cleanup: z
    .boolean()
    .default(true)
    .describe("Whether old parts of the history are cleared away; what was said and decided always stays"),
  outputDays: days
    .default(30)
    .describe(
      "How long what commands printed, and diffs, are kept whole, in days; then beginning and end stay",
    ),
  stepDays: days.default(180).describe("How long the steps of the agents' work are kept, in days"),
})

const Workspaces = z.strictObject({
  cleanup: z.boolean().default(true).describe("Whether managed workspaces without a session are reported"),
  cleanupIntervalMs: Duration.default(24 * hour).describe("How often they are looked for, in ms"),
})

const logLevels = ["debug", "info", "warn", "error"] as const

const Logs = z.strictObject({
  level: z.enum(logLevels).default("info").describe("Least severe line that is written"),
  keepDays: z.int().min(1).max(365).default(14).describe("How long log files are kept, in days"),
})

export const ConfigFile = z
  .strictObject({
    $schema: z.string().optional(),
    language: z
      .enum(["auto", "en", "ko"])
      .default("auto")
      .describe("Language of what the owner reads; auto follows the machine"),
    telegram: Telegram.prefault({}),
    sessions: Sessions.prefault({}),
    timeouts: Timeouts.prefault({}),
    providers: ProvidersConfig.prefault({}).describe("How each agent is started"),
    host: HostConfig.prefault({}).describe("The process that the agents live in"),
    defaults: z
      .partialRecord(ProviderId, z.strictObject(Settings.shape))
      .default({})
      .describe("Model, effort, mode and sandbox of new sessions, per provider"),
    commands: z
      .partialRecord(ProviderId, ProviderCommands)
      .default({})
      .describe("Commands that install and sign in, per provider"),
    localUi: LocalUi.prefault({}),
    history: History.prefault({}),
    artifacts: Artifacts.prefault({}),
    workspaces: Workspaces.prefault({}),
    logs: Logs.prefault({}),
  })
  .describe("RemoteAgent's config.json. Environment variables and DATA_DIR/.env come before it.")

export type ConfigValues = z.infer<typeof ConfigFile>

const sections = {
  telegram: Telegram,
  sessions: Sessions,
  timeouts: Timeouts,
  providers: ProvidersConfig,
  host: HostConfig,
  localUi: LocalUi,
  history: History,
  artifacts: Artifacts,
  workspaces: Workspaces,
  logs: Logs,
} as const

const providerIds = ["codex", "claude", "openclaw", "demo"]

/** The names accepted at a path of `config.json`, to find what a misspelt one meant. */
export function keysAt(path: readonly (string | number)[]): readonly string[] {
  const [section, name] = path
  if (section === undefined) return Object.keys(ConfigFile.shape).filter((key) => key !== "$schema")
  if (section === "defaults") return name === undefined ? providerIds : Object.keys(Settings.shape)
  if (section === "commands") return name === undefined ? providerIds : Object.keys(ProviderCommands.shape)
  if (section === "providers" && name !== undefined) {
    return Object.keys((name === "acp" ? AcpAgentConfig : AgentConfig).shape)
  }
  const known = Object.entries(sections).find(([key]) => key === section)
  return known ? Object.keys(known[1].shape) : []
}
