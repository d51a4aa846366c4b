/** Faults put into the closed set of failure classes, and the outcomes the host itself decides. */
import { ProviderError } from "../core/provider-error.ts"
import { isSqliteStorageFailure } from "../platform/sqlite-error.ts"
import { errorCode } from "../platform/system-error.ts"
import type { AttemptState } from "../protocol/host-link.ts"
import type { Failure, Outcome } from "../protocol/session.ts"
import type { Log } from "../providers/provider.ts"

/** A fault nobody classified is a defect: its text goes to the log, and the owner gets the id to find it by. */
export function failureOf(
  error: unknown,
  { agent, log }: { readonly agent: string; readonly log: Log },
): Failure {
  if (error instanceof ProviderError) return error.failure
  if (isDiskTrouble(error)) return { ...DISK_FULL, logId: log.keep("the disk did not take it", error) }
  return { ...adapterFailed(agent), logId: log.keep("fault", error) }
}

export const DISK_FULL: Failure = { class: "unknown", reason: { code: "disk_full" } }

export function adapterFailed(agent: string): Failure {
  return { class: "unknown", reason: { code: "adapter_failed", agent } }
}

/** `agent`: the id it was asked for by; nobody here knows its name. */
export function notConfigured(agent: string): Failure {
  return { class: "bad_request", reason: { code: "not_configured", agent } }
}

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
