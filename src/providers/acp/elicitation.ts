/** A form the agent wants filled in as our questions, and the owner's answers as its content. */
import type { Answer, Question } from "../../protocol/session.ts"
import type { ElicitationRequest, ElicitationResponse, FormField } from "./wire.ts"

type Value = string | number | boolean | readonly string[]

interface Option {
  readonly value: string
  readonly label: string
  readonly description?: string
}

/** A field of the form, with the one that takes an answer of the owner's own instead of its options, if there is one. */
interface Asked {
  readonly id: string
  readonly field: FormField
  readonly options: readonly Option[]
  readonly otherId: string | null
}

/** Empty when there is nothing to ask. */
export function formQuestions(request: ElicitationRequest): readonly Question[] {
  const fields = askedFields(request)
  return fields.map(({ id, field, options, otherId }, index) => {
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
      freeText: options.length === 0 || otherId !== null,
    }
  })
}

/** Null when the answer is of another kind, names no offered option, or leaves out what is required. */
export function formResponse(answer: Answer, request: ElicitationRequest): ElicitationResponse | null {
  if (answer.kind === "dismissed") return { action: "decline" }
  if (answer.kind !== "answers") return null
  const content: Record<string, Value> = {}
  for (const asked of askedFields(request)) {
    const given = answer.answers[asked.id] ?? []
    const filled = fillIn(asked, given)
    if (filled === null) return null
    Object.assign(content, filled)
  }
  const missing = request.requestedSchema?.required?.some((id) => !(id in content)) ?? false
  return missing ? null : { action: "accept", content }
}

/** A text field named `<field>_custom` belongs to the field with options: Claude Code's agent asks so. */
function askedFields(request: ElicitationRequest): readonly Asked[] {
  const properties = request.requestedSchema?.properties ?? {}
  const hasOptions = (id: string): boolean => {
    const field = properties[id]
    return field !== undefined && fieldOptions(field).length > 0
  }
  return Object.entries(properties).flatMap(([id, field]): Asked[] => {
    if (id.endsWith("_custom") && hasOptions(id.slice(0, -"_custom".length))) return []
    const options = fieldOptions(field)
    const otherId = options.length > 0 && `${id}_custom` in properties ? `${id}_custom` : null
    return [{ id, field, options, otherId }]
  })
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

/** What goes into the form for one question; empty when nothing was answered, null when it does not fit. */
function fillIn(
  { id, field, options, otherId }: Asked,
  given: readonly string[],
): Record<string, Value> | null {
  const optionOf = (label: string): Option | undefined =>
    options.find((option) => option.label === label || option.value === label)
  const own = options.length === 0 ? [] : given.filter((label) => !optionOf(label))
  if (own.length > 0 && otherId === null) return null
  const chosen = given.filter((label) => !own.includes(label)).map((label) => optionOf(label)?.value ?? label)
  const filled: Record<string, Value> = {}
  if (otherId !== null && own.length > 0) filled[otherId] = own.join(", ")
  if (chosen.length === 0) return filled
  const value = typed(field, chosen)
  return value === null ? null : { ...filled, [id]: value }
}

function typed(field: FormField, chosen: readonly string[]): Value | null {
  if (field.type === "array") return chosen
  const [first] = chosen
  if (first === undefined || chosen.length > 1) return null
  switch (field.type) {
    case "boolean":
      return first === "true"
    case "number":
    case "integer":
      return numeric(first, field.type)
    default:
      return first
  }
}

function numeric(text: string, type: "number" | "integer"): number | null {
  const number = Number(text)
  const fits = text.trim() !== "" && (type === "integer" ? Number.isInteger(number) : Number.isFinite(number))
  return fits ? number : null
}
