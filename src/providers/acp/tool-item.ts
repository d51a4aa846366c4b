/** An agent's tool call as one of our items. */
import { ItemId } from "../../protocol/ids.ts"
import type { FileChange, Item, ItemStatus } from "../../protocol/session.ts"
import { unifiedDiff } from "../unified-diff.ts"
import type { ToolCallPatch, ToolContent } from "./wire.ts"

const MAX_OUTPUT = 16 * 1024
const MAX_INPUT = 4 * 1024

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

/** `closing` is the status of a call that the agent left open when its turn ended. */
export function toolItem(call: ToolCall, closing?: ItemStatus): Item {
  const base = { id: ItemId.parse(call.id.slice(0, 200)), status: closing ?? itemStatus(call) }
  const changes = fileChanges(call)
  if (changes.length > 0) return { ...base, kind: "file_change", changes }
  if (call.kind === "execute") return { ...base, kind: "command", ...commandParts(call) }
  const input = describeInput(call.input)
  const output = clipMiddle(outputText(call)).text
  return {
    ...base,
    kind: "tool",
    name: call.name || call.kind,
    ...(call.title && { title: call.title }),
    ...(input && { input }),
    ...(output && { output }),
  }
}

/** The whole output so far, unbounded; empty when there is none. */
export function outputText(call: ToolCall): string {
  const shown = call.content
    .map((part) => (part.type === "content" ? contentText(part.content) : ""))
    .join("")
  return shown || rawOutputText(call.output)
}

export function commandLine(call: ToolCall): string {
  const command = field(call.input, "command") ?? field(call.input, "cmd")
  if (typeof command === "string" && command !== "") return command
  if (Array.isArray(command)) return command.map(String).join(" ")
  return call.title || call.name
}

export function fileChanges(call: ToolCall): readonly FileChange[] {
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

function commandParts(call: ToolCall) {
  const cwd = field(call.input, "cwd") ?? field(call.input, "workdir")
  const output = clipMiddle(outputText(call))
  const exitCode =
    field(call.output, "exitCode") ?? field(call.output, "exit_code") ?? field(call.output, "exit")
  return {
    command: commandLine(call),
    ...(typeof cwd === "string" && { cwd }),
    ...(output.text && { output: output.text }),
    ...(output.truncated && { truncated: true }),
    ...(typeof exitCode === "number" && { exitCode }),
  }
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

function describeInput(input: unknown): string {
  if (input === undefined || input === null) return ""
  const text = typeof input === "string" ? input : JSON.stringify(input)
  return text === "{}" ? "" : text.slice(0, MAX_INPUT)
}

export function field(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !(name in value)) return undefined
  return Object.getOwnPropertyDescriptor(value, name)?.value
}

function clipMiddle(text: string): { text: string; truncated: boolean } {
  if (text.length <= MAX_OUTPUT) return { text, truncated: false }
  const half = MAX_OUTPUT / 2
  return { text: `${text.slice(0, half)}\n…\n${text.slice(-half)}`, truncated: true }
}
