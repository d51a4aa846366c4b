/** Changes single values in the text of a `.env` file and leaves every other line as it is. */
import { parseEnv } from "node:util"

/** Null removes a name. */
export type EnvChanges = Readonly<Record<string, string | null>>

/**
 * The last assignment of a name is replaced, earlier ones go; a name that was not there comes at the end.
 * @throws when a value cannot be written so that it reads back the same.
 */
export function changeEnv(text: string, changes: EnvChanges): string {
  const lines = text === "" ? [] : text.replace(/\r?\n$/, "").split(/\r?\n/)
  const kept: string[] = []
  const placed = new Set<string>()
  for (const statement of statements(lines).reverse()) {
    const { name } = statement
    if (name === null || !(name in changes)) kept.unshift(...statement.lines)
    else if (!placed.has(name)) {
      placed.add(name)
      kept.unshift(...assignment(name, changes[name]))
    }
  }
  const added = Object.entries(changes).filter(([name]) => !placed.has(name))
  const result = [...kept, ...added.flatMap(([name, value]) => assignment(name, value)), ""].join("\n")
  verify(result, changes)
  return result
}

interface Statement {
  /** Null for comments, blank lines and what is not understood. */
  readonly name: string | null
  readonly lines: readonly string[]
}

/** A quoted value may go over several lines. */
function statements(lines: readonly string[]): Statement[] {
  const found: Statement[] = []
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? ""
    const match = /^\s*(?:export\s+)?([\w.-]+)\s*=\s*(["'`])?/.exec(line)
    const name = match?.[1] ?? null
    const quote = match?.[2]
    const end =
      quote === undefined || match === null
        ? index
        : closing({ lines, from: index, at: match[0].length, quote })
    found.push({ name, lines: lines.slice(index, end + 1) })
    index = end
  }
  return found
}

/** The line where a quote ends; the one where it began when it never does. */
function closing(open: {
  readonly lines: readonly string[]
  readonly from: number
  readonly at: number
  readonly quote: string
}): number {
  if (open.lines[open.from]?.indexOf(open.quote, open.at) !== -1) return open.from
  const later = open.lines.findIndex((line, index) => index > open.from && line.includes(open.quote))
  return later === -1 ? open.from : later
}

function assignment(name: string, value: string | null | undefined): readonly string[] {
  if (value === null || value === undefined) return []
  if (/^[\w.,:/@%+=~-]*$/.test(value)) return [`${name}=${value}`]
  const quote = ["'", '"', "`"].find((one) => !value.includes(one)) ?? "'"
  return [`${name}=${quote}${value}${quote}`]
}

function verify(text: string, changes: EnvChanges): void {
  const values = parseEnv(text)
  const wrong = Object.entries(changes).find(([name, value]) => (values[name] ?? null) !== value)
  if (wrong) throw new Error(`${wrong[0]} has a value that a .env file cannot hold`)
}
