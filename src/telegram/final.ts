/** How a turn's outcome is told: the answer, formatted and split, or the reason why there is none. */
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Outcome } from "../protocol/session.ts"
import { wordFailure } from "./owner-words.ts"
import { renderMarkdown } from "./rendering/markdown.ts"
import { bold, concat, type Rich } from "./rendering/rich.ts"
import { splitRich } from "./rendering/split.ts"

/** Beyond this many messages the answer comes as a file, with its beginning as text. */
const PARTS_SHOWN = 6

export interface Final {
  readonly parts: readonly Rich[]
  /** The whole text is sent as a file too. */
  readonly asFile: boolean
  readonly offers: readonly ("run_again" | "continue")[]
}

export function composeFinal(turn: Turn, outcome: Outcome, say: TelegramSay): Final {
  switch (outcome.kind) {
    case "completed":
      return { ...answer(outcome.text, say), offers: [] }
    case "stopped":
      return { ...answer(outcome.text, say, bold(say("final.stopped"))), offers: [] }
    case "failed": {
      const attempts = turn.attempts > 1 ? `\n${say("failure.attempts", { attempts: turn.attempts })}` : ""
      const reason = concat(
        bold(`⚠ ${say("status.failed")}`),
        `\n${wordFailure(outcome.failure, say)}${attempts}`,
      )
      return { ...answer(outcome.text, say, reason), offers: ["run_again"] }
    }
    case "indeterminate": {
      const text =
        outcome.consumed === "yes" ? say("final.indeterminate_yes") : say("final.indeterminate_unknown")
      return { ...answer(outcome.text, say, bold(`⚠ ${text}`)), offers: ["continue", "run_again"] }
    }
  }
}

function answer(text: string, say: TelegramSay, lead?: Rich): Omit<Final, "offers"> {
  const hasText = text.trim() !== ""
  if (!hasText) return { parts: [lead ?? concat(say("final.empty"))], asFile: false }
  const body = renderMarkdown(text)
  const parts = splitRich(lead ? concat(lead, "\n\n", body) : body)
  if (parts.length <= PARTS_SHOWN) return { parts, asFile: false }
  return { parts: [...parts.slice(0, 1), concat(say("final.as_file"))], asFile: true }
}
