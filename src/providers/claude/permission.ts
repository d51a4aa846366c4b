/** `can_use_tool`: Claude Code asks whether it may use a tool, wants an answer, or shows a plan. */
import { z } from "zod"
import { ItemId } from "../../protocol/ids.ts"
import type { Answer, Question, RequestBody, RequestOption } from "../../protocol/session.ts"
import { proposedChange, type ReadText } from "./file-change.ts"
import { toolTitle } from "./tool-item.ts"
import type { CanUseTool, PermissionSuggestion } from "./wire.ts"

/** What Claude Code is told. */
export type Verdict =
  | {
      readonly behavior: "allow"
      readonly updatedInput: Readonly<Record<string, unknown>>
      readonly updatedPermissions?: readonly PermissionSuggestion[]
    }
  | { readonly behavior: "deny"; readonly message: string; readonly interrupt?: true }

export interface Ask {
  readonly body: RequestBody
  /** Null when the answer does not fit the request. */
  readonly verdict: (answer: Answer) => Verdict | null
}

export interface AskContext {
  readonly workspace: string
  readonly read: ReadText
  /** What the model wrote in the call when the request itself does not repeat it. */
  readonly inputOfCall: unknown
}

export function askOf(request: CanUseTool, context: AskContext): Ask {
  if (request.tool_name === "AskUserQuestion") return questionAsk(request) ?? approvalAsk(request, context)
  if (request.tool_name === "ExitPlanMode") return planAsk(request, context)
  return approvalAsk(request, context)
}

// ── approvals ────────────────────────────────────────────────────────────────────────────────────────────────────

interface Offer {
  readonly option: RequestOption
  readonly permissions?: readonly PermissionSuggestion[]
}

/** One option for each suggestion: echoing all of them back would also switch the mode (see facts of 0003). */
function approvalAsk(request: CanUseTool, context: AskContext): Ask {
  const offers: readonly Offer[] = [
    { option: { id: "allow_once", effect: "allow_once" } },
    ...(request.permission_suggestions ?? []).flatMap(offersOf),
    { option: { id: "deny", effect: "deny" } },
    { option: { id: "deny_stop", effect: "deny_stop" } },
  ]
  return {
    body: approvalBody(request, context, offers),
    verdict: (answer) => approvalVerdict(request, offers, answer),
  }
}

function approvalBody(request: CanUseTool, context: AskContext, offers: readonly Offer[]): RequestBody {
  const command = request.tool_name === "Bash" ? request.input.command : undefined
  const change = proposedChange(request.tool_name, request.input, context.read)
  const title = typeof command === "string" ? command : toolTitle(request.tool_name, request.input)
  const reason = request.decision_reason ?? (request.tool_name === "Bash" ? request.description : undefined)
  return {
    kind: "approval",
    subject: typeof command === "string" ? "command" : change === null ? "tool" : "file_change",
    title:
      change === null && typeof command !== "string"
        ? labelled(request, title)
        : (change?.path ?? firstLine(title)),
    ...(typeof command === "string" ? { command, cwd: context.workspace } : {}),
    ...(change === null ? {} : { changes: [change] }),
    ...(reason === undefined ? {} : { reason }),
    item: ItemId.parse(request.tool_use_id),
    options: offers.map((offer) => offer.option),
    acceptsReason: true,
  }
}

function labelled(request: CanUseTool, title: string | undefined): string {
  const name = request.display_name ?? request.tool_name
  return title === undefined ? name : `${name}: ${title}`
}

function firstLine(text: string | undefined): string {
  return text?.split("\n")[0] ?? ""
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
        updatedInput: request.input,
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

const QuestionsInput = z.looseObject({
  questions: z
    .array(
      z.looseObject({
        question: z.string(),
        header: z.string().optional(),
        multiSelect: z.boolean().optional(),
        options: z
          .array(z.looseObject({ label: z.string(), description: z.string().optional() }))
          .default([]),
      }),
    )
    .min(1),
})

function questionAsk(request: CanUseTool): Ask | null {
  const input = QuestionsInput.safeParse(request.input)
  if (!input.success) return null
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
      return { behavior: "allow", updatedInput: { ...request.input, answers: Object.fromEntries(answers) } }
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

function planAsk(request: CanUseTool, context: AskContext): Ask {
  // The request carries the plan only when the model also wrote it to a file.
  const plan = [request.input, context.inputOfCall]
    .map((input) => PlanInput.safeParse(input))
    .find((it) => it.success)
  return {
    body: {
      kind: "plan",
      markdown: plan?.data?.plan ?? "",
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
        updatedInput: request.input,
        ...(offer.permissions ? { updatedPermissions: offer.permissions } : {}),
      }
    },
  }
}

function keepPlanning(reason: string | undefined): Verdict {
  const message = "The user wants to keep planning and did not approve the plan."
  return { behavior: "deny", message: reason ? `${message} They said: ${reason}` : message }
}
