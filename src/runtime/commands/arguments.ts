/** What follows a command's name, read by what the command says it takes. Pure. */

interface Word {
  readonly kind: "word"
  readonly isRequired?: boolean
  /** In place of its name in the usage. */
  readonly shown?: string
}

/** Everything that is left, with its own spaces and lines. */
interface Rest {
  readonly kind: "rest"
  readonly isRequired?: boolean
  readonly shown?: string
}

/** Anywhere among the words. */
interface Flag {
  readonly kind: "flag"
  readonly flag: string
}

export type Argument = Word | Rest | Flag
/** In the order they are typed. */
export type Arguments = Readonly<Record<string, Argument>>

type ValueOf<A extends Argument> = A extends { readonly kind: "flag" }
  ? boolean
  : A extends { readonly isRequired: true }
    ? string
    : string | null

export type Values<A extends Arguments> = { readonly [K in keyof A]: ValueOf<A[K]> }

export type Read =
  | { readonly kind: "read"; readonly values: Values<Arguments> }
  /** Something that must be there is missing, or there is more than the command takes. */
  | { readonly kind: "wrong" }

export function readArguments(given: Arguments, text: string): Read {
  const values: Record<string, string | boolean | null> = {}
  let rest = text.trim()
  for (const [name, argument] of Object.entries(given)) {
    if (argument.kind !== "flag") continue
    const found = new RegExp(`(?:^|\\s)${argument.flag}(?=\\s|$)`).exec(rest)
    values[name] = found !== null
    if (found) rest = `${rest.slice(0, found.index)}${rest.slice(found.index + found[0].length)}`.trim()
  }
  for (const [name, argument] of Object.entries(given)) {
    if (argument.kind === "flag") continue
    const [value, others] = argument.kind === "rest" ? [rest, ""] : firstWord(rest)
    if (value === "" && argument.isRequired) return { kind: "wrong" }
    values[name] = value === "" ? null : value
    rest = others
  }
  return rest === "" ? { kind: "read", values } : { kind: "wrong" }
}

function firstWord(text: string): readonly [string, string] {
  const match = /^(\S+)\s*([\s\S]*)$/.exec(text)
  return [match?.[1] ?? "", match?.[2] ?? ""]
}

/** What was stored with a button; null when it is not what the command takes by now. */
export function storedArguments(given: Arguments, stored: Readonly<Record<string, unknown>>): Read {
  const values: Record<string, string | boolean | null> = {}
  for (const [name, argument] of Object.entries(given)) {
    const value = stored[name]
    if (argument.kind === "flag") values[name] = value === true
    else if (typeof value === "string") values[name] = value
    else if (argument.isRequired) return { kind: "wrong" }
    else values[name] = null
  }
  return { kind: "read", values }
}
