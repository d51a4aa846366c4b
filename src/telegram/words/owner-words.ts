/** Failures in the owner's words. */
import { explainReason } from "../../core/failure-words.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Failure } from "../../protocol/session.ts"

/** What failed and what can be done, in at most a few lines: our reason or else the class, then the agent's own words. */
export function wordFailure(failure: Failure, say: TelegramSay): string {
  const main = failure.reason ? explainReason(failure.reason, say) : wordClass(failure, say)
  const id = failure.logId ? say("error.details", { id: failure.logId }) : ""
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
