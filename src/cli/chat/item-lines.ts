/** An agent's items as lines of text. Everything in them comes from an agent, so nothing of it is trusted. */
import { explainReason } from "../../core/failure-words.ts"
import { goalLine } from "../../core/goal-words.ts"
import type { ChatSay } from "../../core/texts/chat.ts"
import type { FileChange, Item, Notice, PlanStep } from "../../protocol/session.ts"
import { harmless } from "../harmless.ts"

const outputLinesShown = 8
const reasoningLinesShown = 4
/** UTF-16 units of one item, and of what stands on one line. */
const charactersShown = 64 * 1024
const lineShown = 8 * 1024

export type Look = "plain" | "dim" | "strong" | "bad"

export interface Line {
  readonly look: Look
  readonly text: string
}

/** The lines of a finished item other than a message; messages are streamed. */
export function itemLines(item: Exclude<Item, { kind: "message" }>, say: ChatSay): readonly Line[] {
  switch (item.kind) {
    case "reasoning":
      return firstLines(item.text, reasoningLinesShown, say)
    case "command":
      return commandLines(item, say)
    case "file_change":
      return [...item.changes.map((change) => changeLine(change, say)), ...fate(item, say)]
    case "tool":
      return [strong(`⚙ ${[item.name, item.title].filter(Boolean).join(": ")}`), ...fate(item, say)]
    case "plan":
      return [...(item.text ? lines(item.text, "plain") : []), ...item.steps.map(stepLine)]
    case "image":
      return [strong(`▣ ${item.path}`)]
  }
}

/** How a command is shown when it begins. */
export function commandHead(command: string): readonly Line[] {
  return lines(command, "strong").map((line, index) => ({
    ...line,
    text: `${index === 0 ? "$" : ">"} ${line.text}`,
  }))
}

export function noticeLine(notice: Notice, say: ChatSay): Line {
  switch (notice.code) {
    case "retrying":
    case "context_compacted":
      return dim(say(`notice.${notice.code}`))
    case "model_changed":
      return dim(say("notice.model_changed", { to: harmless(notice.to) }))
    case "goal":
      return dim(harmless(goalLine(notice, say)))
    case "silent":
      return dim(say("notice.silent", { seconds: Math.round(notice.seconds) }))
    case "sandbox_unusable":
    case "warning":
      if (notice.reason) return bad(harmless(explainReason(notice.reason, say)))
      return bad(say(`notice.${notice.code}`, { detail: harmless(notice.detail) }))
  }
}

type CommandItem = Extract<Item, { kind: "command" }>

/** Without the command itself, which was shown when it began. */
function commandLines(item: CommandItem, say: ChatSay): readonly Line[] {
  const output = item.output ? lastLines(item.output, outputLinesShown, say) : []
  const code = item.exitCode
  const exit =
    code === undefined || code === null || code === 0 ? [] : [bad(`  ${say("item.exit", { code })}`)]
  return [...output, ...exit, ...(exit.length > 0 ? [] : fate(item, say))]
}

/** How an item ended, when that was not well. */
function fate(item: Item, say: ChatSay): readonly Line[] {
  switch (item.status) {
    case "running":
    case "completed":
    case "dropped":
      return []
    case "failed":
    case "declined":
    case "interrupted":
      return [bad(`  ${say(`item.${item.status}`)}`)]
  }
}

function changeLine(change: FileChange, say: ChatSay): Line {
  const what =
    change.change === "move"
      ? say("change.move", { to: change.movedTo ?? "?" })
      : say(`change.${change.change}`)
  return strong(`✎ ${change.path} (${what})`)
}

const stepMarks = { pending: "☐", running: "▸", completed: "☑" } as const

function stepLine(step: PlanStep): Line {
  return {
    look: step.status === "completed" ? "dim" : "plain",
    text: harmless(`${stepMarks[step.status]} ${step.text}`),
  }
}

function firstLines(text: string, count: number, say: ChatSay): readonly Line[] {
  const all = lines(text.trim(), "dim")
  if (all.length <= count) return all
  return [...all.slice(0, count), dim(say("item.more_lines", { count: all.length - count }))]
}

function lastLines(text: string, count: number, say: ChatSay): readonly Line[] {
  const end = text.slice(-charactersShown).trimEnd()
  const all = lines(end, "dim").map(({ text: line }) => dim(`  ${line}`))
  if (all.length <= count) return all
  return [dim(`  ${say("item.more_lines", { count: all.length - count })}`), ...all.slice(-count)]
}

function lines(text: string, look: Look): readonly Line[] {
  return harmless(bounded(text, charactersShown))
    .split("\n")
    .map((line) => ({ look, text: line }))
}

/** Cut before it is looked at: how long it is, the agent decides. */
function bounded(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`
}

const dim = (text: string): Line => ({ look: "dim", text: harmless(bounded(text, lineShown)) })
const strong = (text: string): Line => ({ look: "strong", text: harmless(bounded(text, lineShown)) })
const bad = (text: string): Line => ({ look: "bad", text: harmless(bounded(text, lineShown)) })
