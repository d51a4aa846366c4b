import type { OpsSay } from "../core/texts/ops.ts"
import type { LockHolder } from "../platform/lock.ts"
import type { Finding } from "./finding.ts"

/** How a runtime of this data directory answered on its socket. */
export type RuntimeAnswer =
  | { readonly kind: "running"; readonly pid: number; readonly version: string }
  | { readonly kind: "silent"; readonly detail: string }
  | { readonly kind: "absent" }

/** @param holder who holds the runtime's lock now; null when nobody does. */
export function checkRunning(answer: RuntimeAnswer, holder: LockHolder | null, say: OpsSay): Finding {
  const id = "runtime"
  if (answer.kind === "running") {
    return {
      id,
      state: "ok",
      what: say("runtime.running", { pid: answer.pid, version: answer.version }),
      remedy: null,
    }
  }
  if (holder === null) return { id, state: "ok", what: say("runtime.stopped"), remedy: null }
  const { pid } = holder
  const detail = answer.kind === "silent" ? answer.detail : "ENOENT"
  return {
    id,
    state: "fail",
    what: say("runtime.deaf", { pid, detail }),
    remedy: say("runtime.deaf_remedy", { pid }),
  }
}
