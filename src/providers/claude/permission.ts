/** `can_use_tool`: Claude Code asks whether it may use a tool, wants an answer, or shows a plan. */
import { z } from "zod"
import type { Reason } from "../../protocol/reason.ts"
import type { Answer, Origin, Question, RequestBody, RequestOption } from "../../protocol/session.ts"
import { itemId } from "../ids.ts"
import { hiddenInWords, remarkIn, showing } from "../tool-subject.ts"
import { proposedChange, type ReadText } from "./file-change.ts"
import { LABEL } from "./offer.ts"
import type { CanUseTool, PermissionSuggestion } from "./wire.ts"

/** What Claude Code is told. */
export type Verdict =
  | {
      readonly behavior: "allow"
      /** As it was asked for and shown. */
      readonly updatedInput: unknown
      readonly updatedPermissions?: readonly PermissionSuggestion[]
    }
  | { readonly behavior: "deny"; readonly message: string; readonly interrupt?: true }

export interface Ask {
  readonly body: RequestBody
  /** Null when the answer does not fit the request. */
  readonly verdict: (answer: Answer) => Verdict | null
}

/** What the owner cannot be shown is denied, with the reason for them and for the model. */
export type Asking =
  | { readonly kind: "ask"; readonly ask: Ask }
  | { readonly kind: "deny"; readonly verdict: Verdict; readonly reason: Reason }

export interface AskContext {
  readonly workspace: string
  readonly read: ReadText
  /** What the model wrote in the call when the request itself does not repeat it. */
  readonly inputOfCall: unknown
}

export function askOf(request: CanUseTool, context: AskContext): Asking {
  const ask =
    request.tool_name === "AskUserQuestion"
      ? questionAsk(request)
      : request.tool_name === "ExitPlanMode"
        ? planAsk(request, context)
        : null
  return ask === null ? approvalAsk(request, context) : { kind: "ask", ask }
}

// ── approvals ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Offer {
  readonly option: RequestOption
  readonly permissions?: readonly PermissionSuggestion[]
}

/** One option for each suggestion: echoing all of them back would also switch the mode (see facts of 0003). */
function approvalAsk(request: CanUseTool, context: AskContext): Asking {
  const { tool_name: name, input } = request
  const change = proposedChange(name, input, context.read)
  const shown = showing({
    ...{ agent: LABEL, name: spokenName(request), input, cwd: context.workspace },
    changes: change === null ? [] : [change],
  })
  if (shown.kind === "hidden") {
    const verdict: Verdict = { behavior: "deny", message: hiddenInWords(shown.reason) }
    return { kind: "deny", verdict, reason: shown.reason }
  }
  const offers: readonly Offer[] = [
    { option: { id: "allow_once", effect: "allow_once" } },
    ...(request.suppress_always_allow_rule ? [] : request.permission_suggestions.flatMap(offersOf)),
    { option: { id: "deny", effect: "deny" } },
    { option: { id: "deny_stop", effect: "deny_stop" } },
  ]
  const origin = originOf(request)
  const reason = [request.decision_reason, remarkIn(input)].filter(Boolean).join("\n")
  const body: RequestBody = {
    kind: "approval",
    ...shown.body,
    ...(origin === null ? {} : { origin }),
    ...(reason === "" ? {} : { reason }),
    item: itemId(request.tool_use_id),
    options: offers.map((offer) => offer.option),
    acceptsReason: true,
  }
  return { kind: "ask", ask: { body, verdict: (answer) => approvalVerdict(request, offers, answer) } }
}

/** A tool of an MCP server is named `mcp__<server>__<tool>`; the server is told as the origin. */
const MCP_TOOL = /^mcp__(.+?)__(.+)$/

function spokenName({ tool_name, display_name }: CanUseTool): string {
  return MCP_TOOL.exec(tool_name)?.[2] ?? (tool_name || display_name || "")
}

function originOf({ tool_name, mcp_server, agent_id }: CanUseTool): Origin | null {
  const mcpServer = mcp_server?.name || MCP_TOOL.exec(tool_name)?.[1]
  if (!mcpServer && !agent_id) return null
  return { ...(mcpServer ? { mcpServer } : {}), ...(agent_id ? { subagent: agent_id } : {}) }
}

function approvalVerdict(request: CanUseTool, offers: readonly Offer[], answer: Answer): Verdict | null {
  if (answer.kind === "dismissed") return denial(undefined)
  if (answer.kind !== "option") return null
  const offer = offers.find((candidate) => candidate.option.id === answer.option)
  if (offer === undefined) return null
  switch (offer.option.effect) {
    case "allow_once":
    case "allow_session":
    case "allow_always":
      return {
        behavior: "allow",
        updatedInput: request.input ?? {},
        ...(offer.permissions ? { updatedPermissions: offer.permissions } : {}),
      }
    case "deny":
      return denial(answer.reason)
    case "deny_stop":
      return { ...denial(answer.reason), interrupt: true }
  }
}

function denial(reason: string | undefined): Extract<Verdict, { behavior: "deny" }> {
  return {
    behavior: "deny",
    message: reason ? `The user declined this: ${reason}` : "The user declined this.",
  }
}

function offersOf(suggestion: PermissionSuggestion, index: number): readonly Offer[] {
  const scope = scopeOf(suggestion)
  if (scope === null) return []
  const offer = (effect: "allow_session" | "allow_always", permission: PermissionSuggestion): Offer => ({
    option: { id: `${effect}:${index}`, effect, scope },
    permissions: [permission],
  })
  const session = offer("allow_session", { ...suggestion, destination: "session" })
  const isStored = suggestion.destination !== undefined && suggestion.destination !== "session"
  return isStored ? [session, offer("allow_always", suggestion)] : [session]
}

/** What exactly a suggestion would allow; null for one we do not understand, which is then not offered. */
function scopeOf(suggestion: PermissionSuggestion): string | null {
  switch (suggestion.type) {
    case "addRules": {
      if (suggestion.behavior !== "allow") return null
      const rules = suggestion.rules ?? []
      const scope = rules.map((rule) => rule.ruleContent ?? `every ${rule.toolName}`).join(", ")
      return scope === "" ? null : scope
    }
    case "addDirectories":
      return suggestion.directories?.join(", ") || null
    case "setMode":
      return suggestion.mode === "acceptEdits" ? "acceptEdits" : null
    default:
      return null
  }
}

// ── questions ────────────────────────────────────────────────────────────────────────────────────────────────────

const Fields = z.record(z.string(), z.unknown())
const QuestionsInput = z.looseObject({
  questions: z
    .array(
      z.looseObject({
        question: z.string(),
        header: z.string().optional().catch(undefined),
        multiSelect: z.boolean().optional().catch(undefined),
        options: z
          .array(z.looseObject({ label: z.string(), description: z.string().optional().catch(undefined) }))
          .catch([]),
      }),
    )
    .min(1),
})

function questionAsk(request: CanUseTool): Ask | null {
  const input = QuestionsInput.safeParse(request.input)
  const asked = Fields.safeParse(request.input)
  if (!input.success || !asked.success) return null
  const questions: readonly Question[] = input.data.questions.map((question, index) => ({
    id: String(index),
    ...(question.header === undefined ? {} : { header: question.header }),
    text: question.question,
    options: question.options.map(({ label, description }) =>
      description === undefined ? { label } : { label, description },
    ),
    multiple: question.multiSelect ?? false,
    freeText: true,
  }))
  return {
    body: { kind: "question", questions },
    verdict(answer) {
      if (answer.kind === "dismissed")
        return { behavior: "deny", message: "The user dismissed the question." }
      if (answer.kind !== "answers") return null
      const answers = questions.flatMap(({ id, text }) => {
        const chosen = answer.answers[id] ?? []
        return chosen.length === 0 ? [] : [[text, chosen.join(", ")] as const]
      })
      return { behavior: "allow", updatedInput: { ...asked.data, answers: Object.fromEntries(answers) } }
    },
  }
}

// ── plans ────────────────────────────────────────────────────────────────────────────────────────────────────────

const PlanInput = z.looseObject({ plan: z.string().min(1) })
const acceptEdits: PermissionSuggestion = { type: "setMode", mode: "acceptEdits", destination: "session" }

const planOffers: readonly Offer[] = [
  { option: { id: "approve", effect: "allow_once", scope: "default" } },
  {
    option: { id: "approve_accept_edits", effect: "allow_session", scope: "acceptEdits" },
    permissions: [acceptEdits],
  },
  { option: { id: "keep_planning", effect: "deny" } },
]

function planAsk(request: CanUseTool, context: AskContext): Ask | null {
  // The request carries the plan only when the model also wrote it to a file.
  const plan = [request.input, context.inputOfCall]
    .map((input) => PlanInput.safeParse(input))
    .find((it) => it.success)?.data?.plan
  if (plan === undefined) return null
  return {
    body: {
      kind: "plan",
      markdown: plan,
      options: planOffers.map((offer) => offer.option),
      acceptsReason: true,
    },
    verdict(answer) {
      if (answer.kind === "dismissed") return keepPlanning(undefined)
      if (answer.kind !== "option") return null
      const offer = planOffers.find((candidate) => candidate.option.id === answer.option)
      if (offer === undefined) return null
      if (offer.option.effect === "deny") return keepPlanning(answer.reason)
      return {
        behavior: "allow",
        updatedInput: request.input ?? {},
        ...(offer.permissions ? { updatedPermissions: offer.permissions } : {}),
      }
    },
  }
}

function keepPlanning(reason: string | undefined): Verdict {
  const message = "The user wants to keep planning and did not approve the plan."
  return { behavior: "deny", message: reason ? `${message} They said: ${reason}` : message }
}
