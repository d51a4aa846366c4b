/** An agent's errors as our failure classes. Agents put the reason in the code, the data or only the words. */
import { RequestError } from "@agentclientprotocol/sdk"
import { ProviderError } from "../../core/provider-error.ts"
import type { Reason } from "../../protocol/reason.ts"
import type { Failure, FailureClass } from "../../protocol/session.ts"
import type { Log } from "../provider.ts"
import type { AcpProfile } from "./profile.ts"
import { signedOut } from "./sign-in.ts"
import type { InitializeResult } from "./wire.ts"

const AUTH_REQUIRED = -32_000
export function wantsSignIn(error: unknown): boolean {
  return error instanceof RequestError && error.code === AUTH_REQUIRED
}

const INVALID_PARAMS = -32_602

const byWords: readonly (readonly [RegExp, FailureClass])[] = [
  [/context (length|window|size)|prompt is too long|maximum context|too many tokens/i, "context_overflow"],
  [/usage limit|quota|insufficient (credit|balance|funds)|billing/i, "usage_limit"],
  [/rate.?limit|too many requests|\b429\b/i, "rate_limit"],
  [/unauthori[sz]ed|authenticat|api key|log ?in|sign ?in|\b40[13]\b|credential/i, "auth"],
  [/overloaded|capacity|server.?error|\b50[0-9]\b|\b529\b/i, "capacity"],
  [/ECONN|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|fetch failed|network|socket hang up|disconnected/i, "transport"],
  [/timed? ?out|timeout/i, "timeout"],
  [/bad.?request|invalid.?request|\b400\b/i, "bad_request"],
]

/** @returns an error for the owner; `cause` is for the log. */
export function failed(kind: FailureClass, reason?: Reason, cause?: unknown): ProviderError {
  return new ProviderError({ class: kind, ...(reason ? { reason } : {}) }, { cause })
}

interface Known {
  /** Whether the agent's process still runs. */
  readonly alive: boolean
  readonly profile: Pick<AcpProfile, "label" | "signIn">
  /** What it said of itself; null before that. */
  readonly offered: InitializeResult | null
  readonly log: Log
}

/** The same error if it is classified already. */
export function asProviderError(error: unknown, { alive, profile, offered, log }: Known): ProviderError {
  if (error instanceof ProviderError) return error
  if (!alive) return failed("crashed", undefined, error)
  const payload =
    error instanceof RequestError
      ? { code: error.code, message: error.message, data: error.data }
      : { message: error instanceof Error ? error.message : String(error) }
  const logId = log.keep("agent error", payload)
  const kind = classify(payload)
  const why = kind === "auth" ? { reason: signedOut(profile, offered) } : {}
  return new ProviderError({ class: kind, ...why, logId }, { cause: error })
}

/** Some agents end in order and give the model service's error as their answer; null when it is a real one. */
export function textFailure(
  text: string,
  { errorsAsText, ...profile }: Pick<AcpProfile, "label" | "signIn" | "errorsAsText">,
  log: Log,
): Failure | null {
  if (errorsAsText === undefined || !errorsAsText.test(text)) return null
  const logId = log.keep("agent error given as an answer", text)
  const kind = classify({ message: text })
  return { class: kind, ...(kind === "auth" ? { reason: signedOut(profile, null) } : {}), logId }
}

export function classify(error: { code?: number; message: string; data?: unknown }): FailureClass {
  if (error.code === AUTH_REQUIRED) return "auth"
  const words = `${httpStatus(error.code)} ${error.message} ${describe(error.data)}`
  const match = byWords.find(([pattern]) => pattern.test(words))
  if (match) return match[1]
  return error.code === INVALID_PARAMS ? "bad_request" : "unknown"
}

/** Gemini answers with the model service's HTTP status where a JSON-RPC code belongs. */
function httpStatus(code: number | undefined): string {
  return code !== undefined && code >= 400 && code < 600 ? String(code) : ""
}

function describe(data: unknown): string {
  if (data === undefined || data === null) return ""
  return typeof data === "string" ? data : JSON.stringify(data)
}
