/** An approval as lines of the terminal: the sections that every surface shows, in their order. */
import { homedir } from "node:os"
import { describePermission } from "../../core/permission-words.ts"
import { type CardOption, type RequestCard, requestCard, type Section } from "../../core/request-card.ts"
import type { ChatSay } from "../../core/texts/chat.ts"
import type { RequestBody } from "../../protocol/session.ts"
import { harmless } from "../harmless.ts"

type Approval = Extract<RequestBody, { kind: "approval" }>

export function approvalCard(body: Approval, workspace: string): RequestCard {
  return requestCard(body, { workspace, home: homedir() })
}

/** Nothing in them drives the terminal. */
export function approvalLines({ sections }: RequestCard, say: ChatSay): readonly string[] {
  return sections.flatMap((section) => sectionLines(section, say)).map(harmless)
}

function sectionLines(section: Section, say: ChatSay): readonly string[] {
  switch (section.kind) {
    case "risk": {
      const words = section.risk.reasons.map((reason) => say(`risk.${reason}`)).join(", ")
      return [`${say(`request.risk_${section.risk.level}`)}: ${words}`]
    }
    case "where":
      return [say("request.in_directory", { cwd: section.path })]
    case "permissions":
      return section.permissions.map((permission) => describePermission(permission, say))
    case "command":
      return [`$ ${section.text}`]
    case "title":
      return [section.text]
    case "files":
      return section.files.map(({ path, movedTo }) => `✎ ${path}${movedTo === null ? "" : ` → ${movedTo}`}`)
    case "diff":
      return [`--- ${section.path}`, section.text]
    case "input":
      return [say("request.input"), section.text]
    case "marked":
      return [say("request.marked", { count: section.count })]
    case "unreadable":
      return [say("request.unreadable")]
    case "options":
      return section.options.map((option) => optionLine(option, say))
    case "reason":
      return [`${say("request.reason")} “${section.text}”`]
  }
}

export function optionLine({ number, effect, scope, label, reach }: CardOption, say: ChatSay): string {
  const called = label === null ? "" : ` “${label}”`
  const covers = scope === null ? "" : `: ${scope}`
  const warning = reach === "anything" || reach === "unsaid" ? ` ⚠ ${say(`request.rule_${reach}`)}` : ""
  return harmless(`${number}. ${say(`option.${effect}`)}${called}${covers}${warning}`)
}
