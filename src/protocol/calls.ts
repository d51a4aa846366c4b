/** What a call of an operation is on the wire, whatever carries it: the same for the terminal and the page. Pure. */
import { z } from "zod"
import { type Api, ApiError, api, type Input, type OperationName, type Reply } from "./api.ts"
import { type Operation, pathFields } from "./operation.ts"

/** The runtime answered and said no; `message` is for the owner. */
export class ApiRefusal extends Error {
  override readonly name = "ApiRefusal"
  readonly code: ApiError["error"]["code"]
  readonly reason: string
  readonly remedy: ApiError["error"]["remedy"]

  constructor(error: ApiError["error"]) {
    super(error.logId ? `${error.message} (${error.logId})` : error.message)
    this.code = error.code
    this.reason = error.reason
    this.remedy = error.remedy
  }
}

export interface WireCall {
  readonly method: Operation["method"]
  /** With the query; below the API's root. */
  readonly path: string
  readonly body: string | null
}

/** Of an effect, `input` must name its client id. */
export function wireCall<N extends OperationName>(name: N, input: Input<N>): WireCall {
  const operation: Operation = api[name]
  const inPath = pathFields(operation)
  const given = Object.entries(input).filter(([, value]) => value !== undefined)
  const rest = given.filter(([field]) => !inPath.includes(field))
  const path = operation.path.replaceAll(/:(\w+)/g, (_, field: string) =>
    encodeURIComponent(String(input[field as keyof typeof input])),
  )
  const { method } = operation
  if (operation.kind !== "query") return { method, path, body: JSON.stringify(Object.fromEntries(rest)) }
  const query = new URLSearchParams(
    rest.map(([field, value]): [string, string] => [field, String(value)]),
  ).toString()
  return { method, path: query === "" ? path : `${path}?${query}`, body: null }
}

/** @throws ApiRefusal when it is one; an error of its own when it is nothing that this version knows. */
export function readReply<N extends OperationName>(
  name: N,
  { status, text }: { readonly status: number; readonly text: string },
): Reply<N> {
  const value = parseJson(text)
  if (status >= 200 && status < 300) {
    const schema: Api[N]["reply"] = api[name].reply
    const parsed = z.safeParse(schema, value)
    if (parsed.success) return parsed.data as Reply<N>
    throw new Error(`the runtime answered ${name} in a way this version does not know`, {
      cause: parsed.error,
    })
  }
  const refusal = ApiError.safeParse(value)
  const unknown = { code: "internal", reason: "internal", message: `HTTP ${status} for ${name}` } as const
  throw new ApiRefusal(refusal.success ? refusal.data.error : unknown)
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
