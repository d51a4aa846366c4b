/** A tool call of Claude Code as an item, and the same item once its result is known. */
import { z } from "zod"
import type { Item, ItemStatus } from "../../protocol/session.ts"
import type { DraftItem } from "../attempt-record.ts"
import { boundText, firstLine } from "../bounded-text.ts"
import { boundedInput, remarkIn, subjectOf } from "../tool-subject.ts"
import { proposedChange, type ReadText, reportedChange } from "./file-change.ts"
import { LABEL } from "./offer.ts"

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

export type ToolItem = Extract<DraftItem, { kind: "command" | "file_change" | "tool" }>

/** The item of a call that begins. */
export function toolItem({ id, name, input }: ToolUse, { workspace, read }: ToolItemContext): ToolItem {
  const base = { id, status: "running" } as const
  const change = proposedChange(name, input, read)
  const changes = change === null ? [] : [change]
  const subject = subjectOf({ agent: LABEL, name, input, changes, cwd: workspace })
  switch (subject.kind) {
    case "command": {
      const { command, cwd } = subject
      return { ...base, kind: "command", command, ...(cwd === undefined ? {} : { cwd }) }
    }
    case "change":
      return { ...base, kind: "file_change", changes }
    case "other": {
      const title = toolTitle(input)
      return {
        ...base,
        kind: "tool",
        name,
        ...(title === undefined ? {} : { title }),
        ...boundedInput(subject.input),
      }
    }
  }
}

/** The item of a call whose result came. */
export function settledItem(item: ToolItem, result: ToolResult, durationMs: number): ToolItem {
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
  }
}

const CommandDetail = z.looseObject({
  stdout: z.string(),
  stderr: z.string().catch(""),
  interrupted: z.boolean().optional().catch(undefined),
  backgroundTaskId: z.string().optional().catch(undefined),
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

const TextBlocks = z.array(
  z.looseObject({ type: z.string().catch("?"), text: z.string().optional().catch(undefined) }),
)

function resultText(content: unknown): string {
  if (typeof content === "string")
    return content.replace(/^<tool_use_error>([\s\S]*)<\/tool_use_error>$/, "$1")
  const blocks = TextBlocks.safeParse(content)
  return blocks.success ? blocks.data.map((block) => block.text ?? `[${block.type}]`).join("\n") : ""
}

/** What a call is about, best in the model's own words: for an item, never for an approval. */
function toolTitle(input: unknown): string | undefined {
  const remark = remarkIn(input)
  if (remark !== undefined) return firstLine(remark)
  const subject = subjectOf({ agent: LABEL, name: "", input })
  return (subject.kind === "other" && subject.title) || undefined
}
