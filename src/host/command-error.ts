import type { HostFrame } from "../protocol/host-link.ts"

export type CommandErrorCode = Extract<HostFrame, { type: "error" }>["code"]

/** Why a command of the runtime was not carried out, in the words of the link. */
export class CommandError extends Error {
  override readonly name = "CommandError"
  readonly code: CommandErrorCode

  constructor(code: CommandErrorCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
