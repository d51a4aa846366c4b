/** A permission request as one of our requests, and the owner's answer as the agent's outcome. */
import type { Reason } from "../../protocol/reason.ts"
import type { Answer, OptionEffect, RequestBody, RequestOption } from "../../protocol/session.ts"
import { itemId } from "../ids.ts"
import { showing } from "../tool-subject.ts"
import { asCalled, field, outputText, type ToolCall } from "./tool-item.ts"
import type { PermissionRequest, PermissionResponse } from "./wire.ts"

export const CANCELLED: PermissionResponse = { outcome: { outcome: "cancelled" } }

type Offered = PermissionRequest["options"]

/** Ours, where the agent offers no way to say no. Chosen, the request is answered as cancelled. */
const OWN_DENIAL = "remoteagent:deny"

export interface AskedBy {
  readonly label: string
  readonly rejectEndsTurn: boolean
  /** The sub-agent that asks, where it is not the session's own agent. */
  readonly subagent: string | null
}

export type ReadPermission =
  | { readonly kind: "question"; readonly body: RequestBody }
  /** Nothing to show or nothing to allow: it is denied, and the owner is told. */
  | { readonly kind: "denied"; readonly reason: Reason }

export function readPermission(call: ToolCall, offered: Offered, by: AskedBy): ReadPermission {
  const options = requestOptions(offered, by.rejectEndsTurn)
  if (!options.some((option) => option.effect.startsWith("allow"))) {
    const reason = {
      code: "request_unknown",
      agent: by.label,
      request: "session/request_permission",
    } as const
    return { kind: "denied", reason }
  }
  const markdown = planText(call)
  if (markdown) return { kind: "question", body: { kind: "plan", markdown, options, acceptsReason: false } }
  const shown = showing({ ...asCalled(call), agent: by.label })
  if (shown.kind === "hidden") return { kind: "denied", reason: shown.reason }
  return {
    kind: "question",
    body: {
      ...{ kind: "approval", ...shown.body, options, acceptsReason: false },
      // The items of a sub-agent are not told.
      ...(by.subagent === null ? { item: itemId(call.id) } : { origin: { subagent: by.subagent } }),
    },
  }
}

/** Null when the answer does not fit what was offered. */
export function permissionResponse(answer: Answer, offered: Offered): PermissionResponse | null {
  switch (answer.kind) {
    case "option": {
      const chosen = offered.find((option) => option.optionId === answer.option)
      if (chosen) return { outcome: { outcome: "selected", optionId: chosen.optionId } }
      return answer.option === OWN_DENIAL ? CANCELLED : null
    }
    case "dismissed":
      return denial(offered)
    case "answers":
      return null
  }
}

/** The agent's own way to be told no, where it has one. */
export function denial(offered: Offered): PermissionResponse {
  const reject = offered.find((option) => option.kind === "reject_once")
  return reject ? { outcome: { outcome: "selected", optionId: reject.optionId } } : CANCELLED
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
  const options = known.map(({ option, effect }): RequestOption => {
    // The agent's words are needed where a kind alone hides what is granted, or where two options share it.
    const ambiguous = known.filter((other) => other.effect === effect).length > 1
    const lasting = option.kind === "allow_always" || option.kind === "reject_always"
    const isTelling = option.name !== "" && option.name !== option.kind
    const label = (ambiguous || lasting) && isTelling ? { label: option.name } : {}
    return { id: option.optionId, effect, ...label }
  })
  const canDeny = options.some((option) => option.effect.startsWith("deny"))
  return canDeny ? options : [...options, { id: OWN_DENIAL, effect: rejectEndsTurn ? "deny_stop" : "deny" }]
}

function effectOf(kind: string, rejectEndsTurn: boolean): OptionEffect | null {
  if (kind === "allow_once" || kind === "allow_always") return kind
  if (kind === "reject_once" || kind === "reject_always") return rejectEndsTurn ? "deny_stop" : "deny"
  return null
}

/** Leaving a plan mode is asked as a permission to switch modes that carries the plan. */
function planText(call: ToolCall): string {
  if (call.kind !== "switch_mode") return ""
  const plan = field(call.input, "plan")
  return typeof plan === "string" && plan !== "" ? plan : outputText(call)
}
