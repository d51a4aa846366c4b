/** What the end of a turn means for its attempt. */
import type { Failure, Outcome } from "../../protocol/session.ts"
import { CRASHED, EMPTY, readTurnError } from "./failure.ts"
import type { Turn as WireTurn } from "./incoming.ts"
import type { Shared } from "./shared.ts"
import type { Turn } from "./turn.ts"

/** `serverDied`: Codex calls a turn whose server died `interrupted`, like one that somebody stopped. */
export function outcomeOf(
  { quota, context }: Shared,
  turn: Turn,
  { status, error, serverDied }: Pick<WireTurn, "status" | "error"> & { readonly serverDied: boolean },
): Outcome {
  const text = turn.text()
  const failed = (failure: Failure): Outcome => ({ kind: "failed", failure, text })
  switch (status) {
    case "completed":
      return turn.isSilentSoFar() ? failed(EMPTY) : { kind: "completed", text }
    case "failed": {
      const told = error ?? { message: "", additionalDetails: null }
      const logId = context.log.keep("codex turn error", told)
      return failed({ ...readTurnError(told, quota.resetsAt()), logId })
    }
    case "interrupted":
    case "inProgress":
      if (turn.stop?.kind === "gave_up") return failed(turn.stop.failure)
      return serverDied && turn.stop === null ? failed(CRASHED) : { kind: "stopped", text }
  }
}
