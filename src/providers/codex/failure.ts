/** Codex' errors in the closed set of failure classes. Verified by running: see the table in `failure.test.ts`. */
import { z } from "zod"
import { ProviderError } from "../../core/provider-error.ts"
import type { Instant } from "../../protocol/ids.ts"
import type { Failure, FailureClass } from "../../protocol/session.ts"
import type { TurnError } from "./incoming.ts"
import { SIGN_IN_COMMAND } from "./program.ts"

const WithStatus = z.object({ httpStatusCode: z.number().nullable() })
type Verdict = Readonly<Pick<Failure, "class" | "detail">>

/** `resetsAt`: when the exhausted quota window, if one is known, is full again. */
export function readTurnError(error: TurnError, resetsAt: Instant | null): Failure {
  const { word, status } = readInfo(error.codexErrorInfo)
  const known = Object.hasOwn(byWord, word) ? byWord[word] : undefined
  const verdict = known?.(status) ?? byMessage(error.message)
  return verdict.class === "usage_limit" && resetsAt !== null ? { ...verdict, resetsAt } : verdict
}

/** What a refused `thread/start`, `thread/resume` or `turn/start` means; the app-server gives only words. */
export function readRefusal(message: string): Verdict {
  if (isLocked(message)) {
    return say(
      "refused",
      "This session is open in another Codex (open_elsewhere). Close it there, then try again.",
    )
  }
  if (isUnknownThread(message)) return say("bad_request", "Codex does not know this session any more.")
  if (/model provider|modelProviderNotConfigured/iu.test(message)) {
    return say("bad_request", "The model provider of this session is not in Codex' configuration.")
  }
  if (/log ?in|sign ?in|unauthorized|auth/iu.test(message)) return say("auth", SIGN_IN)
  return say("bad_request", `Codex refused: ${sentence(message)}`)
}

export function isLocked(message: string): boolean {
  return message.includes("already has an active writer")
}

export function isUnknownThread(message: string): boolean {
  return /no rollout found|thread not found|thread not loaded|invalid session id/u.test(message)
}

export function crashed(cause: unknown): ProviderError {
  return new ProviderError(CRASHED, { cause })
}

export const CRASHED: Failure = { class: "crashed", detail: "Codex stopped unexpectedly." }
export const EMPTY: Failure = { class: "empty_response", detail: "The model gave an empty answer." }

export const SIGN_IN = `Codex is not signed in, or its key was refused: run ${SIGN_IN_COMMAND} on the machine.`
const AT_CAPACITY = say("capacity", "The model is at capacity.")
const RATE_LIMITED = say("rate_limit", "The model's rate limit is reached.")
const USAGE_LIMITED = say("usage_limit", "The usage limit of this Codex account is reached.")
const DISCONNECTED = say("transport", "The connection to the model was lost.")
const REFUSED = say("refused", "The request was refused by the model's policy.")

const byWord: Readonly<Record<string, (status: number | null) => Verdict>> = {
  contextWindowExceeded: () =>
    say("context_overflow", "The conversation no longer fits into the model's context."),
  sessionBudgetExceeded: () => USAGE_LIMITED,
  usageLimitExceeded: () => USAGE_LIMITED,
  rateLimitExceeded: () => RATE_LIMITED,
  flexUnavailable: () => AT_CAPACITY,
  serverOverloaded: () => AT_CAPACITY,
  policyCapacityUnavailable: () => AT_CAPACITY,
  internalServerError: () => say("capacity", "The model's server failed or is overloaded."),
  modelNotFound: () => say("bad_request", "The model does not exist or is not available to this account."),
  inferenceHookDenied: () => REFUSED,
  cyberPolicy: () => REFUSED,
  misalignmentPolicyViolation: () => REFUSED,
  tooManyDenials: () => say("refused", "Codex gave up after too many denied actions."),
  unauthorized: () => say("auth", SIGN_IN),
  sandboxError: () => say("unknown", "Codex' sandbox failed."),
  httpConnectionFailed: byStatus,
  responseStreamConnectionFailed: byStatus,
  responseStreamDisconnected: byStatus,
  responseTooManyFailedAttempts: byStatus,
}

function byStatus(status: number | null): Verdict {
  if (status === 401 || status === 403) return say("auth", SIGN_IN)
  if (status === 429) return RATE_LIMITED
  if (status === null) return DISCONNECTED
  if (status >= 500) return say("capacity", `The model's server answered ${status}.`)
  return say("bad_request", `The model's server answered ${status}.`)
}

/** `other`, `badRequest` and words of the future: the message decides. */
function byMessage(message: string): Verdict {
  if (message.startsWith("Missing environment variable")) {
    return say("auth", "The environment variable with the model provider's key is not set.")
  }
  if (message.startsWith("Incomplete response")) return say("unknown", "The model ended its answer early.")
  if (/stream disconnected|error sending request|connection|timed? ?out|network/iu.test(message)) {
    return DISCONNECTED
  }
  const refused = refusedMessage(message)
  return refused === null
    ? say("unknown", "Codex reported an error.")
    : say("bad_request", `The model's server refused the request: ${refused}`)
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

function say(failure: FailureClass, detail: string): Verdict {
  return { class: failure, detail }
}
