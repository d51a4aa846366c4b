/** A form the agent wants filled in as our questions, and the owner's answers as its content. */
import type { Answer, Question } from "../../protocol/session.ts"
import type { ElicitationRequest, ElicitationResponse, FormField } from "./wire.ts"

interface Option {
  readonly value: string
  readonly label: string
  readonly description?: string
}

/** Empty when there is nothing to ask, or only fields of a kind that cannot be shown. */
export function formQuestions(request: ElicitationRequest): readonly Question[] {
  const fields = Object.entries(request.requestedSchema?.properties ?? {})
  return fields.map(([id, field], index) => {
    const options = fieldOptions(field)
    const wording = field.description ?? field.title ?? id
    const alone = fields.length === 1 && request.message !== ""
    return {
      id,
      ...(field.title && { header: field.title }),
      text: alone
        ? request.message
        : index === 0 && request.message
          ? `${request.message}\n\n${wording}`
          : wording,
      options: options.map(({ label, description }) => ({ label, ...(description && { description }) })),
      multiple: field.type === "array",
      freeText: options.length === 0,
    }
  })
}

/** Null when the answer is of another kind, names no offered option, or leaves out what is required. */
export function formResponse(answer: Answer, request: ElicitationRequest): ElicitationResponse | null {
  if (answer.kind === "dismissed") return { action: "decline" }
  if (answer.kind !== "answers") return null
  const content: Record<string, string | number | boolean | readonly string[]> = {}
  for (const [id, field] of Object.entries(request.requestedSchema?.properties ?? {})) {
    const given = answer.answers[id] ?? []
    const value = given.length === 0 ? undefined : fieldValue(field, given)
    if (value === null) return null
    if (value !== undefined) content[id] = value
  }
  const missing = request.requestedSchema?.required?.some((id) => !(id in content)) ?? false
  return missing ? null : { action: "accept", content }
}

function fieldOptions(field: FormField): readonly Option[] {
  if (field.type === "boolean") {
    return [
      { value: "true", label: "Yes" },
      { value: "false", label: "No" },
    ]
  }
  const titled = field.oneOf ?? field.items?.anyOf
  if (titled) {
    return titled.map((option) => ({
      value: option.const,
      label: option.title ?? option.const,
      ...(option.description && { description: option.description }),
    }))
  }
  return (field.enum ?? field.items?.enum ?? []).map((value) => ({ value, label: value }))
}

function fieldValue(
  field: FormField,
  given: readonly string[],
): string | number | boolean | readonly string[] | null {
  const options = fieldOptions(field)
  const values = given.map((label) => {
    if (options.length === 0) return label
    return options.find((option) => option.label === label || option.value === label)?.value ?? null
  })
  if (values.includes(null)) return null
  const chosen = values.flatMap((value) => (value === null ? [] : [value]))
  const [first] = chosen
  if (field.type === "array") return chosen
  if (first === undefined || chosen.length > 1) return null
  if (field.type === "boolean") return first === "true"
  if (field.type === "number" || field.type === "integer") {
    const number = Number(first)
    return first.trim() === "" ||
      !Number.isFinite(number) ||
      (field.type === "integer" && !Number.isInteger(number))
      ? null
      : number
  }
  return first
}
