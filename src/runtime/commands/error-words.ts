/** What the owner asked for and cannot be done, in their words. */
import { describeFailure } from "../../core/failure-words.ts"
import type { CommandSay } from "../../core/texts/command.ts"
import type { Failure } from "../../protocol/session.ts"
import { OwnerError } from "../errors.ts"

type LabelOf = (provider: string) => string

/** Null for errors that are none of the owner's doing. */
export function wordError(
  error: unknown,
  say: CommandSay,
  labelOf: LabelOf = (provider) => provider,
): string | null {
  if (!(error instanceof OwnerError)) return null
  const { data } = error
  switch (error.code) {
    case "unknown_session":
      return say("error.unknown_session", { session: data.session ?? "" })
    case "unknown_turn":
      return say("error.unknown_turn")
    case "unknown_provider":
      return say("error.unknown_provider", { provider: data.provider ?? "", known: data.known ?? "—" })
    case "no_provider":
      return say("error.no_provider")
    case "workspace_missing":
      return say("error.workspace_missing", { path: data.path ?? "" })
    case "native_unknown":
      return say("error.native_unknown", {
        provider: labelOf(data.provider ?? ""),
        native: data.native ?? "",
      })
    case "native_open_elsewhere":
      return say("error.native_open_elsewhere")
    case "turn_not_queued":
      return say(data.state === "steering" ? "error.turn_steering" : "error.turn_not_queued")
    case "nothing_running":
      return say("error.nothing_running")
    case "host_unavailable":
      return say("error.host_unavailable", { reason: describeFailure(error.failure, say) })
    case "agent_failed":
      return wordAgentFailure(error.failure, say)
  }
}

function wordAgentFailure(failure: Failure, say: CommandSay): string {
  const id = failure.logId ? `\n${say("error.details", { id: failure.logId })}` : ""
  return describeFailure(failure, say) + id
}
