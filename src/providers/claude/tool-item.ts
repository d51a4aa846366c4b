/** A tool call of Claude Code as an item, and the same item once its result is known. */
import { z } from "zod"
import { ItemId } from "../../protocol/ids.ts"
import type { Item, ItemStatus } from "../../protocol/session.ts"
import { boundText } from "../bounded-text.ts"
import { boundedInput } from "../tool-subject.ts"
import { proposedChange, type ReadText, reportedChange } from "./file-change.ts"

const MAX_OUTPUT = 32 * 1024

export interface ToolUse {
  readonly id: string
  readonly name: string
  readonly input: unknown
}

export interface ToolResult {
  readonly content: unknown
  readonly isError: boolean
  /** Claude Code's own account of the result; its shape depends on the tool. */
  readonly detail: unknown
  /** The tool was never run: a rule, the mode or the owner said no. */
  readonly refused: boolean
  /** The owner stopped the turn meanwhile. */
  readonly interrupted: boolean
}

export interface ToolItemContext {
  readonly workspace: string
  readonly read: ReadText
}

const BashInput = z.looseObject({ command: z.string() })

/** The item of a call that begins. */
export function toolItem(use: ToolUse, context: ToolItemContext): Item {
  const base = { id: ItemId.parse(use.id), status: "running" } as const
  const bash = use.name === "Bash" ? BashInput.safeParse(use.input) : undefined
  if (bash?.success) return { ...base, kind: "command", command: bash.data.command, cwd: context.workspace }
  const change = proposedChange(use.name, use.input, context.read)
  if (change !== null) return { ...base, kind: "file_change", changes: [change] }
  const title = toolTitle(use.name, use.input)
  return {
    ...base,
    kind: "tool",
    name: use.name,
    ...(title === undefined ? {} : { title }),
    ...boundedInput(JSON.stringify(use.input ?? {}, null, 2)),
  }
}

/** The item of a call whose result came. */
export function settledItem(item: Item, result: ToolResult, durationMs: number): Item {
  const status = statusOf(result)
  switch (item.kind) {
    case "command":
      return { ...item, status, ...commandResult(result), durationMs }
    case "file_change": {
      const reported = result.isError ? null : reportedChange(result.detail)
      return { ...item, status, changes: reported === null ? item.changes : [reported] }
    }
    case "tool":
      return { ...item, status, output: boundText(resultText(result.content), MAX_OUTPUT).text }
    default:
      return { ...item, status }
  }
}

/** The item of a call that will have no result any more. */
export function unsettledItem(item: Item, status: ItemStatus): Item {
  return { ...item, status }
}

const CommandDetail = z.looseObject({
  stdout: z.string().default(""),
  stderr: z.string().default(""),
  interrupted: z.boolean().optional(),
  backgroundTaskId: z.string().optional(),
})

function commandResult(result: ToolResult): Partial<Extract<Item, { kind: "command" }>> {
  const detail = CommandDetail.safeParse(result.detail)
  const ran = detail.success && detail.data.backgroundTaskId === undefined && !result.isError
  const text = ran
    ? [detail.data.stdout, detail.data.stderr].filter(Boolean).join("\n")
    : resultText(result.content)
  const exit = /^Exit code (\d+)\n?/.exec(text)
  const output = boundText(exit ? text.slice(exit[0].length) : text, MAX_OUTPUT)
  return {
    output: output.text,
    ...(output.truncated ? { truncated: true } : {}),
    exitCode: exit ? Number(exit[1]) : ran ? 0 : null,
  }
}

function statusOf(result: ToolResult): ItemStatus {
  if (result.interrupted) return "interrupted"
  if (result.refused) return "declined"
  const detail = CommandDetail.safeParse(result.detail)
  if (detail.success && detail.data.interrupted) return "interrupted"
  return result.isError ? "failed" : "completed"
}

const TextBlocks = z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))

function resultText(content: unknown): string {
  if (typeof content === "string")
    return content.replace(/^<tool_use_error>([\s\S]*)<\/tool_use_error>$/, "$1")
  const blocks = TextBlocks.safeParse(content)
  return blocks.success ? blocks.data.map((block) => block.text ?? `[${block.type}]`).join("\n") : ""
}

const titleFields = [
  "description",
  "file_path",
  "path",
  "pattern",
  "url",
  "query",
  "skill",
  "command",
  "prompt",
] as const

/** One line that says what the call is about. */
export function toolTitle(name: string, input: unknown): string | undefined {
  const fields = z.record(z.string(), z.unknown()).safeParse(input)
  if (!fields.success) return undefined
  // A search is about its pattern, not about where it looks.
  const order = name === "Grep" || name === "Glob" ? ["pattern" as const, ...titleFields] : titleFields
  const value = order
    .map((field) => fields.data[field])
    .find((found) => typeof found === "string" && found !== "")
  if (typeof value !== "string") return undefined
  const line = value.split("\n")[0] ?? ""
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}
