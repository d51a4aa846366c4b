/** An agent's tool call as one of our items. */
import type { FileChange, ItemStatus } from "../../protocol/session.ts"
import type { DraftItem } from "../attempt-record.ts"
import { boundText } from "../bounded-text.ts"
import { boundedInput, subjectOf, type ToolSubject } from "../tool-subject.ts"
import { unifiedDiff } from "../unified-diff.ts"
import type { ToolCallPatch, ToolContent } from "./wire.ts"

const MAX_OUTPUT = 16 * 1024

/** What is known of a tool call so far; agents tell it in pieces and in any order. */
export interface ToolCall {
  readonly id: string
  readonly title: string
  readonly name: string
  readonly kind: string
  readonly status: "pending" | "in_progress" | "completed" | "failed"
  readonly input: unknown
  readonly output: unknown
  readonly content: readonly ToolContent[]
  readonly paths: readonly string[]
  /** The owner refused it, which the protocol does not tell from a failure. */
  readonly denied: boolean
}

export function mergeToolCall(known: ToolCall | undefined, patch: ToolCallPatch): ToolCall {
  return {
    id: patch.toolCallId,
    title: patch.title ?? known?.title ?? "",
    name: patch.name ?? known?.name ?? "",
    kind: patch.kind ?? known?.kind ?? "other",
    status: patch.status ?? known?.status ?? "pending",
    input: patch.rawInput ?? known?.input,
    output: patch.rawOutput ?? known?.output,
    content: patch.content ?? known?.content ?? [],
    paths: patch.locations?.map((location) => location.path) ?? known?.paths ?? [],
    denied: known?.denied ?? false,
  }
}

export function isOver(call: ToolCall): boolean {
  return call.status === "completed" || call.status === "failed"
}

/** What the call does, whatever the agent calls it. */
function callSubject(call: ToolCall): ToolSubject {
  return subjectOf(asCalled(call))
}

/** An agent that runs a command without giving its words has them in the title. */
export function asCalled(call: ToolCall) {
  const name = call.title || call.name
  const asked = { agent: "", name, input: call.input, changes: fileChanges(call) }
  const isBare = call.kind === "execute" && subjectOf(asked).kind === "other"
  return isBare && name !== "" ? { ...asked, input: { command: name } } : asked
}

/** `closing` is the status of a call that the agent left open when its turn ended. */
export function toolItem(call: ToolCall, closing?: ItemStatus): DraftItem {
  const base = { id: call.id, status: closing ?? itemStatus(call) }
  const subject = callSubject(call)
  const output = boundText(outputText(call), MAX_OUTPUT)
  switch (subject.kind) {
    case "change":
      return { ...base, kind: "file_change", changes: subject.changes }
    case "command":
      return {
        ...{ ...base, kind: "command", command: subject.command },
        ...(subject.cwd === undefined ? {} : { cwd: subject.cwd }),
        ...(output.text && { output: output.text }),
        ...(output.truncated && { truncated: true }),
        ...exitCode(call),
      }
    case "other":
      return {
        ...{ ...base, kind: "tool", name: call.name || call.kind },
        ...(call.title && { title: call.title }),
        ...boundedInput(subject.input),
        ...(output.text && { output: output.text }),
      }
  }
}

function exitCode({ output }: ToolCall): { readonly exitCode?: number } {
  const code = field(output, "exitCode") ?? field(output, "exit_code") ?? field(output, "exit")
  return typeof code === "number" && Number.isInteger(code) ? { exitCode: code } : {}
}

/** The whole output so far, unbounded; empty when there is none. */
export function outputText(call: ToolCall): string {
  const shown = call.content
    .map((part) => (part.type === "content" ? contentText(part.content) : ""))
    .join("")
  return shown || rawOutputText(call.output)
}

function fileChanges(call: ToolCall): readonly FileChange[] {
  const diffs = call.content.flatMap((part) => (part.type === "diff" ? [part] : []))
  if (diffs.length > 0) {
    return diffs.map((diff) => ({
      path: diff.path,
      change: diff.oldText === null || diff.oldText === undefined ? "add" : "update",
      diff: unifiedDiff(diff.oldText ?? "", diff.newText),
    }))
  }
  if (call.kind === "edit") return call.paths.map((path) => ({ path, change: "update" }))
  if (call.kind === "delete") return call.paths.map((path) => ({ path, change: "delete" }))
  return []
}

function itemStatus(call: ToolCall): ItemStatus {
  if (call.status === "completed") return "completed"
  if (call.status === "failed") return call.denied ? "declined" : "failed"
  return "running"
}

function contentText(content: Extract<ToolContent, { type: "content" }>["content"]): string {
  switch (content.type) {
    case "text":
      return content.text
    case "resource":
      return content.resource.text ?? content.resource.uri ?? ""
    case "resource_link":
      return content.uri
    case "image":
    case "other":
      return ""
  }
}

function rawOutputText(output: unknown): string {
  if (typeof output === "string") return output
  for (const name of ["output", "stdout", "formatted_output", "text"]) {
    const value = field(output, name)
    if (typeof value === "string") return value
  }
  return ""
}

export function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !(name in value)) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}
