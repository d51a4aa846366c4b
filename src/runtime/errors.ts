import type { Failure } from "../protocol/session.ts"

export type OwnerErrorCode =
  | "unknown_session"
  | "unknown_turn"
  | "unknown_provider"
  | "no_provider"
  | "workspace_missing"
  | "native_unknown"
  | "native_open_elsewhere"
  | "turn_not_queued"
  | "nothing_running"
  | "host_unavailable"
  /** The agent could not answer; `failure` says why. */
  | "agent_failed"

/** Something the owner asked for cannot be done, and why. Surfaces turn the code and its data into words. */
export class OwnerError extends Error {
  override readonly name = "OwnerError"
  readonly code: OwnerErrorCode
  readonly data: Readonly<Record<string, string>>
  /** Of the codes that are about the host or an agent. */
  readonly failure: Failure

  constructor(
    code: OwnerErrorCode,
    data: Readonly<Record<string, string>> = {},
    options?: { cause?: unknown; failure?: Failure },
  ) {
    super(`${code} ${JSON.stringify(data)}`, options)
    this.code = code
    this.data = data
    this.failure = options?.failure ?? { class: "unknown" }
  }
}
