/** Why the host or what was asked of it is not available, for the owner. */
import { errorCode } from "../../platform/system-error.ts"
import type { Reason } from "../../protocol/reason.ts"
import type { Failure } from "../../protocol/session.ts"
import { HostLinkError } from "./link.ts"

/** What the host said of it, else what the error itself tells. */
export function failureOfLink(error: unknown): Failure {
  if (error instanceof HostLinkError && error.failure) return error.failure
  return { class: "unknown", reason: reasonOf(error) }
}

function reasonOf(error: unknown): Reason {
  if (!(error instanceof HostLinkError)) return { code: isDiskTrouble(error) ? "disk_full" : "host_fault" }
  switch (error.code) {
    case "storage":
      return { code: "disk_full" }
    case "not_started":
      return { code: "host_cannot_start" }
    case "refused":
    case "unsupported":
      return { code: "host_incompatible" }
    case "silent":
      return { code: "host_silent" }
    case "taken":
      return { code: "host_taken" }
    case "closed":
    case "unreachable":
    case "stopping":
      return { code: "host_gone" }
    case "unknown_provider":
    case "unknown_session":
    case "provider":
    case "invalid":
    case "malformed":
    case "late":
      return { code: "host_fault" }
  }
}

function isDiskTrouble(error: unknown): boolean {
  return ["ENOSPC", "EDQUOT", "EIO"].includes(errorCode(error))
}
