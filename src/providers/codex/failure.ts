/** Codex' errors in the closed set of failure classes. Verified by running: see the table in `failure.test.ts`. */
import { z } from "zod"
import { ProviderError } from "../../core/provider-error.ts"
import type { Instant } from "../../protocol/ids.ts"
import type { Reason } from "../../protocol/reason.ts"
import type { Failure, FailureClass } from "../../protocol/session.ts"
import type { TurnError } from "./incoming.ts"
import { LABEL, SIGN_IN_COMMAND } from "./program.ts"

const WithStatus = z.object({ httpStatusCode: z.number().nullable() })
type Verdict = Readonly<Pick<Failure, "class" | "reason" | "detail">>

/** `resetsAt`: when the exhausted quota window, if one is known, is full again. */
export function readTurnError(error: TurnError, resetsAt: Instant | null): Failure {
  const { word, status } = readInfo(error.codexErrorInfo)
  if (isUnpaid(word, error.message)) return UNPAID
  const known = Object.hasOwn(byWord, word) ? byWord[word] : undefined
  const verdict = known?.(status) ?? byMessage(error.message)
  return verdict.class === "usage_limit" && resetsAt !== null ? { ...verdict, resetsAt } : verdict
}

/** What a refused `thread/start`, `thread/resume` or `turn/start` means; the app-server gives only words. */
export function readRefusal(message: string): Verdict {
  if (isLocked(message)) {
    return because("refused", { code: "open_elsewhere", agent: LABEL })
  }
  if (isUnknownThread(message)) return because("bad_request", { code: "session_unknown", agent: LABEL })
  if (/model provider|modelProviderNotConfigured/iu.test(message)) {
    return because("bad_request", { code: "model_provider_unknown", agent: LABEL })
  }
  if (/\b(?:log(?:ged)? ?in|sign(?:ed)? ?in|unauthorized|authenticat\w+)\b/iu.test(message)) return SIGNED_OUT
  return { class: "bad_request", detail: sentence(message) }
}

/** Another has the thread, or it is just being let go of. */
export function isLocked(message: string): boolean {
  return /already has an active writer|is closing; retry/u.test(message)
}

export function isUnknownThread(message: string): boolean {
  return /no rollout found|thread not found|thread not loaded|invalid session id/u.test(message)
}

export function crashed(cause: unknown): ProviderError {
  return new ProviderError(CRASHED, { cause })
}

export const CRASHED: Failure = { class: "crashed" }
export const ADAPTER_FAILED: Failure = { class: "unknown", reason: { code: "adapter_failed", agent: LABEL } }

/** The process is there and says nothing, not even to `request`. */
export function hanging(request: string): Failure {
  return { class: "timeout", reason: { code: "hangs", agent: LABEL, request } }
}

export const EMPTY: Failure = { class: "empty_response" }
export const SIGNED_OUT: Failure = {
  class: "auth",
  reason: { code: "not_signed_in", agent: LABEL, command: SIGN_IN_COMMAND },
}

const UNPAID: Verdict = { class: "usage_limit", reason: { code: "credit_too_low" } }

/** An API account without money, which Codex calls by the same word as a window that fills up again by itself. */
function isUnpaid(word: string, message: string): boolean {
  return word === "usageLimitExceeded" && /^Quota exceeded|billing/u.test(message)
}

const byWord: Readonly<Record<string, (status: number | null) => Verdict>> = {
  contextWindowExceeded: () => ({ class: "context_overflow" }),
  sessionBudgetExceeded: () => ({ class: "usage_limit" }),
  usageLimitExceeded: () => ({ class: "usage_limit" }),
  rateLimitExceeded: () => ({ class: "rate_limit" }),
  flexUnavailable: () => ({ class: "capacity" }),
  serverOverloaded: () => ({ class: "capacity" }),
  policyCapacityUnavailable: () => ({ class: "capacity" }),
  internalServerError: () => ({ class: "capacity" }),
  modelNotFound: () => because("bad_request", { code: "model_unavailable" }),
  inferenceHookDenied: () => ({ class: "refused" }),
  bioPolicy: () => ({ class: "refused" }),
  cyberPolicy: () => ({ class: "refused" }),
  misalignmentPolicyViolation: () => ({ class: "refused" }),
  tooManyDenials: () => because("refused", { code: "too_many_denials", agent: LABEL }),
  unauthorized: () => SIGNED_OUT,
  sandboxError: () => because("unknown", { code: "sandbox_failed", agent: LABEL }),
  httpConnectionFailed: byStatus,
  responseStreamConnectionFailed: byStatus,
  responseStreamDisconnected: byStatus,
  responseTooManyFailedAttempts: byStatus,
}

function byStatus(status: number | null): Verdict {
  if (status === 401 || status === 403) return SIGNED_OUT
  if (status === 429) return { class: "rate_limit" }
  if (status === null) return { class: "transport" }
  return because(status >= 500 ? "capacity" : "bad_request", { code: "server_status", status })
}

/** `other`, `badRequest` and words of the future: the message decides. */
function byMessage(message: string): Verdict {
  const variable = /^Missing environment variable: `?(\w+)/u.exec(message)?.[1]
  if (variable !== undefined) return because("auth", { code: "key_variable_missing", variable })
  if (message.startsWith("Incomplete response")) return because("unknown", { code: "answer_cut_off" })
  if (/stream disconnected|error sending request|connection|timed? ?out|network/iu.test(message)) {
    return { class: "transport" }
  }
  const refused = refusedMessage(message)
  return refused === null ? { class: "unknown" } : { class: "bad_request", detail: refused }
}

/** The words inside an API's error body, which Codex passes on as it came. */
function refusedMessage(message: string): string | null {
  let body: unknown
  try {
    body = JSON.parse(message)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
  const inner = /"message":"((?:[^"\\]|\\.)*)"/u.exec(JSON.stringify(body))?.[1]
  return inner === undefined ? null : sentence(String(JSON.parse(`"${inner}"`)))
}

function readInfo(info: unknown): { readonly word: string; readonly status: number | null } {
  if (typeof info === "string") return { word: info, status: null }
  if (typeof info !== "object" || info === null) return { word: "other", status: null }
  const [word, value] = Object.entries(info)[0] ?? ["other", null]
  const withStatus = WithStatus.safeParse(value)
  return { word, status: withStatus.success ? withStatus.data.httpStatusCode : null }
}

/** The first line without paths and addresses, bounded: it is shown to the owner. */
function sentence(message: string): string {
  const line = (message.split("\n")[0] ?? "").replace(/(?:https?:\/|file:\/)?(?:\/[\w.@+-]+){2,}\/?/gu, "…")
  if (line.length > 200) return `${line.slice(0, 199)}…`
  return /[.!?…]$/u.test(line) ? line : `${line}.`
}

function because(failure: FailureClass, reason: Reason): Verdict {
  return { class: failure, reason }
}
