/** What a control request is refused with: a code for programs, words for the owner. */
import { describeFailure } from "../../core/failure-words.ts"
import type { ControlSay } from "../../core/texts/control.ts"
import { isStorageFailure } from "../../ledger/errors.ts"
import type { ControlError } from "../../protocol/control.ts"
import { OwnerError } from "../../runtime/errors.ts"

type FaultCode = ControlError["error"]["code"]

export const statusOf = {
  invalid: 400,
  not_found: 404,
  conflict: 409,
  unavailable: 503,
  storage: 503,
  internal: 500,
} as const satisfies Record<FaultCode, number>

/** Thrown by a route that cannot do what it was asked; `message` is for the owner. */
export class ControlFault extends Error {
  override readonly name = "ControlFault"
  readonly code: FaultCode

  constructor(code: FaultCode, message: string, options?: { cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}

/** Null for errors that are none of the owner's doing. */
export function faultOf(error: unknown, say: ControlSay): ControlFault | null {
  if (error instanceof ControlFault) return error
  if (isStorageFailure(error)) return new ControlFault("storage", say("error.storage"), { cause: error })
  return error instanceof OwnerError ? ownerFault(error, say) : null
}

function ownerFault(error: OwnerError, say: ControlSay): ControlFault {
  const { data } = error
  const fault = (code: FaultCode, message: string) => new ControlFault(code, message, { cause: error })
  switch (error.code) {
    case "unknown_session":
      return fault("not_found", say("error.unknown_session", { session: data.session ?? "" }))
    case "unknown_turn":
      return fault("not_found", say("error.unknown_turn"))
    case "unknown_provider": {
      const { provider = "", known = "–" } = data
      return fault("invalid", say("error.unknown_provider", { provider, known }))
    }
    case "no_provider":
      return fault("unavailable", say("error.no_provider"))
    case "workspace_missing":
      return fault("invalid", say("error.workspace_missing", { path: data.path ?? "" }))
    case "native_unknown": {
      const { provider = "", native = "" } = data
      return fault("not_found", say("error.native_unknown", { provider, native }))
    }
    case "native_open_elsewhere":
      return fault("conflict", say("error.native_open_elsewhere"))
    case "turn_not_queued":
      return fault(
        "conflict",
        say(data.state === "steering" ? "error.turn_steering" : "error.turn_not_queued"),
      )
    case "nothing_running":
      return fault("conflict", say("error.nothing_running"))
    case "host_unavailable":
      return fault(
        "unavailable",
        say("error.host_unavailable", { reason: describeFailure(error.failure, say) }),
      )
    case "agent_failed":
      return fault("unavailable", describeFailure(error.failure, say))
  }
}
