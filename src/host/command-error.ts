import type { HostFrame } from "../protocol/host-link.ts"
import type { Failure } from "../protocol/session.ts"

export type CommandErrorCode = Extract<HostFrame, { type: "error" }>["code"]

/** Why a command of the runtime was not carried out, in the words of the link. */
export class CommandError extends Error {
  override readonly name = "CommandError"
  readonly code: CommandErrorCode
  /** For the owner; the message is for the log. */
  readonly failure: Failure | null

  constructor(code: CommandErrorCode, message: string, options?: { cause?: unknown; failure?: Failure }) {
    super(message, options)
    this.code = code
    this.failure = options?.failure ?? null
  }
}
