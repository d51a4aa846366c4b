/** A permission request as one of our requests, and the owner's answer as the agent's outcome. */
import { ItemId } from "../../protocol/ids.ts"
import type { Answer, OptionEffect, RequestBody, RequestOption } from "../../protocol/session.ts"
import { commandLine, field, fileChanges, outputText, type ToolCall } from "./tool-item.ts"
import type { PermissionRequest, PermissionResponse } from "./wire.ts"

export const CANCELLED: PermissionResponse = { outcome: { outcome: "cancelled" } }

type Offered = PermissionRequest["options"]

/** Null when nothing is offered to choose from. */
export function permissionBody(
  call: ToolCall,
  offered: Offered,
  profile: { readonly rejectEndsTurn: boolean },
): RequestBody | null {
  const options = requestOptions(offered, profile.rejectEndsTurn)
  if (options.length === 0) return null
  const markdown = planText(call)
  if (markdown) return { kind: "plan", markdown, options, acceptsReason: false }
  const changes = fileChanges(call)
  const subject = subjectOf(call, changes.length > 0)
  const command = commandLine(call)
  const cwd = field(call.input, "cwd")
  return {
    kind: "approval",
    subject,
    title: oneLine(subject === "command" ? command : call.title || call.name || call.kind),
    ...(subject === "command" && { command }),
    ...(typeof cwd === "string" && { cwd }),
    ...(changes.length > 0 && { changes }),
    item: ItemId.parse(call.id.slice(0, 200)),
    options,
    acceptsReason: false,
  }
}

/** Null when the answer does not fit what was offered. */
export function permissionResponse(answer: Answer, offered: Offered): PermissionResponse | null {
  switch (answer.kind) {
    case "option": {
      const chosen = offered.find((option) => option.optionId === answer.option)
      return chosen ? { outcome: { outcome: "selected", optionId: chosen.optionId } } : null
    }
    case "dismissed": {
      const reject = offered.find((option) => option.kind === "reject_once")
      return reject ? { outcome: { outcome: "selected", optionId: reject.optionId } } : CANCELLED
    }
    case "answers":
      return null
  }
}

export function isRefusal(response: PermissionResponse, offered: Offered): boolean {
  if (response.outcome.outcome === "cancelled") return true
  const { optionId } = response.outcome
  return offered.find((option) => option.optionId === optionId)?.kind.startsWith("reject") ?? false
}

function requestOptions(offered: Offered, rejectEndsTurn: boolean): readonly RequestOption[] {
  const known = offered.flatMap((option) => {
    const effect = effectOf(option.kind, rejectEndsTurn)
    return effect ? [{ option, effect }] : []
  })
  return known.map(({ option, effect }) => {
    // The agent's words are needed where a kind alone hides what is granted, or where two options share it.
    const ambiguous = known.filter((other) => other.effect === effect).length > 1
    const lasting = option.kind === "allow_always" || option.kind === "reject_always"
    return { id: option.optionId, effect, ...((ambiguous || lasting) && { label: option.name }) }
  })
}

function effectOf(kind: string, rejectEndsTurn: boolean): OptionEffect | null {
  if (kind === "allow_once" || kind === "allow_always") return kind
  if (kind === "reject_once" || kind === "reject_always") return rejectEndsTurn ? "deny_stop" : "deny"
  return null
}

function subjectOf(call: ToolCall, changesFiles: boolean): "command" | "file_change" | "tool" {
  if (call.kind === "execute") return "command"
  if (changesFiles || call.kind === "edit" || call.kind === "delete" || call.kind === "move")
    return "file_change"
  return "tool"
}

/** Leaving a plan mode is asked as a permission to switch modes that carries the plan. */
function planText(call: ToolCall): string {
  if (call.kind !== "switch_mode") return ""
  const plan = field(call.input, "plan")
  return typeof plan === "string" && plan !== "" ? plan : outputText(call)
}

function oneLine(text: string): string {
  const line = text.split("\n", 1)[0] ?? ""
  return line.length > 200 ? `${line.slice(0, 199)}…` : line
}
