/** What a failed Bot API call means for us: above all, whether it may have taken effect. */
import { GrammyError, HttpError } from "grammy/web"
import { NeverSentError } from "./http.ts"

export type SendFailure =
  /** Not applied; Telegram asks for a pause. */
  | { readonly kind: "flood"; readonly retryAfterSeconds: number }
  /** Nobody knows whether it was applied: timeout, reset, 5xx, half an answer. */
  | { readonly kind: "ambiguous"; readonly detail: string }
  /** Not applied, and never will be unless changed. */
  | { readonly kind: "rejected"; readonly description: string }
  /** Not applied: the group has become a supergroup with this number. */
  | { readonly kind: "migrated"; readonly to: number; readonly description: string }
  /** Not applied: the bot may not write there (403). */
  | { readonly kind: "blocked"; readonly description: string }
  /** Not applied: the token is not valid (any more). */
  | { readonly kind: "revoked"; readonly description: string }
  /** Not applied: another process polls this bot, or a webhook is set. */
  | { readonly kind: "conflict"; readonly description: string }
  /** Certainly not sent: there was no connection. */
  | { readonly kind: "unreachable"; readonly detail: string }

/** The only error that leaves our Bot API client. Has no cause: the original ones carry the URL with the token. */
export class CallError extends Error {
  override readonly name = "CallError"
  readonly code = "telegram_call"
  readonly method: string
  readonly failure: SendFailure

  constructor(method: string, failure: SendFailure, token: string) {
    const safe = withoutSecret(failure, token)
    super(`${method}: ${describeFailure(safe)}`)
    this.method = method
    this.failure = safe
  }
}

/** A file server's answer that is no file. */
export class StatusError extends Error {
  readonly status: number
  constructor(status: number) {
    super(`status ${status}`)
    this.status = status
  }
}

export function describeFailure(failure: SendFailure): string {
  switch (failure.kind) {
    case "flood":
      return `too many requests, retry after ${failure.retryAfterSeconds} s`
    case "ambiguous":
      return `outcome unknown (${failure.detail})`
    case "unreachable":
      return `unreachable (${failure.detail})`
    case "rejected":
    case "migrated":
    case "blocked":
    case "revoked":
    case "conflict":
      return failure.description
  }
}

/** Sorts whatever a call threw. Uses codes, not messages, of network errors: their messages carry the URL. */
export function classify(error: unknown, { timedOut = false } = {}): SendFailure {
  if (error instanceof CallError) return error.failure
  if (error instanceof GrammyError) return fromAnswer(error)
  return fromNetwork(error instanceof HttpError ? error.error : error, timedOut)
}

/** Telegram names a pause with every 429; a proxy before it may not. */
const UNNAMED_PAUSE_SECONDS = 5

function fromAnswer({ error_code: code, description, parameters }: GrammyError): SendFailure {
  if (code === 429)
    return { kind: "flood", retryAfterSeconds: parameters.retry_after ?? UNNAMED_PAUSE_SECONDS }
  if (code === 403) return { kind: "blocked", description }
  if (code === 409) return { kind: "conflict", description }
  // An unknown token is 401, a malformed one 404; a 404 for anything else does not exist in the Bot API.
  if (code === 401 || code === 404) return { kind: "revoked", description }
  if (code >= 500) return { kind: "ambiguous", detail: `status ${code}` }
  const to = parameters.migrate_to_chat_id
  return to === undefined ? { kind: "rejected", description } : { kind: "migrated", to, description }
}

const FILE_TROUBLE: ReadonlySet<string> = new Set(["ENOENT", "EACCES", "EPERM", "EISDIR", "ENOTDIR", "ELOOP"])

function fromNetwork(error: unknown, timedOut: boolean): SendFailure {
  if (error instanceof NeverSentError) return { kind: "unreachable", detail: error.detail }
  if (error instanceof StatusError) return fromFileStatus(error.status)
  const code = codeOf(error)
  if (code !== null && FILE_TROUBLE.has(code)) {
    return { kind: "rejected", description: `the file cannot be read (${code})` }
  }
  if (timedOut) return { kind: "ambiguous", detail: "timeout" }
  return { kind: "ambiguous", detail: code ?? (error instanceof Error ? error.name : "unknown") }
}

function fromFileStatus(status: number): SendFailure {
  if (status === 429) return { kind: "flood", retryAfterSeconds: UNNAMED_PAUSE_SECONDS }
  if (status >= 500) return { kind: "ambiguous", detail: `status ${status}` }
  return { kind: "rejected", description: `the file is not available (status ${status})` }
}

function codeOf(error: unknown): string | null {
  if (typeof error !== "object" || error === null || !("code" in error)) return null
  return typeof error.code === "string" ? error.code : null
}

function withoutSecret(failure: SendFailure, token: string): SendFailure {
  const secret = token.slice(token.indexOf(":") + 1)
  const clean = (text: string) => (secret === "" ? text : text.replaceAll(secret, "…"))
  switch (failure.kind) {
    case "flood":
      return failure
    case "ambiguous":
    case "unreachable":
      return { ...failure, detail: clean(failure.detail) }
    case "rejected":
    case "migrated":
    case "blocked":
    case "revoked":
    case "conflict":
      return { ...failure, description: clean(failure.description) }
  }
}
