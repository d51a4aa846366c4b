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

/** Something the owner asked for cannot be done, and why. Surfaces turn the code and its data into words. */
export class OwnerError extends Error {
  override readonly name = "OwnerError"
  readonly code: OwnerErrorCode
  readonly data: Readonly<Record<string, string>>

  constructor(
    code: OwnerErrorCode,
    data: Readonly<Record<string, string>> = {},
    options?: { cause?: unknown },
  ) {
    super(`${code} ${JSON.stringify(data)}`, options)
    this.code = code
    this.data = data
  }
}
