import { existsSync } from "node:fs"
import type { OpsSay } from "../core/texts/ops.ts"
import { probeAgentMask } from "../platform/agent-mask.ts"
import type { Finding } from "./finding.ts"

const id = "agent_mask"

/** Whether agents are kept from the data directory: they could otherwise answer their own requests. */
export async function checkAgentMask(
  { dataDir, isWanted }: { readonly dataDir: string; readonly isWanted: boolean },
  say: OpsSay,
): Promise<Finding> {
  if (!isWanted) {
    return { id, state: "warn", what: say("agent_mask.off"), remedy: say("agent_mask.off_remedy") }
  }
  // Tried there, so where nothing has been started yet there is nothing to say.
  if (!existsSync(dataDir)) return { id, state: "ok", what: say("agent_mask.later"), remedy: null }
  const probe = await probeAgentMask(process.platform, dataDir)
  if (probe.kind === "available") return { id, state: "ok", what: say("agent_mask.ok"), remedy: null }
  const what = say("agent_mask.unavailable", { why: probe.why })
  return { id, state: "warn", what, remedy: say("agent_mask.remedy") }
}
