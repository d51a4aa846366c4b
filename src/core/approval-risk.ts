/**
 * How much harm an approval could do, for the card that asks for it. A help for the eye, not a guard: what protects is
 * the sandbox and the owner. In doubt it says more.
 */
import type { FileChange } from "../protocol/session.ts"
import { DOWNLOADERS, INTERPRETERS, programRisks, writtenPaths } from "./command-risk.ts"
import { looksLikeCredential } from "./credential-path.ts"
import { pathBelow } from "./outgoing-file.ts"
import { absolutePath, placeOf, type Surroundings } from "./path-place.ts"
import { RISK_LEVELS, type RiskLevel, type RiskReason } from "./risk-reason.ts"
import { readShell, type SimpleCommand } from "./shell-command.ts"
import { SHELLS, type Unwrapped, unwrapCommand } from "./unwrap-command.ts"

export interface Risk {
  readonly level: RiskLevel
  /** Worst first, each once. */
  readonly reasons: readonly RiskReason[]
}

export interface RiskSubject {
  readonly command?: string | undefined
  readonly changes?: readonly FileChange[] | undefined
  /** Where the command runs; the workspace if absent. Absolute. */
  readonly cwd?: string | undefined
  /** Absolute. */
  readonly workspace: string
  /** The owner's home directory, to see through `~`. */
  readonly home?: string | undefined
}

export function assessRisk({ command, changes, cwd, workspace, home }: RiskSubject): Risk {
  const surroundings = { workspace, cwd: cwd ?? workspace, home: home ?? null }
  const found = [
    ...(command === undefined ? [] : commandReasons(command, surroundings)),
    ...(changes ?? []).flatMap((change) => changeReasons(change, surroundings)),
    ...(command === undefined && changes === undefined ? (["unclear"] as const) : []),
  ]
  const reasons = [...new Set(found)].sort((a, b) => weight(b) - weight(a))
  return { level: reasons[0] === undefined ? "low" : RISK_LEVELS[reasons[0]], reasons }
}

function weight(reason: RiskReason): number {
  return ["low", "medium", "high"].indexOf(RISK_LEVELS[reason])
}

/** Longer ones are not read to the end, and said to be unclear. */
const LONGEST_COMMAND = 20_000
/** `bash -c "bash -c …"` */
const DEEPEST_SCRIPT = 5

function commandReasons(command: string, surroundings: Surroundings, depth = 0): readonly RiskReason[] {
  const { commands, isBroken } = readShell(command.slice(0, LONGEST_COMMAND))
  const line: Line = { text: command, programs: [] }
  const reasons: RiskReason[] = textReasons(command)
  if (isBroken || command.length > LONGEST_COMMAND || depth > DEEPEST_SCRIPT) reasons.push("unclear")
  let place = surroundings
  for (const simple of commands) {
    const unwrapped = unwrapCommand(simple)
    reasons.push(...simpleReasons(simple, unwrapped, { line, place }))
    if (unwrapped.script !== null && depth <= DEEPEST_SCRIPT)
      reasons.push(...commandReasons(unwrapped.script, place, depth + 1))
    if (/^(?:cd|pushd)$/.test(unwrapped.program))
      place = { ...place, cwd: absolutePath(unwrapped.args[0] ?? "~", place) }
    line.programs.push(unwrapped.program)
  }
  return reasons
}

/** What was seen so far on the same line. */
interface Line {
  readonly text: string
  readonly programs: string[]
}

interface Situation {
  readonly line: Line
  readonly place: Surroundings
}

function simpleReasons(
  simple: SimpleCommand,
  unwrapped: Unwrapped,
  { line, place }: Situation,
): readonly RiskReason[] {
  const { program, args, isRoot } = unwrapped
  const own = programRisks(program, args)
  const isDeleting = own.includes("deletes_recursively")
  const written = [...writtenPaths(program, args), ...redirectTargets(simple)]
  return [
    ...own,
    ...(isRoot ? (["runs_as_root"] as const) : []),
    ...(program.includes("$") ? (["unclear"] as const) : []),
    ...written.flatMap((path) => writeReasons(path, place, isDeleting)),
    ...(mentionsCredential(simple, program) ? (["touches_credentials"] as const) : []),
    ...(INTERPRETERS.has(program) ? interpreterReasons(simple, unwrapped, line) : []),
  ]
}

function redirectTargets({ redirects }: SimpleCommand): readonly string[] {
  return redirects.flatMap(({ operator, target }) =>
    operator.includes(">") && !(operator.endsWith("&") && /^[\d-]+$/.test(target)) ? [target] : [],
  )
}

function writeReasons(path: string, place: Surroundings, isDeleting: boolean): readonly RiskReason[] {
  switch (placeOf(path, place)) {
    case "inside":
      return isAutomation(path) ? ["changes_automation"] : []
    case "temporary":
    case "nowhere":
      return []
    case "workspace":
      return isDeleting ? ["deletes_workspace"] : []
    case "device":
      return ["formats_disk"]
    case "outside":
      return ["writes_outside_workspace"]
    case "unknown":
      return isDeleting ? ["writes_outside_workspace", "unclear"] : ["unclear"]
  }
}

/** Words that only print do not touch what they name. */
const PRINTING: ReadonlySet<string> = new Set(["echo", "printf", "cd"])

function mentionsCredential({ words, redirects }: SimpleCommand, program: string): boolean {
  const named = PRINTING.has(program) ? [] : words.slice(1).flatMap((word) => [word, ...word.split(/[=:@]/)])
  const isPath = (word: string) => /[/.]/.test(word) || READING.has(program)
  return [...named.filter(isPath), ...redirects.map(({ target }) => target)].some((word) =>
    looksLikeCredential(word),
  )
}

const READING: ReadonlySet<string> = new Set([
  "cat",
  "less",
  "more",
  "head",
  "tail",
  "cp",
  "mv",
  "rm",
  "base64",
  "xxd",
  "strings",
  "source",
  ".",
])

function interpreterReasons(
  simple: SimpleCommand,
  { program, args, script }: Unwrapped,
  line: Line,
): readonly RiskReason[] {
  const downloaded = line.programs.some((name) => DOWNLOADERS.has(name))
  const runsOutput = args.some((arg) => arg.includes("$()")) || (script?.includes("$()") ?? false)
  if (runsOutput || (simple.isPiped && !args.some((arg) => !arg.startsWith("-")))) {
    if (downloaded) return ["pipes_download_to_shell"]
    return /\b(?:base64|xxd|openssl|rev|gunzip|uudecode)\b/.test(line.text)
      ? ["obscured"]
      : ["runs_inline_code"]
  }
  if (simple.input !== "" && !SHELLS.has(program)) return ["runs_inline_code"]
  return downloaded ? ["runs_downloaded_code"] : []
}

/** What shows only in the text as a whole. */
function textReasons(command: string): RiskReason[] {
  return [
    ...(/:\s*\(\s*\)\s*\{[^}]*:\s*\|\s*:/.test(command) ? (["exhausts_machine"] as const) : []),
    ...(/\b(?:drop\s+(?:table|database|schema|user)|truncate\s+table|delete\s+from\s+[\w."`]+\s*(?:;|["']|$))/i.test(
      command,
    )
      ? (["destroys_resources"] as const)
      : []),
    ...(/(?:\\x[0-9a-f]{2}){4,}|\$'\\x/i.test(command) ? (["obscured"] as const) : []),
  ]
}

/** Files that make programs run something later. */
function isAutomation(path: string): boolean {
  return /(?:^|\/)(?:\.git\/(?:hooks|config)|\.github\/workflows|\.gitlab-ci\.yml|\.husky|\.claude|\.codex|\.vscode\/(?:tasks|settings)\.json|\.envrc|\.mcp\.json)(?:\/|$)/.test(
    path,
  )
}

function changeReasons(
  { path, movedTo, change }: FileChange,
  surroundings: Surroundings,
): readonly RiskReason[] {
  const paths = movedTo === undefined ? [path] : [path, movedTo]
  return [
    ...(change === "delete" ? (["deletes_files"] as const) : []),
    ...paths.flatMap((each) => writeReasons(each, surroundings, change === "delete")),
    ...(paths.some((each) => isCredentialFile(each, surroundings)) ? (["touches_credentials"] as const) : []),
  ]
}

/** Below the workspace only: how the owner named the folders above says nothing of the file. */
function isCredentialFile(path: string, surroundings: Surroundings): boolean {
  const absolute = absolutePath(path, surroundings) ?? path
  return looksLikeCredential(pathBelow(surroundings.workspace, absolute) ?? absolute)
}
