/** An agent's errors as our failure classes. Agents put the reason in the code, the data or only the words. */
import { RequestError } from "@agentclientprotocol/sdk"
import { ProviderError } from "../../core/provider-error.ts"
import type { Failure, FailureClass } from "../../protocol/session.ts"
import type { Log } from "../provider.ts"

const AUTH_REQUIRED = -32_000
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

const details: Readonly<Record<FailureClass, string>> = {
  capacity: "The agent's model service is overloaded or failing.",
  rate_limit: "The agent's model service asks to slow down.",
  usage_limit: "The account's usage limit is reached.",
  auth: "The agent is not signed in, or its key was refused.",
  context_overflow: "The conversation no longer fits into the model's context.",
  empty_response: "The agent ended without an answer.",
  transport: "The agent could not reach its model service.",
  timeout: "The agent did not answer in time.",
  crashed: "The agent's program ended unexpectedly.",
  refused: "The model refused to answer.",
  stopped: "Stopped.",
  bad_request: "The agent did not accept the request.",
  unknown: "The agent reported an error.",
}

export function failure(kind: FailureClass, detail?: string): Failure {
  return { class: kind, detail: detail ?? details[kind] }
}

export function failed(kind: FailureClass, detail: string, cause?: unknown): ProviderError {
  return new ProviderError(failure(kind, detail), { cause })
}

/** The same error if it is classified already. `alive`: whether the agent's process still runs. */
export function asProviderError(error: unknown, { alive, log }: { alive: boolean; log: Log }): ProviderError {
  if (error instanceof ProviderError) return error
  if (!alive) return new ProviderError(failure("crashed"), { cause: error })
  const payload =
    error instanceof RequestError
      ? { code: error.code, message: error.message, data: error.data }
      : { message: error instanceof Error ? error.message : String(error) }
  const logId = log.keep("agent error", payload)
  return new ProviderError({ ...failure(classify(payload)), logId }, { cause: error })
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
