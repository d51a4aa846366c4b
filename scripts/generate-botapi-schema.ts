/**
 * Generates test/fakes/telegram/botapi-schema.generated.json: a JSON Schema (draft-07) for the arguments of every Bot API
 * method, read from the declarations of @grammyjs/types.
 *
 * It needs the checker API of TypeScript 5.9, which TypeScript 7 (the one in this repository) no longer has:
 *
 *   mkdir /tmp/ts59 && npm install --prefix /tmp/ts59 typescript@5.9
 *   node scripts/generate-botapi-schema.ts /tmp/ts59/node_modules/typescript/lib/typescript.js
 *
 * Run it again whenever @grammyjs/types changes and commit the result.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"
import { pathToFileURL } from "node:url"

/** The few parts of TypeScript 5.9's API that are used here; its own types are not installed in this repository. */
interface TsSymbol {
  readonly name: string
  readonly flags: number
  getDocumentationComment(checker: TsChecker): readonly unknown[]
}
interface TsSignature {
  readonly parameters: readonly TsSymbol[]
}
interface TsType {
  readonly flags: number
  readonly symbol?: TsSymbol
  readonly aliasSymbol?: TsSymbol
  readonly types?: readonly TsType[]
  readonly value?: string | number
  readonly intrinsicName?: string
  isUnion(): boolean
  isIntersection(): boolean
  isStringLiteral(): boolean
  isNumberLiteral(): boolean
  getCallSignatures(): readonly TsSignature[]
}
interface TsChecker {
  getSymbolAtLocation(node: unknown): TsSymbol
  getExportsOfModule(symbol: TsSymbol): readonly TsSymbol[]
  getDeclaredTypeOfSymbol(symbol: TsSymbol): TsType
  getPropertiesOfType(type: TsType): readonly TsSymbol[]
  getTypeOfSymbol(symbol: TsSymbol): TsType
  getTypeArguments(type: TsType): readonly TsType[]
  isArrayType(type: TsType): boolean
  isTupleType(type: TsType): boolean
}
interface TsApi {
  readonly TypeFlags: Readonly<Record<string, number>>
  readonly SymbolFlags: Readonly<Record<string, number>>
  readonly ModuleKind: Readonly<Record<string, number>>
  readonly ScriptTarget: Readonly<Record<string, number>>
  createProgram(
    files: readonly string[],
    options: object,
  ): { getTypeChecker(): TsChecker; getSourceFile(f: string): unknown }
  displayPartsToString(parts: readonly unknown[]): string
}
type Schema = Record<string, unknown>

const root = resolve(import.meta.dirname, "..")
const typesRoot = resolve(root, "node_modules/@grammyjs/types")
const output = resolve(root, "test/fakes/telegram/botapi-schema.generated.json")

/** Numbers are integers in the Bot API unless it says Float; the declarations do not tell them apart, so names do. */
const floatName = /latitude|longitude|accuracy|shift|^scale$|percentage|angle|frame_timestamp/

class SchemaWriter {
  readonly definitions: Record<string, Schema> = {}
  readonly #names = new Map<TsType, string>()
  readonly #ts: TsApi
  readonly #checker: TsChecker
  #counter = 0

  constructor(ts: TsApi, checker: TsChecker) {
    this.#ts = ts
    this.#checker = checker
  }

  methods(apiMethods: TsType): Record<string, Schema> {
    const methods: Record<string, Schema> = {}
    for (const method of this.#checker.getPropertiesOfType(apiMethods)) {
      const parameter = this.#checker.getTypeOfSymbol(method).getCallSignatures()[0]?.parameters[0]
      methods[method.name] = parameter
        ? this.#convert(this.#withoutUndefined(this.#checker.getTypeOfSymbol(parameter)))
        : { type: "object", properties: {}, additionalProperties: false }
    }
    return methods
  }

  #is(type: TsType, flag: string): boolean {
    return (type.flags & (this.#ts.TypeFlags[flag] ?? 0)) !== 0
  }

  #withoutUndefined(type: TsType): TsType {
    if (!type.isUnion()) return type
    return type.types?.find((part) => !this.#is(part, "Undefined")) ?? type
  }

  #convert(type: TsType): Schema {
    if (this.#is(type, "TypeParameter")) return { $ref: "#/definitions/InputFile" }
    if (this.#is(type, "Any") || this.#is(type, "Unknown")) return {}
    if (type.isStringLiteral() || type.isNumberLiteral()) return { const: type.value }
    if (this.#is(type, "BooleanLiteral")) return { const: type.intrinsicName === "true" }
    if (this.#is(type, "StringLike")) return { type: "string" }
    if (this.#is(type, "NumberLike")) return { type: "number" }
    if (this.#is(type, "BooleanLike")) return { type: "boolean" }
    if (["Never", "Undefined", "Null", "Void"].some((flag) => this.#is(type, flag))) return { not: {} }
    if (type.isUnion()) return this.#convertUnion(type)
    if (this.#isList(type)) return this.#convertList(type)
    if (this.#is(type, "Object") || type.isIntersection()) return this.#convertObject(type)
    throw new Error(`Cannot express type with flags ${type.flags}`)
  }

  #isList(type: TsType): boolean {
    return (
      this.#checker.isArrayType(type) ||
      this.#checker.isTupleType(type) ||
      type.symbol?.name === "ReadonlyArray"
    )
  }

  #convertList(type: TsType): Schema {
    const [item] = this.#checker.getTypeArguments(type)
    return { type: "array", items: item ? this.#convert(item) : {} }
  }

  /** Named unions may be recursive (rich text), so those that hold lists get a definition of their own. */
  #convertUnion(type: TsType): Schema {
    if (!type.aliasSymbol || !type.types?.some((part) => this.#isList(part))) return this.#anyOf(type)
    const known = this.#names.get(type)
    if (known) return { $ref: `#/definitions/${known}` }
    const name = this.#claim(type, type.aliasSymbol.name)
    this.definitions[name] = this.#anyOf(type)
    return { $ref: `#/definitions/${name}` }
  }

  #anyOf(type: TsType): Schema {
    const parts = (type.types ?? []).filter((part) => !this.#is(part, "Undefined"))
    const literals = parts.filter((part) => part.isStringLiteral() || part.isNumberLiteral())
    const rest = parts.filter((part) => !literals.includes(part))
    const isBoolean = rest.length === 2 && rest.every((part) => this.#is(part, "BooleanLiteral"))
    const options: Schema[] = literals.length > 0 ? [{ enum: literals.map((literal) => literal.value) }] : []
    if (isBoolean) options.push({ type: "boolean" })
    else options.push(...rest.map((part) => this.#convert(part)))
    const [only] = options
    return options.length === 1 && only ? only : { anyOf: options }
  }

  #convertObject(type: TsType): Schema {
    const known = this.#names.get(type)
    if (known) return { $ref: `#/definitions/${known}` }
    const name = this.#claim(type, (type.aliasSymbol ?? type.symbol)?.name ?? "anonymous")
    const properties: Record<string, Schema> = {}
    const required: string[] = []
    for (const property of this.#checker.getPropertiesOfType(type)) {
      properties[property.name] = this.#convertProperty(property)
      if (!(property.flags & (this.#ts.SymbolFlags.Optional ?? 0))) required.push(property.name)
    }
    this.definitions[name] = { type: "object", properties, required, additionalProperties: false }
    return { $ref: `#/definitions/${name}` }
  }

  #convertProperty(property: TsSymbol): Schema {
    const schema = this.#convert(this.#checker.getTypeOfSymbol(property))
    const documentation = this.#ts.displayPartsToString(property.getDocumentationComment(this.#checker))
    return withIntegers(property.name, withDocumentedLimits(documentation, schema))
  }

  #claim(type: TsType, wanted: string): string {
    const name = `${wanted.replace(/^__type$/, "args")}_${(this.#counter++).toString(36)}`
    this.#names.set(type, name)
    this.definitions[name] = {}
    return name
  }
}

/** Counts and ranges stand only in the prose of the declarations. Text lengths stay out: Telegram has its own words for those. */
function withDocumentedLimits(documentation: string, schema: Schema): Schema {
  if (schema.type === "array") {
    const range = documentation.match(/(\d+)-(\d+) (?:items|buttons|tasks|identifiers|messages)/)
    if (range) return { ...schema, minItems: Number(range[1]), maxItems: Number(range[2]) }
    const most = documentation.match(/[Uu]p to (\d+)|[Aa]t most (\d+)/)
    return most ? { ...schema, maxItems: Number(most[1] ?? most[2]) } : schema
  }
  if (schema.type === "number") {
    const range = documentation.match(/; (\d+)-(\d+)\b|between (\d+)-(\d+) are accepted/i)
    if (!range) return schema
    return { ...schema, minimum: Number(range[1] ?? range[3]), maximum: Number(range[2] ?? range[4]) }
  }
  return schema
}

function withIntegers(name: string, schema: Schema): Schema {
  if (floatName.test(name)) return schema
  if (schema.type === "number") return { ...schema, type: "integer" }
  if (Array.isArray(schema.anyOf)) {
    return { ...schema, anyOf: schema.anyOf.map((option: Schema) => withIntegers(name, option)) }
  }
  return schema
}

async function main(typescriptPath: string | undefined): Promise<void> {
  if (!typescriptPath)
    throw new Error("Give the path of TypeScript 5.9's lib/typescript.js (see the top of this script)")
  const loaded = await import(pathToFileURL(resolve(typescriptPath)).href)
  const ts: TsApi = loaded.default
  const entry = resolve(typesRoot, "mod.d.ts")
  const program = ts.createProgram([entry], {
    strict: true,
    exactOptionalPropertyTypes: true,
    module: ts.ModuleKind.NodeNext,
    target: ts.ScriptTarget.ES2022,
  })
  const checker = program.getTypeChecker()
  const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)))
  const apiMethods = exported.find((symbol) => symbol.name === "ApiMethods")
  if (!apiMethods) throw new Error("@grammyjs/types no longer exports ApiMethods")

  const writer = new SchemaWriter(ts, checker)
  const methods = writer.methods(checker.getDeclaredTypeOfSymbol(apiMethods))
  const { version } = JSON.parse(readFileSync(resolve(typesRoot, "package.json"), "utf8"))
  const definitions = { ...writer.definitions, InputFile: { type: "string", minLength: 1 } }
  const source = `@grammyjs/types@${version}, by scripts/generate-botapi-schema.ts`
  writeFileSync(output, `${JSON.stringify({ $comment: source, methods, definitions })}\n`)
  console.log(
    `${Object.keys(methods).length} methods, ${Object.keys(definitions).length} definitions -> ${output}`,
  )
}

await main(process.argv[2])
