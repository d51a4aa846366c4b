/** Lays the sources of a configuration over each other and says what in them cannot be used. */
import type { ZodError } from "zod"
import type { ConfigSource, Fault } from "./config-fault.ts"
import { ConfigFile, type ConfigValues, keysAt } from "./config-schema.ts"
import { dataDirName, retiredNames, type Setting, settingNames, settings } from "./config-settings.ts"
import { nearest } from "./nearest.ts"
import { isTree, type Path, removeAt, setAt, type Tree, valueAt } from "./tree.ts"

export interface ConfigSources {
  /** As `locateDataDir` found it. */
  readonly dataDir: { readonly path: string; readonly source: ConfigSource }
  /** Settings given as options of the command, by environment name. */
  readonly commandLine: Readonly<Record<string, string>>
  readonly environment: Readonly<Record<string, string | undefined>>
  /** `DATA_DIR/.env`; null when there is none. */
  readonly dotenv: {
    readonly path: string
    readonly values: Readonly<Record<string, string | undefined>>
  } | null
  /** `DATA_DIR/config.json`; null when there is none. */
  readonly file: { readonly path: string; readonly value: unknown } | null
  /** What went wrong while reading them. */
  readonly faults: readonly Fault[]
  readonly home: string
}

/** A value of the command line, the environment or `.env`, read according to its setting. */
interface Given {
  readonly setting: Setting
  readonly source: ConfigSource
  readonly text: string
}

export interface Layered {
  readonly values: ConfigValues
  /** Who decided: path → name and source. */
  readonly origins: ReadonlyMap<string, { readonly key: string; readonly source: ConfigSource }>
  readonly faults: readonly Fault[]
}

export function layer(sources: ConfigSources): Layered {
  const faults: Fault[] = []
  const origins = new Map<string, { key: string; source: ConfigSource }>()
  const given = winners(sources)
  const tree = fileTree(sources, faults)
  for (const { setting } of given) removeAt(tree, setting.path)
  const file = sources.file?.path ?? "config.json"
  strip(tree, (refusal) => faults.push(fileFault(refusal, file)))
  if (sources.file && valueAt(tree, ["telegram", "botTokens"]) !== undefined) {
    origins.set("telegram.botTokens", {
      key: "telegram.botTokens",
      source: { kind: "file", path: sources.file.path },
    })
  }
  for (const one of given) {
    const value = read(one)
    if (value === undefined) faults.push(namedFault(one))
    else setAt(tree, one.setting.path, value)
    origins.set(one.setting.path.join("."), { key: one.setting.name, source: one.source })
  }
  const values = strip(tree, ({ path }) => {
    const one = given.find(({ setting }) => setting.path.every((part, index) => path[index] === part))
    if (one) faults.push(namedFault(one))
  })
  return { values, origins, faults }
}

/** Names that are not ours: every one in our own files, in the environment only what looks like a slip. */
export function unknownNames(sources: ConfigSources): readonly Fault[] {
  const faults: Fault[] = []
  for (const name of Object.keys(sources.environment)) {
    const fault = unknownName(name, { kind: "environment" })
    const isSlip = fault?.kind === "unknown" && (fault.nearest !== null || name.startsWith("REMOTEAGENT_"))
    if (fault && isSlip) faults.push(fault)
  }
  if (sources.dotenv === null) return faults
  const source: ConfigSource = { kind: "dotenv", path: sources.dotenv.path }
  for (const name of Object.keys(sources.dotenv.values)) {
    const fault = unknownName(name, source)
    if (fault) faults.push(fault)
    else if (name === dataDirName) faults.push({ kind: "data_dir", key: name, source })
  }
  return faults
}

function unknownName(name: string, source: ConfigSource): Fault | null {
  if (settingNames.includes(name)) return null
  if (retiredNames.has(name)) return { kind: "retired", key: name, source }
  return { kind: "unknown", key: name, source, nearest: nearest(name, settingNames) }
}

/** For each path the settings of the first source that has one; two names for one path (tokens) add up. */
function winners(sources: ConfigSources): readonly Given[] {
  const named: readonly { source: ConfigSource; values: Readonly<Record<string, string | undefined>> }[] = [
    { source: { kind: "command_line" }, values: sources.commandLine },
    { source: { kind: "environment" }, values: sources.environment },
    ...(sources.dotenv
      ? [{ source: { kind: "dotenv" as const, path: sources.dotenv.path }, values: sources.dotenv.values }]
      : []),
  ]
  const decided = new Map<string, Given>()
  for (const { source, values } of named) {
    const here = new Map<string, Given>()
    for (const setting of settings) {
      const text = values[setting.name]?.trim()
      const path = setting.path.join(".")
      if (!text || decided.has(path)) continue
      const twin = here.get(path)
      here.set(path, twin ? { ...twin, text: `${twin.text} ${text}` } : { setting, source, text })
    }
    for (const [path, one] of here) decided.set(path, one)
  }
  return [...decided.values()]
}

/** The value that the text means; undefined when it means none. */
function read({ setting, text }: Given): unknown {
  if (setting.choices && !setting.choices.includes(text)) return undefined
  switch (setting.reading) {
    case "text":
    case "path":
      return text
    case "list":
      return text.split(/[\s,]+/).filter((part) => part !== "")
    case "integer": {
      const value = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN
      return Number.isSafeInteger(value) ? value : undefined
    }
    case "boolean":
      if (/^(1|true|yes|on)$/i.test(text)) return true
      return /^(0|false|no|off)$/i.test(text) ? false : undefined
  }
}

function fileTree(sources: ConfigSources, faults: Fault[]): Tree {
  if (sources.file === null) return {}
  const { path, value } = sources.file
  if (isTree(value)) return structuredClone(value)
  const source: ConfigSource = { kind: "file", path }
  faults.push({
    kind: "bad_value",
    key: path,
    source,
    ifBad: "fatal",
    value: shown(value),
    accepts: "object",
    effect: null,
  })
  return {}
}

interface Refusal {
  readonly path: Path
  readonly value: unknown
  /** The name is refused, not the value. */
  readonly unknown: boolean
}

/** Parses the tree, telling of each part that is refused and taking it out, until the rest is accepted. */
function strip(tree: Tree, refuse: (refusal: Refusal) => void): ConfigValues {
  for (;;) {
    const parsed = ConfigFile.safeParse(tree)
    if (parsed.success) return parsed.data
    for (const { path, unknown } of refused(parsed.error)) {
      refuse({ path, unknown, value: valueAt(tree, path) })
      removeAt(tree, path)
    }
  }
}

/** Deepest and last first, so that taking one out does not move the others. */
function refused(error: ZodError): readonly { readonly path: Path; readonly unknown: boolean }[] {
  const found = error.issues.flatMap((issue) => {
    const path = issue.path.map((part) => (typeof part === "symbol" ? String(part) : part))
    if (issue.code === "unrecognized_keys")
      return issue.keys.map((key) => ({ path: [...path, key], unknown: true }))
    return [{ path, unknown: issue.code === "invalid_key" }]
  })
  const distinct = new Map(found.map((one) => [JSON.stringify(one.path), one]))
  return [...distinct.values()].reverse()
}

function fileFault(refusal: Refusal, file: string): Fault {
  const { path } = refusal
  const key = path.join(".")
  const source: ConfigSource = { kind: "file", path: file }
  if (refusal.unknown) {
    const siblings = keysAt(path.slice(0, -1))
    return { kind: "unknown", key, source, nearest: nearest(String(path.at(-1)), siblings) }
  }
  const setting = settings.find((one) => one.path.every((part, index) => path[index] === part))
  if (!setting) {
    return {
      kind: "bad_value",
      key,
      source,
      ifBad: "fatal",
      value: shown(refusal.value),
      accepts: "schema",
      effect: null,
    }
  }
  return badValue({ setting, key, source, value: setting.secret ? null : shown(refusal.value) })
}

function namedFault({ setting, source, text }: Given): Fault {
  return badValue({ setting, key: setting.name, source, value: setting.secret ? null : shown(text) })
}

function badValue(what: {
  readonly setting: Setting
  readonly key: string
  readonly source: ConfigSource
  readonly value: string | null
}): Fault {
  const { setting, key, source, value } = what
  const part = setting.path[0] === "telegram" ? "telegram_off" : "local_ui_off"
  const effect = setting.ifBad === "degraded" ? part : null
  return { kind: "bad_value", key, source, value, ifBad: setting.ifBad, accepts: setting.accepts, effect }
}

/** A value in a message; null when it may be a secret that landed in the wrong place. */
function shown(value: unknown): string | null {
  const text = JSON.stringify(value) ?? "undefined"
  if (/\d+:[\w-]{20,}/.test(text) || /[\w-]{40,}/.test(text)) return null
  return text.length > 80 ? `${text.slice(0, 79)}…` : text
}
