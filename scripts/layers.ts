/** Which part of the program may import which, and what else must not happen between files. Pure: files in, faults out. */
import path from "node:path"

export interface SourceFile {
  /** Relative to the repository, with forward slashes: `src/core/config.ts`. */
  readonly path: string
  readonly text: string
}

export interface Fault {
  readonly severity: "error" | "warning"
  readonly file: string
  readonly line: number
  readonly message: string
}

const adapter = ["runtime", "ledger", "platform", "core", "protocol"]

/** Parts of `src/` and the parts each may import, besides itself. */
const directions: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  core: ["protocol"],
  platform: ["core", "protocol"],
  ledger: ["platform", "core", "protocol"],
  runtime: ["ledger", "platform", "core", "protocol"],
  providers: ["platform", "core", "protocol"],
  host: ["providers", "platform", "core", "protocol"],
  telegram: adapter,
  web: adapter,
  terminal: adapter,
  "agent-tools": adapter,
  ops: adapter,
  cli: [...adapter, "host", "providers", "telegram", "web", "terminal", "agent-tools", "ops"],
}

/**
 * Rooms of a part and the rooms of it that each may import, besides itself. Files directly in the part join its rooms:
 * they may import all of them, and no room imports them.
 */
const rooms: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
  telegram: {
    wire: [],
    rendering: [],
    places: [],
    words: [],
    delivery: ["wire", "rendering", "places"],
    files: ["wire", "rendering", "places", "words", "delivery"],
    requests: ["rendering", "places", "words", "delivery", "files"],
    turns: ["rendering", "places", "words", "delivery", "files"],
    chats: ["rendering", "places", "words", "delivery", "requests", "turns"],
    commands: ["rendering", "places", "words", "delivery", "chats"],
    owner: [
      ...["wire", "rendering", "places", "words", "delivery"],
      ...["files", "requests", "turns", "chats", "commands"],
    ],
    intake: ["wire", "places", "delivery", "turns", "chats", "commands", "owner"],
  },
}

/** Packages that a part may use; a part that is not named may use all. */
const packages: Readonly<Record<string, readonly string[]>> = { protocol: ["zod"] }

/** The rules are decided without I/O, so these have no place among them. */
const effects =
  /^node:(fs|net|http|https|http2|tls|dgram|dns|child_process|cluster|worker_threads|sqlite|readline|process)\b/

/**
 * Parts above the link to the host. A session's workspace and files are on its machine, so whatever is done with them is
 * asked of the host there; these look at files that are our own.
 */
const aboveLink: ReadonlySet<string> = new Set(["runtime", "telegram", "web", "terminal", "agent-tools"])
const ownFiles: Readonly<Record<string, string>> = {
  "src/runtime/host-link/launch.ts": "the log of a host that cannot write its own yet",
  "src/runtime/old-files.ts": "our store of files",
  "src/runtime/session-files.ts": "our copies of what a session sends",
  "src/runtime/sessions.ts": "managed workspaces, until their host makes them",
  "src/telegram/delivery/send.ts": "our copies of what a session sends",
  "src/telegram/files/download.ts": "our store of files",
  "src/web/control-server.ts": "our socket",
}

const longestFile = 400

interface Import {
  readonly from: string
  readonly line: number
  /** Loaded only when needed: cannot take part in a cycle of loading. */
  readonly isLazy: boolean
}

export function checkLayers(files: readonly SourceFile[]): readonly Fault[] {
  const known = new Set(files.map((file) => file.path))
  const imports = new Map(files.map((file) => [file.path, importsOf(file.text)]))
  const found = files.flatMap((file) => [
    ...directionFaults(file, imports.get(file.path) ?? [], known),
    ...sessionFileFaults(file, imports.get(file.path) ?? []),
    ...barrelFaults(file),
    ...lengthFaults(file),
  ])
  return [...found, ...cycleFaults(imports, known)]
}

/** Static, re-exporting and dynamic imports of a formatted source text. */
export function importsOf(text: string): readonly Import[] {
  const statement = /^(?:import|export)\s(?:[^"'`;()]*?\sfrom\s+)?["']([^"'\n]+)["']/gm
  const call = /\bimport\(\s*["']([^"'\n]+)["']/g
  const read = (pattern: RegExp, isLazy: boolean) =>
    [...text.matchAll(pattern)].map((match) => ({
      from: match[1] ?? "",
      line: text.slice(0, match.index).split("\n").length,
      isLazy,
    }))
  return [...read(statement, false), ...read(call, true)]
}

function directionFaults(
  file: SourceFile,
  imports: readonly Import[],
  known: ReadonlySet<string>,
): readonly Fault[] {
  const part = partOf(file.path)
  if (part === null || isTest(file.path)) return []
  return imports.flatMap(({ from, line }) => {
    const fault = (message: string): Fault[] => [{ severity: "error", file: file.path, line, message }]
    if (!from.startsWith(".")) {
      return packageFault(part, from) === null ? [] : fault(packageFault(part, from) ?? "")
    }
    const target = resolveImport(file.path, from)
    if (!known.has(target) && /\.tsx?$/.test(target)) return fault(`there is no ${target}`)
    const other = partOf(target)
    if (other === null)
      return target.startsWith("src/") || !/\.tsx?$/.test(target)
        ? []
        : fault(`the program must not import ${target}`)
    if (isTest(target)) return fault(`the program must not import the test ${target}`)
    if (!mayImport(part, other)) return fault(`${part} must not import ${other} (${target})`)
    const wrong = part === other ? roomFault(file.path, target) : null
    return wrong === null ? [] : fault(wrong)
  })
}

function sessionFileFaults({ path: file }: SourceFile, imports: readonly Import[]): readonly Fault[] {
  if (isTest(file) || !aboveLink.has(partOf(file) ?? "") || file in ownFiles) return []
  const message = "a session's files are its host's to look at; our own are listed in scripts/layers.ts"
  return imports
    .filter(({ from }) => /^node:fs\b/.test(from))
    .map(({ line }) => ({ severity: "error", file, line, message }))
}

function mayImport(part: string, other: string): boolean {
  if (part === other) return true
  if (part === "app") return other === "protocol"
  const allowed = directions[part]
  return allowed === undefined || allowed.includes(other)
}

/** What is wrong about an import within a part; null when nothing is. */
function roomFault(file: string, target: string): string | null {
  const [part, room] = roomOf(file)
  const known = rooms[part]
  if (!known) return null
  const other = roomOf(target)[1]
  if (room !== null && !known[room]) return `${part} has no room ${room}`
  if (room === null || room === other) return null
  if (other === null) return `${part}/${room} must not import what joins the rooms (${target})`
  return known[room]?.includes(other) ? null : `${part}/${room} must not import ${part}/${other} (${target})`
}

/** The part and the room of a file in `src/`; null for one directly in its part. */
function roomOf(file: string): readonly [part: string, room: string | null] {
  const [, part = "", room, rest] = file.split("/")
  return [part, rest === undefined ? null : (room ?? null)]
}

function packageFault(part: string, from: string): string | null {
  const allowed = packages[part]
  if (allowed && !allowed.includes(from)) return `${part} must not import ${from}`
  if (part === "core" && effects.test(from)) return `core is without I/O, so it must not import ${from}`
  return null
}

/** A file that only passes on what others export hides where things are. */
function barrelFaults(file: SourceFile): readonly Fault[] {
  const code = file.text.replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, "").trim()
  if (code === "" || isTest(file.path)) return []
  const rest = code.replace(/^export\s[^"'`;]*?\sfrom\s+["'][^"'\n]+["'];?\s*/gm, "").trim()
  if (rest !== "") return []
  return [
    { severity: "error", file: file.path, line: 1, message: "only re-exports; import from where things are" },
  ]
}

function lengthFaults(file: SourceFile): readonly Fault[] {
  const lines = file.text.trimEnd().split("\n").length
  if (lines <= longestFile || file.path.includes(".generated.")) return []
  const message = `${lines} lines; more than ${longestFile} are rarely one thing`
  return [{ severity: "warning", file: file.path, line: longestFile, message }]
}

/** Each cycle once, told at its alphabetically first file. */
function cycleFaults(
  imports: ReadonlyMap<string, readonly Import[]>,
  known: ReadonlySet<string>,
): readonly Fault[] {
  const cycles = new Map<string, Fault>()
  const done = new Set<string>()
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file)
    if (start !== -1) {
      const cycle = rotate(trail.slice(start))
      const message = `imports itself: ${[...cycle, cycle[0]].join(" → ")}`
      cycles.set(cycle.join(" "), { severity: "error", file: cycle[0] ?? file, line: 1, message })
      return
    }
    if (done.has(file)) return
    for (const { from, isLazy } of imports.get(file) ?? []) {
      const target = from.startsWith(".") && !isLazy ? resolveImport(file, from) : null
      if (target !== null && known.has(target)) visit(target, [...trail, file])
    }
    done.add(file)
  }
  for (const file of [...known].sort()) visit(file, [])
  return [...cycles.values()]
}

function rotate(cycle: readonly string[]): readonly string[] {
  const first = [...cycle].sort()[0] ?? ""
  const start = cycle.indexOf(first)
  return [...cycle.slice(start), ...cycle.slice(0, start)]
}

function resolveImport(file: string, from: string): string {
  return path.posix.join(path.posix.dirname(file), from.replace(/\?.*$/, ""))
}

/** `core` for `src/core/config.ts`; null for what belongs to no part: tests, scripts, a file directly in `src/`. */
function partOf(file: string): string | null {
  if (file.startsWith("app/")) return "app"
  return /^src\/([^/]+)\//.exec(file)?.[1] ?? null
}

function isTest(file: string): boolean {
  return /\.test\.tsx?$/.test(file)
}
