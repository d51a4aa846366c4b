/** Makes readable lines of the JSON lines in `DATA_DIR/logs`. */
import { inspect } from "node:util"
import { isTree, type Tree } from "../core/tree.ts"
import { harmless } from "./harmless.ts"

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error"
  /** Milliseconds since the epoch; 0 when the line does not tell. */
  readonly at: number
  readonly message: string
  readonly fields: Tree
}

/** Standard fields that say nothing to the owner of one machine. */
const hidden = new Set(["level", "time", "msg", "pid", "hostname", "v"])

/** A line that is not JSON is a message by itself (output of a crash, for instance). */
export function parseLogLine(line: string): LogLine {
  const value = parse(line)
  if (!isTree(value)) return { level: "info", at: 0, message: line, fields: {} }
  const fields = Object.fromEntries(Object.entries(value).filter(([name]) => !hidden.has(name)))
  return {
    level: levelName(value.level),
    at: timeOf(value.time),
    message: typeof value.msg === "string" ? value.msg : "",
    fields,
  }
}

/** One line, and indented below it what does not fit in one: stacks and payloads. Control characters are shown. */
export function formatLogLine(line: LogLine): string {
  const short: string[] = []
  const long: string[] = []
  for (const [name, value] of Object.entries(line.fields)) {
    const text = name === "err" && isTree(value) ? errorText(value) : valueText(value)
    if (text.includes("\n") || text.length > 160) long.push(`${name}: ${text}`)
    else short.push(`${name}=${text}`)
  }
  const time = line.at === 0 ? "" : clockTime(new Date(line.at))
  const head = [time, line.level.toUpperCase().padEnd(5), harmless(line.message), ...short]
  const tail = long.flatMap((text) => text.split("\n").map((part) => `    ${part}`))
  return [head.filter((part) => part !== "").join("  "), ...tail].join("\n")
}

function levelName(level: unknown): LogLine["level"] {
  if (typeof level === "string") {
    return level === "debug" || level === "warn" || level === "error" ? level : "info"
  }
  if (typeof level !== "number") return "info"
  if (level >= 50) return "error"
  if (level >= 40) return "warn"
  return level >= 30 ? "info" : "debug"
}

function timeOf(time: unknown): number {
  const at = typeof time === "string" ? Date.parse(time) : time
  return typeof at === "number" && Number.isFinite(at) ? at : 0
}

function clockTime(date: Date): string {
  const two = (value: number) => String(value).padStart(2, "0")
  const day = `${two(date.getMonth() + 1)}-${two(date.getDate())}`
  const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
  return `${day} ${time}.${String(date.getMilliseconds()).padStart(3, "0")}`
}

function errorText(error: Tree): string {
  const text = typeof error.stack === "string" ? error.stack : error.message
  return typeof text === "string" ? harmless(text) : valueText(error)
}

function valueText(value: unknown): string {
  if (typeof value === "string") return harmless(value)
  return isTree(value) || Array.isArray(value)
    ? harmless(inspect(value, { depth: 8, breakLength: 110, maxStringLength: 20_000 }))
    : String(value)
}

function parse(line: string): unknown {
  try {
    return JSON.parse(line)
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
}
