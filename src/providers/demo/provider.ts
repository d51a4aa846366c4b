import { join } from "node:path"
import { ownProgram } from "../../platform/installation.ts"
import { ProviderId } from "../../protocol/ids.ts"
import type { AcpProfile } from "../acp/profile.ts"
import { createAcpProvider } from "../acp/provider.ts"
import type { Provider, ProviderContext } from "../provider.ts"

const profile: AcpProfile = {
  id: "demo",
  label: "Demonstration",
  programs: [],
  args: [],
  env: {},
  inherit: [],
  approvals: { kind: "built_in" },
  modesAre: "none",
  modes: [],
  sharedBy: "all",
  stop: "eof",
  minReloadAgeMs: 0,
  rejectEndsTurn: false,
  loadIsLenient: false,
}

/** Our own demonstration agent, a separate process driven like any other agent over the Agent Client Protocol. */
export function createDemoProvider(context: ProviderContext): Provider {
  const args = [ownProgram("providers/demo/main"), join(context.stateDir, "sessions")]
  const config = { ...context.config, command: process.execPath, args }
  return createAcpProvider(ProviderId.parse("demo"), profile, { ...context, config })
}
