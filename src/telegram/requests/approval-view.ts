/** How the sections of an approval look in Telegram, and as the file that shows them whole. */
import { describePermission } from "../../core/permission-words.ts"
import type { CardFile, CardOption, Section } from "../../core/request-card.ts"
import type { RiskSay } from "../../core/texts/risk.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { OptionEffect } from "../../protocol/session.ts"
import {
  bold,
  code,
  concat,
  expandableQuote,
  join,
  pre,
  quote,
  type Rich,
  type RichPart,
} from "../rendering/rich.ts"
import { shortPath } from "../words/workspace-path.ts"

export interface ViewContext {
  readonly say: TelegramSay
  readonly sayRisk: RiskSay
  readonly workspace: string
}

export function sectionRich(section: Section, context: ViewContext): RichPart {
  const { say, workspace } = context
  switch (section.kind) {
    case "risk":
      return riskLine(section.risk, context)
    case "where":
      return concat(say("request.where", { cwd: "" }), code(shortPath(section.path, workspace)))
    case "permissions":
      return section.permissions.map((permission) => describePermission(permission, say)).join("\n")
    case "command":
      return pre(section.text, "bash")
    case "title":
      return section.text
    case "files": {
      const lines = section.files.map((file) => fileLine(file, workspace))
      return join(
        [...lines, ...(section.more > 0 ? [say("request.files_more", { count: section.more })] : [])],
        "\n",
      )
    }
    case "diff":
      return expandableQuote(concat(bold(shortPath(section.path, workspace)), "\n", section.text))
    case "input":
      return concat(say("request.input"), "\n", pre(section.text))
    case "marked":
      return bold(say("request.marked", { count: section.count }))
    case "unreadable":
      return bold(say("request.unreadable"))
    case "options":
      return join(
        section.options.map((option) => optionLine(option, say)),
        "\n",
      )
    case "reason":
      return concat(say("request.reason"), "\n", quote(section.text))
  }
}

/** The same as plain text, for a file. */
export function sectionText(section: Section, context: ViewContext): string {
  const shown = sectionRich(section, context)
  return typeof shown === "string" ? shown : shown.text
}

const MARKS = { low: "⚪", medium: "🟠", high: "🔴" } as const

function riskLine(
  { level, reasons }: Extract<Section, { kind: "risk" }>["risk"],
  { say, sayRisk }: ViewContext,
): Rich {
  const words = reasons.map((reason) => sayRisk(reason)).join(", ")
  const line = `${MARKS[level]} ${say(`request.risk_${level}`)}: ${words}`
  return level === "low" ? concat(line) : bold(line)
}

function fileLine({ change, path, movedTo }: CardFile, workspace: string): Rich {
  const marks = { add: "+", update: "~", delete: "−", move: "→" } as const
  const target = movedTo === null ? "" : concat(" → ", code(shortPath(movedTo, workspace)))
  return concat(`${marks[change]} `, code(shortPath(path, workspace)), target)
}

/** A numbered option in full, with what is to be said against it. */
export function optionLine({ number, effect, scope, label, reach }: CardOption, say: TelegramSay): Rich {
  const called = label === null ? "" : ` “${label}”`
  const words = `${number}. ${effectWords(effect, say)}${called}`
  const warning = reach === "anything" || reach === "unsaid" ? ` ⚠ ${say(`request.rule_${reach}`)}` : ""
  return concat(words, scope === null ? "" : concat(": ", code(scope)), warning)
}

/** What an option does, in our words: they come first wherever it is named. */
export function effectWords(effect: OptionEffect, say: TelegramSay): string {
  switch (effect) {
    case "allow_once":
    case "allow_session":
    case "allow_always":
    case "deny":
    case "deny_stop":
      return say(`button.${effect}`)
  }
}
