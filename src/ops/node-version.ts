import type { OpsSay } from "../core/texts/ops.ts"
import type { Finding } from "./finding.ts"

const oldest = 24

export function checkNode(version: string, say: OpsSay): Finding {
  const major = Number(version.split(".")[0])
  if (major >= oldest) return { id: "node", state: "ok", what: say("node.ok", { version }), remedy: null }
  return {
    id: "node",
    state: "fail",
    what: say("node.old", { version, oldest }),
    remedy: say("node.old_remedy", { oldest }),
  }
}
