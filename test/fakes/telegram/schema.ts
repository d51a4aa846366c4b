import { readFileSync } from "node:fs"
import type { ApiMethods, Opts } from "@grammyjs/types/methods.js"
import { Ajv, type ValidateFunction } from "ajv"
import { ApiError } from "./api-error.ts"
import type { RawCall } from "./http-request.ts"

/** Names of all Bot API methods. */
export type MethodName = keyof ApiMethods<string>
/** Arguments of one method; a file is `attach://<part>`, a file id or a URL. */
export type ArgsOf<M extends MethodName> = Opts<string>[M]
export type ResultOf<M extends MethodName> = ReturnType<ApiMethods<string>[M]>

type SchemaNode = Readonly<Record<string, unknown>>
interface SchemaFile {
  readonly methods: Readonly<Record<string, SchemaNode>>
  readonly definitions: Readonly<Record<string, SchemaNode>>
}

const schemaFile = new URL("botapi-schema.generated.json", import.meta.url)

/** Checks arguments against the schema generated from @grammyjs/types. Validators are compiled when first needed: all take 4 s. */
export class BotApiSchema {
  readonly #schema: SchemaFile
  readonly #ajv = new Ajv({ strict: false, allowUnionTypes: true })
  readonly #validators = new Map<string, ValidateFunction>()
  readonly #names: ReadonlyMap<string, MethodName>

  constructor() {
    this.#schema = JSON.parse(readFileSync(schemaFile, "utf8"))
    const isName = (name: string): name is MethodName => name in this.#schema.methods
    this.#names = new Map(
      Object.keys(this.#schema.methods)
        .filter(isName)
        .map((name) => [name.toLowerCase(), name]),
    )
  }

  /** Method names are case-insensitive. */
  find(name: string): MethodName | undefined {
    return this.#names.get(name.toLowerCase())
  }

  /** The complaint about the arguments, or undefined when they fit. The wording is ours: Telegram reports such faults in many ways. */
  complaint(method: MethodName, args: unknown): string | undefined {
    const validate = this.#validator(method)
    if (validate(args)) return undefined
    const [error] = validate.errors ?? []
    return `emulator schema: ${method}${error?.instancePath ?? ""} ${error?.message ?? "is wrong"} ${JSON.stringify(error?.params)}`
  }

  /** Throws what a bot with such arguments is told. */
  require<M extends MethodName>(method: M, args: unknown): asserts args is ArgsOf<M> {
    const complaint = this.complaint(method, args)
    if (complaint === undefined) return
    throw new ApiError({ code: 400, reason: "schema", description: `Bad Request: ${complaint}` })
  }

  /** Gives form fields the types that the method expects; uploads sent under the argument's own name become `attach://`. */
  arguments(method: MethodName, call: RawCall): Record<string, unknown> {
    const properties = this.#propertiesOf(method)
    const args: Record<string, unknown> = { ...call.typed }
    for (const [name, text] of Object.entries(call.texts)) args[name] = this.#coerce(text, properties[name])
    for (const name of call.uploads.keys()) {
      if (!(name in args) && name in properties) args[name] = `attach://${name}`
    }
    return args
  }

  #validator(method: MethodName): ValidateFunction {
    const known = this.#validators.get(method)
    if (known) return known
    const compiled = this.#ajv.compile({
      definitions: this.#schema.definitions,
      ...this.#schema.methods[method],
    })
    this.#validators.set(method, compiled)
    return compiled
  }

  #propertiesOf(method: MethodName): Readonly<Record<string, SchemaNode>> {
    const properties = this.#resolve(this.#schema.methods[method] ?? {}).properties
    return isNodeMap(properties) ? properties : {}
  }

  #resolve(node: SchemaNode): SchemaNode {
    if (typeof node.$ref !== "string") return node
    return this.#resolve(this.#schema.definitions[node.$ref.replace("#/definitions/", "")] ?? {})
  }

  #coerce(text: string, node: SchemaNode | undefined): unknown {
    const kinds = node ? this.#kindsOf(node) : new Set<string>()
    if (kinds.has("string") && !(kinds.has("integer") && /^-?\d+$/.test(text))) return text
    try {
      return JSON.parse(text)
    } catch {
      // Not JSON, so it stays text and the schema says what was expected.
      return text
    }
  }

  #kindsOf(node: SchemaNode): Set<string> {
    const resolved = this.#resolve(node)
    if (typeof resolved.type === "string") return new Set([resolved.type])
    if (Array.isArray(resolved.enum)) return new Set(resolved.enum.map((value) => typeof value))
    if ("const" in resolved) return new Set([typeof resolved.const])
    if (!Array.isArray(resolved.anyOf)) return new Set()
    return new Set(resolved.anyOf.flatMap((option: SchemaNode) => [...this.#kindsOf(option)]))
  }
}

function isNodeMap(value: unknown): value is Readonly<Record<string, SchemaNode>> {
  return typeof value === "object" && value !== null
}
