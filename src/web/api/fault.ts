/** What a call is refused with: a code for programs, words for the owner, and what can be done about it. */
import { describeFailure } from "../../core/failure-words.ts"
import type { ControlSay } from "../../core/texts/control.ts"
import { isStorageFailure } from "../../ledger/errors.ts"
import type { ApiError, ErrorRemedy } from "../../protocol/api.ts"
import { OwnerError } from "../../runtime/errors.ts"
import { ReusedClientIdError } from "../../runtime/receipts.ts"

type Refusal = ApiError["error"]
type FaultCode = Refusal["code"]

export const statusOf = {
  invalid: 400,
  forbidden: 403,
  not_found: 404,
  conflict: 409,
  too_large: 413,
  unavailable: 503,
  storage: 503,
  internal: 500,
} as const satisfies Record<FaultCode, number>

/** Thrown by whatever cannot do what it was asked; `message` is for the owner. */
export class ApiFault extends Error {
  override readonly name = "ApiFault"
  readonly code: FaultCode
  readonly reason: string
  readonly remedy: ErrorRemedy | undefined

  constructor(
    { code, reason, message, remedy }: Omit<Refusal, "logId">,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options)
    this.code = code
    this.reason = reason
    this.remedy = remedy
  }

  toJSON(): Refusal {
    const { code, reason, message, remedy } = this
    return { code, reason, message, ...(remedy ? { remedy } : {}) }
  }
}

/** When another program held the ledger, or its disk was full: in ms. */
const STORAGE_AFTER_MS = 100
const HOST_AFTER_MS = 1_000

/** Null for errors that are none of the owner's doing. */
export function faultOf(error: unknown, say: ControlSay): ApiFault | null {
  if (error instanceof ApiFault) return error
  if (error instanceof OwnerError) return ownerFault(error, say)
  if (error instanceof ReusedClientIdError) {
    const remedy = { kind: "correct", field: "clientId" } as const
    const message = say("error.client_id_reused")
    return new ApiFault({ code: "conflict", reason: "client_id_reused", message, remedy }, { cause: error })
  }
  if (!isStorageFailure(error)) return null
  const remedy = { kind: "repeat", afterMs: STORAGE_AFTER_MS } as const
  return new ApiFault(
    { code: "storage", reason: "storage", message: say("error.storage"), remedy },
    { cause: error },
  )
}

function ownerFault(error: OwnerError, say: ControlSay): ApiFault {
  const { data, code: reason } = error
  const fault = (code: FaultCode, message: string, remedy?: ErrorRemedy) =>
    new ApiFault({ code, reason, message, ...(remedy ? { remedy } : {}) }, { cause: error })
  const reload = { kind: "reload" } as const
  switch (reason) {
    case "unknown_session":
      return fault("not_found", say("error.unknown_session", { session: data.session ?? "" }), reload)
    case "unknown_turn":
      return fault("not_found", say("error.unknown_turn"), reload)
    case "unknown_provider": {
      const { provider = "", known = "–" } = data
      const correct = { kind: "correct", field: "provider" } as const
      return fault("invalid", say("error.unknown_provider", { provider, known }), correct)
    }
    case "no_provider":
      return fault("unavailable", say("error.no_provider"), { kind: "run", command: "remoteagent doctor" })
    case "workspace_missing": {
      const correct = { kind: "correct", field: "workspace" } as const
      return fault("invalid", say("error.workspace_missing", { path: data.path ?? "" }), correct)
    }
    case "native_unknown": {
      const { provider = "", native = "" } = data
      return fault("not_found", say("error.native_unknown", { provider, native }), reload)
    }
    case "native_open_elsewhere":
      return fault("conflict", say("error.native_open_elsewhere"))
    case "turn_not_queued":
      return fault(
        "conflict",
        say(data.state === "steering" ? "error.turn_steering" : "error.turn_not_queued"),
        reload,
      )
    case "nothing_running":
      return fault("conflict", say("error.nothing_running"), reload)
    case "host_unavailable": {
      const message = say("error.host_unavailable", { reason: describeFailure(error.failure, say) })
      return fault("unavailable", message, { kind: "repeat", afterMs: HOST_AFTER_MS })
    }
    case "agent_failed":
      return fault("unavailable", describeFailure(error.failure, say))
  }
}
