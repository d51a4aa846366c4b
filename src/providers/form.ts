/**
 * A form that an MCP server or an agent wants filled in (modelcontextprotocol.io, elicitation), as our questions, and
 * the owner's answers as its content. Lenient: a field of a form nobody knows is asked as a line of text.
 */
import { z } from "zod"
import type { Answer, Question } from "../protocol/session.ts"

export type FormValue = string | number | boolean | readonly string[]
export type FormContent = Readonly<Record<string, FormValue>>

export interface Form {
  readonly message: string
  readonly fields: readonly Field[]
  readonly required: readonly string[]
}

interface Field {
  readonly id: string
  readonly type: string
  readonly title: string | undefined
  readonly description: string | undefined
  readonly options: readonly Option[]
  readonly minimum: number | undefined
  readonly maximum: number | undefined
  /** The field that takes an answer of one's own instead of the options. */
  readonly otherId: string | null
}

interface Option {
  readonly value: string
  readonly label: string
  readonly description?: string
}

const text = z.string().optional().catch(undefined)
const bound = z.number().optional().catch(undefined)
const values = z
  .array(z.union([z.string(), z.number(), z.boolean()]).transform(String))
  .optional()
  .catch(undefined)
const choices = z
  .array(
    z.object({
      const: z.union([z.string(), z.number(), z.boolean()]).transform(String),
      title: text,
      description: text,
    }),
  )
  .optional()
  .catch(undefined)
const choosing = { enum: values, enumNames: values, oneOf: choices, anyOf: choices }
const Property = z
  .object({
    type: text,
    title: text,
    description: text,
    minimum: bound,
    maximum: bound,
    ...choosing,
    items: z.object(choosing).optional().catch(undefined),
  })
  .catch({
    type: undefined,
    title: undefined,
    description: undefined,
    minimum: undefined,
    maximum: undefined,
    enum: undefined,
    enumNames: undefined,
    oneOf: undefined,
    anyOf: undefined,
    items: undefined,
  })
type Property = z.infer<typeof Property>
const Schema = z.object({
  properties: z.record(z.string(), Property).catch({}),
  required: z.array(z.string()).catch([]),
})

/** @param schema the form's `requestedSchema`, as it came. */
export function readForm(message: string, schema: unknown): Form {
  const parsed = Schema.safeParse(schema)
  const { properties, required } = parsed.success ? parsed.data : { properties: {}, required: [] }
  const isOther = (id: string): boolean => {
    const main = id.endsWith("_custom") ? properties[id.slice(0, -"_custom".length)] : undefined
    return main !== undefined && optionsOf(main).length > 0
  }
  const fields = Object.entries(properties).flatMap(([id, property]): Field[] => {
    // A text field named `<field>_custom` belongs to the field with options: Claude Code's ACP agent asks so.
    if (isOther(id)) return []
    const { title, description, minimum, maximum } = property
    const options = optionsOf(property)
    const otherId = options.length > 0 && `${id}_custom` in properties ? `${id}_custom` : null
    return [{ id, type: typeOf(property), ...{ title, description, minimum, maximum, options, otherId } }]
  })
  return { message, fields, required }
}

/** Empty when the form only asks for leave. */
export function formQuestions({ message, fields }: Form): readonly Question[] {
  return fields.map((field, index) => {
    const wording = field.description ?? field.title ?? field.id
    const alone = fields.length === 1 && message !== ""
    // The message says what the form is for; only the first question needs it.
    const introduced = index === 0 && message !== "" ? `${message}\n\n${wording}` : wording
    return {
      id: field.id,
      ...(field.title ? { header: field.title } : {}),
      text: alone ? message : introduced,
      options: field.options.map(({ label, description }) => ({
        label,
        ...(description ? { description } : {}),
      })),
      multiple: field.type === "array",
      freeText: field.options.length === 0 || field.otherId !== null,
    }
  })
}

/** Null when the answer is of another kind, names no offered option, or leaves out what is required. */
export function formContent(form: Form, answer: Answer): FormContent | null {
  if (answer.kind !== "answers") return null
  const content: Record<string, FormValue> = {}
  for (const field of form.fields) {
    const filled = fillIn(field, answer.answers[field.id] ?? [])
    if (filled === null) return null
    Object.assign(content, filled)
  }
  const isMissing = form.fields.some(
    ({ id, otherId }) =>
      form.required.includes(id) && !(id in content) && !(otherId !== null && otherId in content),
  )
  return isMissing ? null : content
}

/** What goes into the form for one question; empty when nothing was answered, null when it does not fit. */
function fillIn(field: Field, given: readonly string[]): Record<string, FormValue> | null {
  const { id, options, otherId } = field
  const optionOf = (said: string): Option | undefined =>
    options.find((option) => option.label === said) ?? options.find((option) => option.value === said)
  const own = options.length === 0 ? [] : given.filter((said) => !optionOf(said))
  if (own.length > 0 && otherId === null) return null
  const chosen = given.filter((said) => !own.includes(said)).map((said) => optionOf(said)?.value ?? said)
  const filled: Record<string, FormValue> = {}
  if (otherId !== null && own.length > 0) filled[otherId] = own.join(", ")
  if (chosen.length === 0) return filled
  const value = typed(field, chosen)
  return value === null ? null : { ...filled, [id]: value }
}

function typed(field: Field, chosen: readonly string[]): FormValue | null {
  if (field.type === "array") return chosen
  const [first] = chosen
  if (first === undefined || chosen.length > 1) return null
  switch (field.type) {
    case "boolean":
      return first === "true"
    case "number":
    case "integer":
      return numeric(first, field)
    default:
      return first
  }
}

function numeric(said: string, { type, minimum, maximum }: Field): number | null {
  const number = Number(said)
  if (said.trim() === "" || !Number.isFinite(number)) return null
  if (type === "integer" && !Number.isInteger(number)) return null
  return number < (minimum ?? -Infinity) || number > (maximum ?? Infinity) ? null : number
}

function typeOf(property: Property): string {
  return property.type ?? (property.items ? "array" : "string")
}

function optionsOf(property: Property): readonly Option[] {
  if (property.type === "boolean") {
    return [
      { value: "true", label: "Yes" },
      { value: "false", label: "No" },
    ]
  }
  const from = property.type === "array" ? (property.items ?? property) : property
  const titled = from.oneOf ?? from.anyOf
  const named = titled
    ? titled.map(({ const: value, title, description }) => ({
        ...{ value, label: title || value },
        ...(description ? { description } : {}),
      }))
    : (from.enum ?? []).map((value, index) => ({ value, label: from.enumNames?.[index] || value }))
  // Two choices under one name are told apart by what they stand for.
  return named.map((option) =>
    named.some((other) => other !== option && other.label === option.label)
      ? { ...option, label: `${option.label} (${option.value})` }
      : option,
  )
}
