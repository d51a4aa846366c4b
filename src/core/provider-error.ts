import type { Failure } from "../protocol/session.ts"

/** A failure of an agent, already classified. `failure` is for the owner; the message and `cause` for the log. */
export class ProviderError extends Error {
  override readonly name = "ProviderError"
  readonly failure: Failure

  constructor(failure: Failure, options?: { cause?: unknown }) {
    super([failure.class, failure.reason?.code, failure.detail].filter(Boolean).join(": "), options)
    this.failure = failure
  }
}
