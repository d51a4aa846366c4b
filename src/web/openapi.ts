/** The table of operations as an OpenAPI 3.1 document: what `docs/openapi.json` holds. */
import { z } from "zod"
import { ApiError, api, type OperationName } from "../protocol/api.ts"
import * as facts from "../protocol/facts.ts"
import * as ids from "../protocol/ids.ts"
import { type Operation, pathFields } from "../protocol/operation.ts"
import * as replies from "../protocol/replies.ts"
import * as session from "../protocol/session.ts"

type Json = Readonly<Record<string, unknown>>

/** @param version of the program, which is the version of its API. */
export function openApi(version: string): Json {
  const schemas = jsonSchemas()
  const paths: Record<string, Record<string, Json>> = {}
  for (const name of Object.keys(api) as OperationName[]) {
    const operation: Operation = api[name]
    const path = operation.path.replaceAll(/:(\w+)/g, "{$1}")
    paths[path] = { ...paths[path], [operation.method.toLowerCase()]: described(name, operation, schemas) }
  }
  return {
    openapi: "3.1.0",
    info: { title: "RemoteAgent", version, description: "The runtime's own API, as every surface uses it." },
    servers: [{ url: "/v1" }],
    paths,
    components: { schemas: Object.fromEntries([...schemas].filter(([name]) => !name.includes("."))) },
  }
}

function described(name: OperationName, operation: Operation, schemas: ReadonlyMap<string, Json>): Json {
  const { summary, kind, doors, needs } = operation
  const { properties = {}, required = [] } = schemas.get(inputOf(name)) as InputSchema
  const inPath = pathFields(operation)
  const fields = Object.entries(properties)
  const rest = fields.filter(([field]) => !inPath.includes(field))
  const parameter = (place: "path" | "query", [field, schema]: readonly [string, Json]) => ({
    ...{ name: field, in: place, required: place === "path" || required.includes(field), schema },
  })
  const parameters = [
    ...fields.filter(([field]) => inPath.includes(field)).map((field) => parameter("path", field)),
    ...(kind === "query" ? rest.map((field) => parameter("query", field)) : []),
  ]
  const body = {
    ...{ type: "object", properties: Object.fromEntries(rest) },
    required: required.filter((field) => !inPath.includes(field)),
  }
  return {
    operationId: name,
    summary,
    "x-kind": kind,
    "x-doors": doors,
    "x-needs": needs,
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(kind === "query" ? {} : { requestBody: { required: true, ...content(body) } }),
    responses: {
      200: { description: "Done", ...content(schemas.get(replyOf(name)) ?? {}) },
      default: { description: "Refused", ...content(ref("ApiError")) },
    },
  }
}

interface InputSchema {
  readonly properties?: Readonly<Record<string, Json>>
  readonly required?: readonly string[]
}

const content = (schema: Json) => ({ content: { "application/json": { schema } } })
const ref = (id: string) => ({ $ref: `#/components/schemas/${id}` })
const inputOf = (name: OperationName) => `${name}.input`
const replyOf = (name: OperationName) => `${name}.reply`

/** All of one registry, so that what has a name of its own stands once and is referred to. */
function jsonSchemas(): ReadonlyMap<string, Json> {
  const inputs = z.registry<{ id: string }>()
  const outputs = z.registry<{ id: string }>()
  for (const [id, schema] of named()) {
    inputs.add(schema, { id })
    outputs.add(schema, { id })
  }
  for (const name of Object.keys(api) as OperationName[]) {
    inputs.add(api[name].input, { id: inputOf(name) })
    if (!outputs.has(api[name].reply)) outputs.add(api[name].reply, { id: replyOf(name) })
  }
  const read = (registry: typeof inputs, io: "input" | "output"): Readonly<Record<string, Json>> => {
    const { schemas } = z.toJSONSchema(registry, {
      ...{ io, unrepresentable: "any", uri: (id: string) => `#/components/schemas/${id}` },
      override: ({ jsonSchema }) => {
        // Where a schema is found says what it is called.
        delete jsonSchema.$id
        delete jsonSchema.$schema
        delete jsonSchema.readOnly
      },
    })
    // What has no name and refers to itself stands in a place of zod's own, which it calls a document.
    return JSON.parse(JSON.stringify(schemas).replaceAll("__shared#/$defs/", "__shared/$defs/"))
  }
  const all = new Map<string, Json>()
  for (const [id, schema] of Object.entries(read(outputs, "output"))) all.set(id, plain(schema))
  for (const [id, schema] of Object.entries(read(inputs, "input")))
    if (id.endsWith(".input")) all.set(id, plain(schema))
  for (const name of Object.keys(api) as OperationName[]) {
    const known = outputs.get(api[name].reply)?.id
    if (known && known !== replyOf(name)) all.set(replyOf(name), ref(known))
  }
  return all
}

function plain({ $id: _, $schema: __, id: ___, ...schema }: Json): Json {
  return schema
}

function named(): readonly (readonly [string, z.ZodType])[] {
  const found: (readonly [string, unknown])[] = Object.entries({
    ...ids,
    ...session,
    ...facts,
    ...replies,
    ApiError,
  })
  return found
    .filter((entry): entry is readonly [string, z.ZodType] => entry[1] instanceof z.ZodType)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
}
