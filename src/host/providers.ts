/** The one list of agents: which there are and how each is made from the configuration. */
import type { Config } from "../core/config.ts"
import type { AcpAgentConfig } from "../protocol/config.ts"
import { ProviderId } from "../protocol/ids.ts"
import { profileFor } from "../providers/acp/profiles.ts"
import { createAcpProvider } from "../providers/acp/provider.ts"
import { createClaudeProvider } from "../providers/claude/provider.ts"
import { createCodexProvider } from "../providers/codex/provider.ts"
import { createDemoProvider } from "../providers/demo/provider.ts"
import type { Provider, ProviderConfig } from "../providers/provider.ts"
import type { MakeContext } from "./host.ts"

export function createProviders(config: Config, makeContext: MakeContext): readonly Provider[] {
  const silence = config.timeouts.commandMs === null ? {} : { silentLimitMs: config.timeouts.commandMs }
  const context = (id: ProviderId, agent: AcpAgentConfig | undefined) =>
    makeContext(id, { ...silence, ...providerConfig(agent ?? {}) })
  const acp = Object.entries(config.providers.acp ?? {}).map(([name, agent]) => {
    const id = ProviderId.parse(`acp:${name}`)
    const profile = profileFor(agent.command ?? name, agent.args)
    // An agent we know nothing of is called what the owner calls it.
    const label = agent.label ?? (profile.id === "default" ? name : profile.label)
    return createAcpProvider(id, { ...profile, label }, context(id, agent))
  })
  const codex = createCodexProvider(context(ProviderId.parse("codex"), config.providers.codex))
  const claude = createClaudeProvider(context(ProviderId.parse("claude"), config.providers.claude))
  const demo = createDemoProvider(context(ProviderId.parse("demo"), config.providers.demo))
  return [codex, claude, ...acp, demo]
}

/** Without the keys that are absent: the port tells "absent" from "undefined". */
function providerConfig(agent: AcpAgentConfig): ProviderConfig {
  const { command, args, env, authMethod, silentNoticeMs, silentLimitMs } = agent
  return {
    ...(authMethod === undefined ? {} : { authMethod }),
    ...(command === undefined ? {} : { command }),
    ...(args === undefined ? {} : { args }),
    ...(env === undefined ? {} : { env }),
    ...(silentNoticeMs === undefined ? {} : { silentNoticeMs }),
    ...(silentLimitMs === undefined ? {} : { silentLimitMs }),
  }
}
