import type { Failure } from "../protocol/session.ts"

/** A failure of an agent, already classified. `failure.detail` is for the owner; `cause` for the log. */
export class ProviderError extends Error {
  override readonly name = "ProviderError"
  readonly failure: Failure

  constructor(failure: Failure, options?: { cause?: unknown }) {
    super(failure.detail ?? failure.class, options)
    this.failure = failure
  }
}
