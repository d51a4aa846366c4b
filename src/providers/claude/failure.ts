/**
 * How a result of `claude` that is no success is classified. A failed API call ends with `subtype: "success"` and
 * `is_error: true`, so the subtype alone says nothing.
 */
import type { Reason } from "../../protocol/reason.ts"
import type { Failure, FailureClass } from "../../protocol/session.ts"
import { agentWords } from "../agent-words.ts"
import { LABEL, SIGN_IN_COMMAND } from "./offer.ts"
import type { Result } from "./wire.ts"

export interface FailureEvidence {
  readonly result: Result
  /** `error` of the last assistant message of the turn. */
  readonly assistantError: string | undefined
  /** The turn had said or done something. */
  readonly shown?: boolean
  /** The subscription's window that refused, when one did: in ms since the epoch, null when it did not say. */
  readonly rejectedUntil: number | null | undefined
}

export const isAborted = (result: Result): boolean => result.terminal_reason?.startsWith("aborted") ?? false

/** Classification of a result with `is_error`, or of one whose subtype is an error. */
export function classify(evidence: FailureEvidence): Failure {
  const found = classOf(evidence)
  const reason = reasonOf(found, evidence)
  const detail = reason || selfEvident.has(found) ? undefined : agentWords(textOf(evidence.result))
  const resetsAt = found === "usage_limit" ? evidence.rejectedUntil : undefined
  return {
    class: found,
    ...(reason ? { reason } : {}),
    ...(detail ? { detail } : {}),
    ...(resetsAt ? { resetsAt } : {}),
  }
}

export function textOf(result: Result): string {
  return result.result || (result.errors ?? []).join("\n")
}

function classOf({ result, assistantError, rejectedUntil, shown }: FailureEvidence): FailureClass {
  const text = textOf(result)
  if (/empty or malformed response/.test(text)) return shown ? "transport" : "empty_response"
  if (result.stop_reason === "refusal") return "refused"
  if (result.terminal_reason === "prompt_too_long" || result.api_error_status === 413)
    return "context_overflow"
  switch (assistantError) {
    case "rate_limit":
      return rejectedUntil !== undefined || /hit your .*limit/i.test(text) ? "usage_limit" : "rate_limit"
    case "billing_error":
      return "usage_limit"
    case "authentication_failed":
    case "oauth_org_not_allowed":
      return "auth"
    case "model_not_found":
    case "max_output_tokens":
    case "invalid_request":
      return "bad_request"
    case "overloaded":
      return "capacity"
    case "server_error":
      return classOfServerError(result, text)
    default:
      return classOfStatus(result)
  }
}

function classOfServerError(result: Result, text: string): FailureClass {
  if (result.api_error_status) return "capacity"
  return /timed out|timeout/i.test(text) ? "timeout" : "transport"
}

function classOfStatus(result: Result): FailureClass {
  const status = result.api_error_status
  if (status === undefined || status === null) {
    return /no conversation found/i.test(textOf(result)) ? "bad_request" : "unknown"
  }
  if (status === 401 || status === 403) return "auth"
  if (status === 429) return "rate_limit"
  if (status >= 500) return "capacity"
  return status >= 400 ? "bad_request" : "unknown"
}

/** Ours where Claude Code's own words name a terminal command that the owner does not have in front of them. */
function reasonOf(found: FailureClass, { assistantError }: FailureEvidence): Reason | undefined {
  switch (assistantError) {
    case "oauth_org_not_allowed":
      return { code: "organisation_not_allowed", agent: LABEL }
    case "billing_error":
      return { code: "credit_too_low" }
    case "model_not_found":
      return { code: "model_unavailable" }
    case "max_output_tokens":
      return { code: "answer_too_long" }
    default:
      return found === "auth" ? { code: "not_signed_in", agent: LABEL, command: SIGN_IN_COMMAND } : undefined
  }
}

/** Classes that say all there is: what Claude Code adds is an API's error message. */
const selfEvident: ReadonlySet<FailureClass> = new Set([
  "capacity",
  "rate_limit",
  "context_overflow",
  "empty_response",
  "transport",
  "timeout",
  "refused",
])
