/** Codex' items in the words every provider uses. */
import { z } from "zod"
import type { Item, ItemStatus } from "../../protocol/session.ts"
import type { DraftItem } from "../attempt-record.ts"
import { type Bounded, boundText } from "../bounded-text.ts"
import { readChanges } from "./file-changes.ts"
import type { ThreadItem } from "./incoming.ts"
import { unwrapShell } from "./shell-command.ts"

const TextContent = z.object({ text: z.string() })

export type Stage = "started" | "completed"

/** Null for items that say nothing to the owner: his own prompt, thoughts without text. */
export function readItem(item: ThreadItem, stage: Stage): DraftItem | null {
  const { id } = item
  const status: ItemStatus = stage === "started" ? "running" : "completed"
  switch (item.type) {
    case "userMessage":
    case "contextCompaction":
    case "subAgentActivity":
      return null
    case "agentMessage":
      return { kind: "message", id, status, text: item.text }
    case "exitedReviewMode":
      return { kind: "message", id, status, text: item.review }
    case "plan":
      return { kind: "plan", id, status, steps: [], text: item.text }
    case "reasoning": {
      const text = (item.summary.length > 0 ? item.summary : item.content).join("\n\n")
      return text === "" ? null : { kind: "reasoning", id, status, text }
    }
    case "commandExecution":
      return readCommand(item)
    case "fileChange":
      return { kind: "file_change", id, status: readStatus(item.status), changes: readChanges(item.changes) }
    case "mcpToolCall":
      return readMcpCall(item)
    case "dynamicToolCall":
      return {
        ...{ kind: "tool", id, name: item.tool },
        status: readStatus(item.status),
        input: json(item.arguments),
      }
    case "collabAgentToolCall":
      return {
        ...{ kind: "tool", id, name: item.tool },
        status: readStatus(item.status),
        ...(item.prompt === null ? {} : { input: item.prompt }),
      }
    case "webSearch":
      return { kind: "tool", id, status, name: "web_search", input: item.query }
    case "imageView":
      return { kind: "image", id, status, path: item.path, mediaType: imageType(item.path) }
    case "imageGeneration":
      return item.savedPath === null
        ? { kind: "tool", id, status, name: "image_generation" }
        : { kind: "image", id, status, path: item.savedPath, mediaType: imageType(item.savedPath) }
  }
}

/** Whether Codex waits for something of its own while this item runs, so that silence means nothing. */
export function isWork(item: Item): boolean {
  return item.kind === "command" || item.kind === "tool" || item.kind === "file_change"
}

/** A step list that Codex replaces as a whole; `text` explains it. */
export function readSteps(
  id: string,
  steps: readonly { readonly step: string; readonly status: string }[],
  text: string | null,
): DraftItem {
  return {
    kind: "plan",
    id,
    status: steps.every((step) => step.status === "completed") ? "completed" : "running",
    steps: steps.map(({ step, status }) => ({
      text: step,
      status: status === "completed" ? "completed" : status === "inProgress" ? "running" : "pending",
    })),
    ...(text === null ? {} : { text }),
  }
}

function readCommand(item: Extract<ThreadItem, { type: "commandExecution" }>): DraftItem {
  const output: Bounded | null = item.aggregatedOutput === null ? null : boundText(item.aggregatedOutput)
  return {
    kind: "command",
    id: item.id,
    status: readStatus(item.status),
    command: unwrapShell(item.command),
    ...(item.cwd === null ? {} : { cwd: item.cwd }),
    ...(output === null ? {} : { output: output.text, truncated: output.truncated }),
    ...(item.exitCode === null ? {} : { exitCode: item.exitCode }),
    ...(item.durationMs === null ? {} : { durationMs: item.durationMs }),
  }
}

function readMcpCall(item: Extract<ThreadItem, { type: "mcpToolCall" }>): DraftItem {
  const output = item.error?.message ?? item.result?.content.map(contentText).join("\n")
  return {
    kind: "tool",
    id: item.id,
    status: readStatus(item.status),
    name: `${item.server}.${item.tool}`,
    input: json(item.arguments),
    ...(output === undefined ? {} : { output: boundText(output).text }),
  }
}

function readStatus(status: string): ItemStatus {
  switch (status) {
    case "inProgress":
      return "running"
    case "failed":
      return "failed"
    case "declined":
      return "declined"
    default:
      return "completed"
  }
}

function contentText(content: unknown): string {
  const text = TextContent.safeParse(content)
  return text.success ? text.data.text : json(content)
}

function json(value: unknown): string {
  return value === undefined ? "" : boundText(JSON.stringify(value)).text
}

function imageType(path: string): string {
  const extension = /\.(\w+)$/u.exec(path)?.[1]?.toLowerCase()
  switch (extension) {
    case "jpg":
    case "jpeg":
      return "image/jpeg"
    case "gif":
    case "webp":
    case "bmp":
    case "avif":
      return `image/${extension}`
    case "svg":
      return "image/svg+xml"
    default:
      return "image/png"
  }
}
