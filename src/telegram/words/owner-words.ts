/** Errors and failures in the owner's words. */
import { describeFailure, explainReason } from "../../core/failure-words.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Failure } from "../../protocol/session.ts"
import { OwnerError } from "../../runtime/errors.ts"

/** A command needs a session and this chat shows none. */
export class NoSessionHere extends Error {
  override readonly name = "NoSessionHere"
}

type LabelOf = (provider: string) => string

/** Null for errors that are none of the owner's doing. */
export function wordError(
  error: unknown,
  say: TelegramSay,
  labelOf: LabelOf = (provider) => provider,
): string | null {
  if (error instanceof NoSessionHere) return say("error.need_session")
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
      return wordFailure(error.failure, say)
  }
}

/** What failed and what can be done, in at most a few lines: our reason or else the class, then the agent's own words. */
export function wordFailure(failure: Failure, say: TelegramSay): string {
  const main = failure.reason ? explainReason(failure.reason, say) : wordClass(failure, say)
  const id = failure.logId ? say("final.detail_id", { id: failure.logId }) : ""
  return [main, failure.detail ?? "", id].filter((part) => part !== "").join("\n")
}

/** What failed, in one sentence: what the owner can do is not said while it is done for them. */
export function wordReason(failure: Failure, say: TelegramSay): string {
  const [first = ""] = wordClass(failure, say).split(/(?<=\.)\s/)
  return first
}

function wordClass({ class: failureClass, resetsAt }: Failure, say: TelegramSay): string {
  const isKnown = failureClass === "usage_limit" && resetsAt !== undefined
  return isKnown
    ? say("failure.usage_limit_until", { time: clockTime(resetsAt) })
    : say(`failure.${failureClass}`)
}

/** Hours and minutes on this machine's clock; with the day when it is not today. */
export function clockTime(time: number | undefined, now = Date.now()): string {
  if (time === undefined) return "—"
  const date = new Date(time)
  const hours = `${String(date.getHours()).padStart(2, "0")}:${String(date.getMinutes()).padStart(2, "0")}`
  const isToday = new Date(now).toDateString() === date.toDateString()
  return isToday ? hours : `${date.getMonth() + 1}/${date.getDate()} ${hours}`
}
