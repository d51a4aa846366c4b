/** Why a call was refused, for assertions that must not depend on wording. */
export type RejectionReason =
  | "schema"
  | "bad_request"
  | "unauthorized"
  | "forbidden"
  | "not_found"
  | "conflict"
  | "flood"
  | "penalty"
  | "too_large"
  | "unimplemented"
  | "internal"

/**
 * An error answer of the Bot API. Wordings come from the sources of the official server (tdlib/telegram-bot-api 10.0 and TDLib);
 * where the source is not known to us, the place that throws says "guessed wording".
 */
export class ApiError extends Error {
  readonly code: number
  readonly reason: RejectionReason
  readonly retryAfterSeconds: number | undefined
  readonly migrateToChatId: number | undefined

  constructor(spec: {
    code: number
    reason: RejectionReason
    description: string
    retryAfterSeconds?: number
    migrateToChatId?: number
  }) {
    super(spec.description)
    this.name = "ApiError"
    this.code = spec.code
    this.reason = spec.reason
    this.retryAfterSeconds = spec.retryAfterSeconds
    this.migrateToChatId = spec.migrateToChatId
  }
}

export function badRequest(description: string): ApiError {
  return new ApiError({ code: 400, reason: "bad_request", description: `Bad Request: ${description}` })
}

export function upgraded(migrateToChatId: number): ApiError {
  const description = "Bad Request: group chat was upgraded to a supergroup chat"
  return new ApiError({ code: 400, reason: "bad_request", description, migrateToChatId })
}

export function forbidden(description: string): ApiError {
  return new ApiError({ code: 403, reason: "forbidden", description: `Forbidden: ${description}` })
}

export function conflict(description: string): ApiError {
  return new ApiError({ code: 409, reason: "conflict", description: `Conflict: ${description}` })
}

export function tooManyRequests(retryAfterSeconds: number, reason: "flood" | "penalty"): ApiError {
  const description = `Too Many Requests: retry after ${retryAfterSeconds}`
  return new ApiError({ code: 429, reason, description, retryAfterSeconds })
}
