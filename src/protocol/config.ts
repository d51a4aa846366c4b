/** What the owner may write into `config.json` of the data directory. Unknown keys are errors that name themselves. */
import { z } from "zod"

const Milliseconds = z.number().int().positive()

/** How one agent is started; an absent field means what its adapter finds by itself. */
export const AgentConfig = z.strictObject({
  /** Path or name of the agent's program. */
  command: z.string().min(1).optional(),
  args: z.array(z.string()).readonly().optional(),
  /** Extra environment for this agent alone. */
  env: z.record(z.string(), z.string()).optional(),
  /** Silence after which a running turn is reported as `silent`, in ms. */
  silentNoticeMs: Milliseconds.optional(),
  /** Silence after which a running turn is given up, in ms. */
  silentLimitMs: Milliseconds.optional(),
})
export type AgentConfig = z.infer<typeof AgentConfig>

/** An agent that speaks the Agent Client Protocol; without `command` the name must be one we know a profile for. */
export const AcpAgentConfig = z.strictObject({
  ...AgentConfig.shape,
  label: z.string().min(1).optional(),
  /** The id of the way to sign in, for an agent that has to be told. */
  authMethod: z.string().min(1).optional(),
})
export type AcpAgentConfig = z.infer<typeof AcpAgentConfig>

/** The name of an ACP agent as it appears in `acp:<name>`. */
export const AcpAgentName = z.string().regex(/^[a-z0-9][a-z0-9_-]{0,31}$/)

export const ProvidersConfig = z.strictObject({
  codex: AgentConfig.optional(),
  claude: AgentConfig.optional(),
  acp: z.record(AcpAgentName, AcpAgentConfig).optional(),
  demo: AgentConfig.optional(),
})
export type ProvidersConfig = z.infer<typeof ProvidersConfig>

export const HostConfig = z.strictObject({
  /** The host leaves after this long without anything living in it. */
  idleMinutes: z.number().positive().optional(),
  /** An agent's session is closed (its history stays) after this long without a turn. */
  sessionIdleMinutes: z.number().positive().optional(),
  /** Whether agents find RemoteAgent's data directory empty, where the machine can do it; true unless set. */
  hideDataDirectory: z.boolean().optional(),
  /** Further names of the environment that every agent gets, as SSH_AUTH_SOCK or XDG_RUNTIME_DIR; `*` ends a prefix. */
  inherit: z.array(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*\*?$/)).optional(),
})
export type HostConfig = z.infer<typeof HostConfig>

export const Config = z.strictObject({
  providers: ProvidersConfig.optional(),
  host: HostConfig.optional(),
})
export type Config = z.infer<typeof Config>
