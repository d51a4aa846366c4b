/**
 * What an agent's tool call is about, for the item that shows it and the approval that asks for it: a command, a change
 * of files, or a call with its arguments. What the model wrote *about* the call is never its title, only a reason.
 */
import { z } from "zod"
import { shellWord } from "../core/shell-word.ts"
import type { Reason } from "../protocol/reason.ts"
import type { FileChange, RequestBody } from "../protocol/session.ts"
import { boundText, firstLine, MAX_TEXT } from "./bounded-text.ts"

export interface ToolCall {
  /** Who is told when it cannot be shown. */
  readonly agent: string
  /** The tool's name; empty when the agent does not say. */
  readonly name: string
  /** Its arguments as the agent gave them. */
  readonly input: unknown
  /** What the adapter knows it changes. */
  readonly changes?: readonly FileChange[] | undefined
  /** Where commands run unless the call says otherwise. */
  readonly cwd?: string | undefined
}

export type ToolSubject =
  | { readonly kind: "command"; readonly command: string; readonly cwd?: string; readonly input?: string }
  | { readonly kind: "change"; readonly changes: readonly FileChange[]; readonly input?: string }
  | { readonly kind: "other"; readonly title: string; readonly input?: string }

const Fields = z.record(z.string(), z.unknown())
type Fields = z.infer<typeof Fields>

const COMMANDS = ["command", "cmd", "script"] as const
const DIRECTORIES = ["cwd", "workdir", "working_directory"] as const
/** The model's own words about its call. */
const REMARKS: readonly string[] = ["description", "justification", "explanation"]
/** Arguments that say most in one line; a search is about its pattern, not about where it looks. */
const TELLING = ["pattern", "file_path", "notebook_path", "path", "url", "uri", "query", "skill"] as const

/** `input` is there when the call has arguments beside what is shown already. */
export function subjectOf({ name, input, changes, cwd }: ToolCall): ToolSubject {
  const parsed = Fields.safeParse(input)
  const fields = parsed.success ? parsed.data : {}
  if (changes !== undefined && changes.length > 0) return { kind: "change", changes }
  const found = commandIn(fields)
  if (found !== null) {
    const directory = firstString(fields, DIRECTORIES)
    const where = directory?.value ?? cwd
    const shown = [found.field, directory?.field, firstString(fields, REMARKS)?.field]
    return {
      kind: "command",
      command: found.command,
      ...(where === undefined ? {} : { cwd: where }),
      ...argumentsOf(Object.fromEntries(Object.entries(fields).filter(([field]) => !shown.includes(field)))),
    }
  }
  return { kind: "other", title: titleOf(name, fields), ...argumentsOf(parsed.success ? fields : input) }
}

/** The model's words about its call: a reason for the owner, told as the model's. */
export function remarkIn(input: unknown): string | undefined {
  const fields = Fields.safeParse(input)
  return fields.success ? firstString(fields.data, REMARKS)?.value : undefined
}

type Approval = Extract<RequestBody, { kind: "approval" }>
type Shown = Pick<Approval, "subject" | "title" | "command" | "cwd" | "changes" | "input">

/** What an approval of the call shows; or why it cannot be shown, and must be denied, because nobody can judge it. */
export type Showing =
  | { readonly kind: "shown"; readonly body: Shown }
  | { readonly kind: "hidden"; readonly reason: Reason }

export function showing(call: ToolCall): Showing {
  const subject = subjectOf(call)
  const { agent } = call
  const hidden = (code: "approval_empty" | "approval_too_long"): Showing => ({
    kind: "hidden",
    reason: { code, agent, tool: call.name },
  })
  const extra = subject.input === undefined ? {} : { input: subject.input }
  if (subject.input !== undefined && subject.input.length > MAX_TEXT) return hidden("approval_too_long")
  switch (subject.kind) {
    case "command": {
      const { command, cwd } = subject
      if (command.length > MAX_TEXT) return hidden("approval_too_long")
      const where = cwd === undefined ? {} : { cwd }
      return {
        kind: "shown",
        body: { subject: "command", title: firstLine(command), command, ...where, ...extra },
      }
    }
    case "change": {
      const { changes } = subject
      const [first, ...rest] = changes.map((change) => change.path)
      if (first === undefined) return hidden("approval_empty")
      const title = rest.length === 0 ? first : `${first} + ${rest.length}`
      return { kind: "shown", body: { subject: "file_change", title, changes, ...extra } }
    }
    case "other":
      if (subject.title === "" && subject.input === undefined) return hidden("approval_empty")
      return {
        kind: "shown",
        body: { subject: "tool", title: subject.title || firstLine(subject.input ?? ""), ...extra },
      }
  }
}

/** What the agent is told when its call cannot be shown. */
export function hiddenInWords(reason: Reason): string {
  return reason.code === "approval_too_long"
    ? "RemoteAgent denied this: its arguments are too long to be shown to the user, who must see what they allow. Split it up, or write the long part to a file first."
    : "RemoteAgent denied this: the request says nothing that could be shown to the user, who must see what they allow."
}

/** For an item, where what is left out may be: a call's arguments in short. */
export function boundedInput(input: string | undefined): { readonly input?: string } {
  return input === undefined ? {} : { input: boundText(input, 4 * 1024).text }
}

function commandIn(fields: Fields): { readonly field: string; readonly command: string } | null {
  for (const field of COMMANDS) {
    const value = fields[field]
    if (typeof value === "string" && value.trim() !== "") return { field, command: value }
    const words = z.array(z.string()).min(1).safeParse(value)
    if (words.success) return { field, command: words.data.map(shellWord).join(" ") }
  }
  return null
}

function titleOf(name: string, fields: Fields): string {
  const said = firstLine(firstString(fields, TELLING)?.value ?? "")
  return [firstLine(name), said].filter((part) => part !== "").join(": ")
}

function firstString(
  fields: Fields,
  names: readonly string[],
): { readonly field: string; readonly value: string } | undefined {
  for (const field of names) {
    const value = fields[field]
    if (typeof value === "string" && value.trim() !== "") return { field, value }
  }
  return undefined
}

/** As JSON, because nothing else shows beyond doubt where one argument ends. */
function argumentsOf(input: unknown): { readonly input?: string } {
  if (input === undefined || input === null || input === "") return {}
  if (typeof input === "object" && Object.keys(input).length === 0) return {}
  return { input: typeof input === "string" ? input : JSON.stringify(input, null, 2) }
}
