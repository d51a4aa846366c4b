/**
 * How much harm an approval could do, for the card that asks for it. A help for the eye, not a guard: what protects is
 * the sandbox and the owner. In doubt it says more.
 */
import type { FileChange } from "../protocol/session.ts"
import { DOWNLOADERS, hasRules, INTERPRETERS, programRisks, writtenPaths } from "./command-risk.ts"
import { looksLikeCredential } from "./credential-path.ts"
import {
  assignmentsIn,
  changesPrograms,
  deletesInCode,
  embeddedCommands,
  expandedBraces,
  wrappedCommand,
} from "./embedded-command.ts"
import { acquaintance } from "./known-programs.ts"
import { pathBelow } from "./outgoing-file.ts"
import { absolutePath, placeOf, type Surroundings } from "./path-place.ts"
import { RISK_LEVELS, type RiskLevel, type RiskReason } from "./risk-reason.ts"
import { readShell, type SimpleCommand } from "./shell-command.ts"
import { isWrapper, SHELLS, type Unwrapped, unwrapCommand } from "./unwrap-command.ts"
import { visibleText } from "./visible-text.ts"

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

/** UTF-16 units; what is longer is not read to the end, and said to be unclear. */
const LONGEST_COMMAND = 64 * 1024
/** `bash -c "bash -c …"` */
const DEEPEST_SCRIPT = 5
/** Commands looked at in all; a text of brackets must not hold the process up. */
const MOST_COMMANDS = 2_000
/** The same of what one of them writes. */
const MOST_PATHS = 2_000

function commandReasons(whole: string, place: Surroundings): readonly RiskReason[] {
  const command = whole.slice(0, LONGEST_COMMAND)
  const reading: Reading = { reasons: new Set(textReasons(command)), left: MOST_COMMANDS }
  if (command.length < whole.length) reading.reasons.add("unclear")
  readScript(command, { place, depth: 0, printed: [] }, reading)
  return [...reading.reasons]
}

/** `left`: commands that may still be looked at. */
interface Reading {
  readonly reasons: Set<RiskReason>
  left: number
}

interface Script {
  readonly place: Surroundings
  readonly depth: number
  /** What commands before it print, which may be what it runs. */
  readonly printed: readonly string[]
}

function readScript(text: string, { place: start, depth, printed }: Script, reading: Reading): void {
  const { commands, isBroken } = readShell(text)
  if (isBroken || depth > DEEPEST_SCRIPT) reading.reasons.add("unclear")
  if (depth > DEEPEST_SCRIPT) return
  const line: Line = { text, programs: [], variables: new Map(), printed: [...printed] }
  let place = start
  for (const read of commands) {
    reading.left -= 1
    if (reading.left < 0) {
      reading.reasons.add("unclear")
      return
    }
    const simple = { ...read, words: expandedBraces(read.words.map((word) => withVariables(word, line))) }
    const unwrapped = unwrapCommand(simple)
    for (const reason of simpleReasons(simple, unwrapped, { line, place })) reading.reasons.add(reason)
    for (const script of scriptsOf(simple, unwrapped, line))
      readScript(script, { place, depth: depth + 1, printed: line.printed }, reading)
    place = placeAfter(unwrapped, place)
    remember(simple, unwrapped, line)
  }
}

/** What was seen so far on the same line. */
interface Line {
  readonly text: string
  readonly programs: string[]
  readonly variables: Map<string, string>
  readonly printed: string[]
}

/** Variables given before on the line, as far as they are plain. */
function withVariables(word: string, { variables }: Line): string {
  if (variables.size === 0 || !word.includes("$")) return word
  return word.replace(/\$(?:\{(\w+)\}|(\w+))/g, (all, braced, bare) => variables.get(braced ?? bare) ?? all)
}

function placeAfter({ program, args }: Unwrapped, place: Surroundings): Surroundings {
  if (program !== "cd" && program !== "pushd") return place
  return { ...place, cwd: absolutePath(args[0] ?? "~", place) }
}

const LONGEST_VALUE = 2_000

function remember(simple: SimpleCommand, { program, args }: Unwrapped, line: Line): void {
  line.programs.push(program)
  const values = program === "" || program === "export" ? assignmentsIn(simple.words) : []
  for (const { name, value } of values) line.variables.set(name, value.slice(0, LONGEST_VALUE))
  const at = program === "printf" ? args.indexOf("-v") : -1
  if (at !== -1) line.variables.set(args[at + 1] ?? "", (args.at(-1) ?? "").slice(0, LONGEST_VALUE))
  if (PRINTING.has(program)) line.printed.push(args.join(" "))
  if (program === "cat" && simple.input !== "") line.printed.push(simple.input)
}

/** Command lines that the command runs, or may run. */
function scriptsOf(
  simple: SimpleCommand,
  { program, args, script }: Unwrapped,
  line: Line,
): readonly string[] {
  const takesOutput = SHELLS.has(program) || program === "source" || program === "." || program === "eval"
  const runsOutput = takesOutput && (simple.isPiped || args.some((arg) => arg.includes("$()")))
  const wrapped = isKnown(program, args) ? null : wrappedCommand(args)
  return [
    ...(script === null ? [] : [script]),
    ...(runsOutput ? line.printed.slice(-3) : []),
    ...embeddedCommands(program, args),
    ...assignmentsIn(simple.words).flatMap(({ value }) => embeddedCommands("", [value])),
    ...(wrapped === null ? [] : [wrapped.map(quoted).join(" ")]),
  ]
}

function quoted(word: string): string {
  return /^[\w~/.@%+=:,-]+$/.test(word) ? word : `'${word.replaceAll("'", "")}'`
}

function isKnown(program: string, args: readonly string[]): boolean {
  return (
    INTERPRETERS.has(program) ||
    isWrapper(program) ||
    acquaintance(program, args, hasRules(program)) !== "unknown"
  )
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
  const all = [...writtenPaths(program, args), ...redirectTargets(simple)]
  const written = all.slice(0, MOST_PATHS)
  return [
    ...own,
    ...(all.length > MOST_PATHS ? (["unclear"] as const) : []),
    ...(isRoot ? (["runs_as_root"] as const) : []),
    ...programReasons(unwrapped, place),
    ...written.flatMap((path) => writeReasons(path, place, isDeleting)),
    ...(mentionsCredential(simple, program) ? (["touches_credentials"] as const) : []),
    ...(mentionsUs(simple, unwrapped) ? (["uses_remoteagent"] as const) : []),
    ...(assignmentsIn(simple.words).some(changesPrograms) ? (["changes_programs"] as const) : []),
    ...(INTERPRETERS.has(program) ? interpreterReasons(simple, unwrapped, line) : []),
  ]
}

/** What the name of the program says by itself. */
function programReasons({ program, path, args }: Unwrapped, place: Surroundings): readonly RiskReason[] {
  if (program === "") return []
  if (program.includes("$")) return ["unclear"]
  if (/[*?[\]]/.test(program) && !/^\[{1,2}$/.test(program)) return ["obscured"]
  const isByPath = path.includes("/") && !/^(?:\/usr(?:\/local)?)?\/s?bin\/[^/]+$/.test(path)
  if (INTERPRETERS.has(program)) return scriptReasons(program, args, place)
  if (isByPath && !/(?:^|\/)(?:node_modules\/\.bin\/|\.venv\/bin\/|venv\/bin\/|gradlew$|mvnw$)/.test(path))
    return ["runs_script"]
  if (isWrapper(program)) return []
  switch (acquaintance(program, args, hasRules(program))) {
    case "harmless":
      return []
    case "project_code":
      return ["runs_project_code"]
    case "unknown":
      return ["not_known"]
  }
}

/** A file that an interpreter runs. Of a scripting language, it is the project's own code where it lies in it. */
function scriptReasons(program: string, args: readonly string[], place: Surroundings): readonly RiskReason[] {
  const file = args.find((arg) => !arg.startsWith("-") && arg !== "run")
  const isCode = args.some((arg) => /^-[a-z]*c$|^-e$|^--eval$|^-$/.test(arg))
  if (file === undefined || isCode || program === "eval" || file.includes("$()")) return []
  if (args.some((arg) => /^--?(?:version|help|check|v|V|n)$/.test(arg))) return []
  const isShell = SHELLS.has(program) || program === "source" || program === "."
  return isShell || placeOf(file, place) !== "inside" ? ["runs_script"] : ["runs_project_code"]
}

/** Our own program, sockets and files. */
function mentionsUs({ words, redirects }: SimpleCommand, { program, args }: Unwrapped): boolean {
  if (program === "remoteagent") return !args.every((arg) => /^(?:--version|--help|version|help)$/.test(arg))
  if (PRINTING.has(program) && redirects.length === 0) return false
  const named = [...(PRINTING.has(program) ? [] : words), ...redirects.map(({ target }) => target)]
  return (
    named.some((word) => OURS.test(word)) ||
    (/^p?kill(?:all)?$/.test(program) && args.some((arg) => /remoteagent/.test(arg)))
  )
}

const OURS =
  /(?:^|[\s/=@:"'])(?:\.remoteagent(?:\/(?!managed\/S\d+\/)|$)|remoteagent\.js|(?:runtime|host)\.sock\b|ledger\.db\b|host-journal\.sqlite)/

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
      return ["writes_temporary"]
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
  if (deletesInCode([...args, simple.input].join(" ")))
    return ["deletes_recursively", "writes_outside_workspace"]
  if (simple.input !== "" && !SHELLS.has(program)) return ["runs_inline_code"]
  return downloaded ? ["runs_downloaded_code"] : []
}

/** What shows only in the text as a whole. */
function textReasons(command: string): RiskReason[] {
  return [
    ...(/(?:^|[\s;])([\w:]{1,50})[ \t]{0,5}\([ \t]{0,5}\)\s{0,5}\{[^}]{0,50}?\1[ \t]{0,5}\|[ \t]{0,5}\1/.test(
      command,
    )
      ? (["exhausts_machine"] as const)
      : []),
    ...(visibleText(command).marked > 0 ? (["hidden_characters"] as const) : []),
    ...(/\b(?:drop\s{1,9}(?:table|database|schema|user)|truncate\s{1,9}table|delete\s{1,9}from\s{1,9}[\w."`]{1,100}\s{0,9}(?:;|["']|$)|dropDatabase)/i.test(
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
