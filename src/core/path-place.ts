/** Where a path written in a command leads, as far as the text tells. */
import { isAbsolute, normalize, resolve } from "node:path"
import { pathBelow } from "./outgoing-file.ts"

export interface Surroundings {
  readonly workspace: string
  /** The directory a command runs in; null when it cannot be told. */
  readonly cwd: string | null
  readonly home: string | null
}

/** `workspace`: the whole of it. `unknown`: made of variables or of the output of a command. */
export type Place = "inside" | "workspace" | "temporary" | "nowhere" | "device" | "outside" | "unknown"

export function placeOf(path: string, surroundings: Surroundings): Place {
  const absolute = absolutePath(path, surroundings)
  if (absolute === null) return "unknown"
  if (/^\/dev\/(?:null|zero|u?random|std(?:in|out|err)|tty|fd(?:\/|$))/.test(absolute)) return "nowhere"
  if (absolute.startsWith("/dev/")) return "device"
  // `x/*` is all of x.
  const solid = absolute.includes("*")
    ? normalize(absolute.slice(0, absolute.indexOf("*")).replace(/[^/]*$/, "."))
    : absolute
  const trimmed = solid.length > 1 ? solid.replace(/\/$/, "") : solid
  if (trimmed === normalize(surroundings.workspace)) return "workspace"
  if (pathBelow(surroundings.workspace, trimmed) !== null) return "inside"
  return /^(?:\/private)?\/(?:var\/)?tmp\/./.test(trimmed) ? "temporary" : "outside"
}

/** Null when it depends on what only the shell knows. */
export function absolutePath(path: string, { cwd, home }: Surroundings): string | null {
  const expanded = path
    // `[.][.]` is `..`.
    .replace(/\[([^\]])\]/g, "$1")
    .replace(/^~(?=\/|$)/, home ?? "/home/owner")
    .replace(/\$(?:HOME\b|\{HOME\})/, home ?? "/home/owner")
    .replace(/\$(?:PWD\b|\{PWD\})/, cwd ?? "$")
    .replace(/\$(?:TMPDIR\b|\{TMPDIR\})/, "/tmp")
  if (expanded.includes("$")) return null
  if (expanded.startsWith("~")) return `/home/${expanded.slice(1)}`
  if (isAbsolute(expanded)) return normalize(expanded)
  return cwd === null ? null : resolve(cwd, expanded)
}
