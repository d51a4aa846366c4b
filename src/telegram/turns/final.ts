/** How a turn's outcome is told: the answer, formatted and split, or the reason why there is none. */
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { Outcome } from "../../protocol/session.ts"
import { renderMarkdown } from "../rendering/markdown.ts"
import { bold, concat, join, type Rich } from "../rendering/rich.ts"
import { splitRich } from "../rendering/split.ts"
import { wordFailure } from "../words/owner-words.ts"

/** UTF-16 units that are looked at; of a longer answer only the beginning is shown in any case. */
const LONGEST_SHOWN = 64_000
/** Beyond this many messages the answer comes as a file, with its beginning as text. */
const PARTS_SHOWN = 4

export interface Final {
  readonly parts: readonly Rich[]
  /** The whole text is sent as a file too. */
  readonly asFile: boolean
  readonly offers: readonly ("run_again" | "continue")[]
}

/** `header`: what the reader must know first, for instance of which session this is; null in the session's own place. */
export function composeFinal(
  turn: Turn,
  outcome: Outcome,
  { say, header }: { readonly say: TelegramSay; readonly header: Rich | null },
): Final {
  const answer = (reason: Rich | null) => body(outcome.text, { header, reason, say })
  switch (outcome.kind) {
    case "completed":
      return { ...answer(null), offers: [] }
    case "stopped":
      return { ...answer(bold(say("final.stopped"))), offers: [] }
    case "failed": {
      const attempts = turn.attempts > 1 ? `\n${say("failure.attempts", { attempts: turn.attempts })}` : ""
      const reason = concat(
        bold(`⚠ ${say("status.failed")}`),
        `\n${wordFailure(outcome.failure, say)}${attempts}`,
      )
      return { ...answer(reason), offers: ["run_again"] }
    }
    case "indeterminate": {
      const text =
        outcome.consumed === "yes" ? say("final.indeterminate_yes") : say("final.indeterminate_unknown")
      return { ...answer(bold(`⚠ ${text}`)), offers: ["continue", "run_again"] }
    }
  }
}

interface Lead {
  readonly header: Rich | null
  readonly reason: Rich | null
  readonly say: TelegramSay
}

function body(text: string, { header, reason, say }: Lead): Omit<Final, "offers"> {
  const begun = text.slice(0, LONGEST_SHOWN)
  const answer = begun.trim() === "" ? null : renderMarkdown(begun)
  const told = answer ?? (reason === null ? concat(say("final.empty")) : null)
  const content = [header, reason, told].filter((part) => part !== null)
  const parts = splitRich(join(content, "\n\n"))
  if (parts.length <= PARTS_SHOWN && begun.length === text.length) return { parts, asFile: false }
  return { parts: [...parts.slice(0, 1), concat(say("final.as_file"))], asFile: true }
}
