/** What the end of a turn means for its attempt. */
import type { Failure, Outcome } from "../../protocol/session.ts"
import { EMPTY, readTurnError } from "./failure.ts"
import type { Turn as WireTurn } from "./incoming.ts"
import type { Shared } from "./shared.ts"
import type { Turn } from "./turn.ts"

export interface Ended extends Pick<WireTurn, "status" | "error"> {
  /**
   * How the server ended, if it did: Codex then calls the turn `interrupted`, like one that somebody stopped.
   */
  readonly died: Failure | null
}

export function outcomeOf({ quota, context }: Shared, turn: Turn, { status, error, died }: Ended): Outcome {
  const text = turn.text()
  const failed = (failure: Failure): Outcome => ({ kind: "failed", failure, text })
  switch (status) {
    case "completed":
    case "other":
      if (status === "other" && error !== null) break
      return turn.isSilentSoFar() ? failed(EMPTY) : { kind: "completed", text }
    case "failed":
      break
    case "interrupted":
    case "inProgress":
      if (turn.stop?.kind === "gave_up") return failed(turn.stop.failure)
      return died !== null && turn.stop === null ? failed(died) : { kind: "stopped", text }
  }
  const told = error ?? { message: "", codexErrorInfo: undefined, additionalDetails: null }
  const logId = context.log.keep("codex turn error", told)
  return failed({ ...readTurnError(told, quota.resetsAt()), logId })
}
