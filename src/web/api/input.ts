/** Reads what a client sent for an operation, and refuses what is not of the promised form. */
import type { Context } from "hono"
import { z } from "zod"
import type { ControlSay } from "../../core/texts/control.ts"
import { type Operation, pathFields } from "../../protocol/operation.ts"
import { OwnerError } from "../../runtime/errors.ts"
import { ApiFault } from "./fault.ts"

/** Reads one operation's input. @throws ApiFault `invalid`, `too_large`, `not_found` */
export type InputReader = (request: Context) => Promise<unknown>

export function inputReader(operation: Operation, say: ControlSay): InputReader {
  const inPath = pathFields(operation)
  const types = fieldTypes(operation)
  return async (request) => {
    const params = Object.fromEntries(inPath.map((name) => [name, request.req.param(name)]))
    const rest =
      operation.kind === "query" ? request.req.query() : await readBody(request, operation.limit, say)
    const given = { ...(operation.kind === "query" ? typed(rest, types) : rest), ...typed(params, types) }
    const parsed = operation.input.safeParse(given)
    if (parsed.success) return parsed.data
    throw refusal(parsed.error, { request, inPath, say })
  }
}

interface Refused {
  readonly request: Context
  readonly inPath: readonly string[]
  readonly say: ControlSay
}

/** What a path names and cannot be there is not there. */
function refusal(error: z.ZodError, { request, inPath, say }: Refused): Error {
  const field = String(error.issues[0]?.path[0] ?? "")
  if (inPath.includes(field)) {
    if (field === "session")
      return new OwnerError("unknown_session", { session: request.req.param(field) ?? "" })
    if (field === "turn") return new OwnerError("unknown_turn")
    const message = say("error.unknown_route", { method: request.req.method, path: request.req.path })
    return new ApiFault({ code: "not_found", reason: "unknown_route", message })
  }
  const fault = z.prettifyError(error).replaceAll(/\s*\n\s*/g, " ")
  const message = say("error.bad_value", { fault })
  return new ApiFault(
    { code: "invalid", reason: "bad_value", message, remedy: { kind: "correct", field } },
    { cause: error },
  )
}

/** @throws ApiFault. Reads no further than the limit, whatever length was announced. */
async function readBody({ req }: Context, limit: number, say: ControlSay): Promise<object> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of req.raw.body ?? []) {
    size += chunk.byteLength
    if (size > limit) {
      const message = say("error.too_large", { limit: showSize(limit) })
      throw new ApiFault({ code: "too_large", reason: "too_large", message })
    }
    chunks.push(chunk)
  }
  const text = Buffer.concat(chunks).toString("utf8")
  const value = text === "" ? {} : parseJson(text, say)
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value
  throw badJson(say)
}

function parseJson(text: string, say: ControlSay): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw badJson(say, cause)
  }
}

const badJson = (say: ControlSay, cause?: unknown): ApiFault =>
  new ApiFault({ code: "invalid", reason: "bad_json", message: say("error.bad_json") }, { cause })

const showSize = (bytes: number): string =>
  bytes >= 1024 * 1024 ? `${bytes / (1024 * 1024)} MB` : `${bytes / 1024} KB`

type FieldType = "number" | "boolean" | "string"

/** Addresses hold only text: which of an input's fields are something else. */
function fieldTypes({ input }: Operation): ReadonlyMap<string, FieldType> {
  const { properties = {} } = z.toJSONSchema(input, { io: "input", unrepresentable: "any" })
  const types = Object.entries(properties).map(([name, schema]): [string, FieldType] => {
    const type = typeof schema === "object" ? schema.type : undefined
    if (type === "integer" || type === "number") return [name, "number"]
    return [name, type === "boolean" ? "boolean" : "string"]
  })
  return new Map(types)
}

function typed(texts: object, types: ReadonlyMap<string, FieldType>): object {
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => [name, meant(String(text), types.get(name))]),
  )
}

/** What is no number or truth value stays text, and is refused as such. */
function meant(text: string, type: FieldType | undefined): unknown {
  if (type === "number" && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (type === "boolean" && /^(true|false)$/.test(text)) return text === "true"
  return text
}
