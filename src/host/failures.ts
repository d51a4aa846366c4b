/** Faults put into the closed set of failure classes, and the outcomes the host itself decides. */
import { ProviderError } from "../core/provider-error.ts"
import { isSqliteStorageFailure } from "../platform/sqlite-error.ts"
import { errorCode } from "../platform/system-error.ts"
import type { AttemptState } from "../protocol/host-link.ts"
import type { Failure, Outcome } from "../protocol/session.ts"
import type { Log } from "../providers/provider.ts"

/** A fault nobody classified is a defect: its text goes to the log, and the owner gets the id to find it by. */
export function failureOf(error: unknown, log: Log): Failure {
  if (error instanceof ProviderError) return error.failure
  if (isDiskTrouble(error)) {
    const logId = log.keep("the disk did not take it", error)
    return { class: "unknown", detail: DISK_FULL, logId }
  }
  return {
    class: "unknown",
    detail: "The agent's adapter failed unexpectedly.",
    logId: log.keep("fault", error),
  }
}

export const DISK_FULL = "The disk of this machine is full or fails. Free some space; then it goes on."

/** Of our own journal or of a file an adapter writes. */
export function isDiskTrouble(error: unknown): boolean {
  return isSqliteStorageFailure(error) || ["ENOSPC", "EDQUOT", "EIO"].includes(errorCode(error))
}

export function failed(failure: Failure): Outcome {
  return { kind: "failed", failure, text: "" }
}

export const STOPPED: Outcome = { kind: "stopped", text: "" }

export function indeterminate(state: AttemptState): Outcome {
  return { kind: "indeterminate", consumed: state === "accepted" ? "yes" : "unknown", text: "" }
}
