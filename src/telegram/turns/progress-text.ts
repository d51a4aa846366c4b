/** What a running turn has said and done so far, in few words. Pure. */
import type { Item } from "../../protocol/session.ts"
import type { LiveTurn } from "../../runtime/live.ts"
import { expandableQuote, type RichPart } from "../rendering/rich.ts"
import { shortPath, withoutWorkspace } from "../words/workspace-path.ts"

const ACTIONS_SHOWN = 5

/** The answer so far: finished messages and the one being written. */
export function messageText(live: LiveTurn): string {
  const finished = [...live.items.values()].filter(
    (item) => item.kind === "message" && item.status !== "running",
  )
  const running = [...live.texts.values()]
    .filter(({ channel }) => channel === "message")
    .map(({ text }) => text)
  return [...finished.map((item) => (item.kind === "message" ? item.text : "")), ...running].join("\n\n")
}

/** One line an action, the last ones only. */
export function recentActions(live: LiveTurn, workspace: string): readonly RichPart[] {
  const actions = [...live.items.values()].filter(
    (item) => item.kind !== "message" && item.kind !== "reasoning",
  )
  const lines = actions
    .slice(-ACTIONS_SHOWN)
    .map((item) => `${MARKS[item.status]} ${actionLine(item, workspace)}`)
  return lines.length > 2 ? [expandableQuote(lines.join("\n"))] : lines
}

const MARKS = {
  running: "▸",
  completed: "✓",
  failed: "✗",
  declined: "⊘",
  interrupted: "■",
  dropped: "–",
} as const

export function actionLine(item: Item, workspace: string): string {
  switch (item.kind) {
    case "command":
      return oneLine(`$ ${withoutWorkspace(item.command, workspace)}`)
    case "file_change":
      return oneLine(item.changes.map((change) => shortPath(change.path, workspace)).join(", "))
    case "tool":
      return oneLine(withoutWorkspace(item.title ?? item.name, workspace))
    case "plan":
      return oneLine(item.steps.find((step) => step.status === "running")?.text ?? item.text ?? "")
    case "image":
      return "🖼"
    case "message":
    case "reasoning":
      return "…"
  }
}

function oneLine(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim()
  return line.length <= 100 ? line : `${line.slice(0, 99).toWellFormed()}…`
}
