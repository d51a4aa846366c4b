/** A form that an MCP server puts to the owner, as questions and back. */
import type { Answer, Question, RequestBody } from "../../protocol/session.ts"
import type { Elicitation, ElicitationProperty } from "./incoming.ts"
import type * as wire from "./protocol.generated.ts"

const YES = "Yes"
const NO = "No"

/** Null for what cannot be asked from afar, such as a page to open on this machine. */
export function readElicitation(asked: Elicitation): RequestBody | null {
  if (asked.mode !== "form" && asked.mode !== "openai/form" && asked.mode !== "openaiForm") return null
  const properties = Object.entries(asked.requestedSchema?.properties ?? {})
  const [first, ...rest] = properties.map(([id, property]) => readQuestion(id, property))
  if (first === undefined) return readConfirmation(asked)
  // The message says what the form is for; only the first question needs it.
  const introduced = {
    ...first,
    text: [asked.message, first.text].filter((text) => text !== "").join("\n\n"),
  }
  return { kind: "question", questions: [introduced, ...rest] }
}

/** A form without fields asks only for leave, as Codex does before it calls a tool that needs it. */
function readConfirmation({ serverName, message, _meta }: Elicitation): RequestBody {
  const kept = _meta?.persist ?? []
  return {
    kind: "approval",
    subject: "tool",
    title: message.split("\n")[0] || serverName,
    reason: message,
    options: [
      { id: "accept", effect: "allow_once" },
      ...(kept.includes("session") ? [{ id: "session", effect: "allow_session" } as const] : []),
      ...(kept.includes("always") ? [{ id: "always", effect: "allow_always" } as const] : []),
      { id: "decline", effect: "deny" },
      { id: "cancel", effect: "deny_stop" },
    ],
    acceptsReason: false,
  }
}

function readQuestion(id: string, property: ElicitationProperty): Question {
  const labels = choices(property).map((choice) => ({ label: choice.label }))
  return {
    id,
    text: property.description ?? property.title ?? id,
    ...(property.title === undefined ? {} : { header: property.title }),
    options: labels,
    multiple: property.type === "array",
    freeText: labels.length === 0,
  }
}

export function answerElicitation(
  asked: Elicitation,
  answer: Answer,
): wire.McpServerElicitationRequestResponse {
  switch (answer.kind) {
    case "dismissed":
      return respond("cancel", null)
    case "option":
      return confirm(answer.option)
    case "answers":
      return respond("accept", formContent(asked, answer.answers))
  }
}

function confirm(option: string): wire.McpServerElicitationRequestResponse {
  switch (option) {
    case "accept":
      return respond("accept", {})
    case "session":
    case "always":
      return { ...respond("accept", {}), _meta: { persist: option } }
    case "cancel":
      return respond("cancel", null)
    default:
      return respond("decline", null)
  }
}

export const DECLINED: wire.McpServerElicitationRequestResponse = respond("decline", null)

function respond(
  action: wire.McpServerElicitationAction,
  content: wire.JsonValue,
): wire.McpServerElicitationRequestResponse {
  return { action, content, _meta: null }
}

function formContent(
  asked: Elicitation,
  answers: Readonly<Record<string, readonly string[]>>,
): { [key: string]: wire.JsonValue } {
  const properties = Object.entries(asked.requestedSchema?.properties ?? {})
  const given = properties.filter(([id]) => (answers[id]?.length ?? 0) > 0)
  return Object.fromEntries(given.map(([id, property]) => [id, typed(property, answers[id] ?? [])]))
}

function typed(property: ElicitationProperty, given: readonly string[]): wire.JsonValue {
  const known = choices(property)
  const values = given.map((label) => known.find((choice) => choice.label === label)?.value ?? label)
  const first = values[0] ?? ""
  switch (property.type) {
    case "array":
      return values
    case "boolean":
      return first === YES
    case "number":
    case "integer": {
      const number = Number(first)
      return Number.isNaN(number) ? first : number
    }
    default:
      return first
  }
}

function choices(
  property: ElicitationProperty,
): readonly { readonly label: string; readonly value: string }[] {
  if (property.type === "boolean") return [YES, NO].map((label) => ({ label, value: label }))
  const titled = property.oneOf ?? property.items?.anyOf
  if (titled) return titled.map((choice) => ({ label: choice.title ?? choice.const, value: choice.const }))
  return (property.enum ?? property.items?.enum ?? []).map((value) => ({ label: value, value }))
}
