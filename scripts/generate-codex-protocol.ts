/**
 * Writes src/providers/codex/protocol.generated.ts: the types of Codex' app-server protocol that we send, cut down to the
 * fields we use, from what `codex app-server generate-ts` prints. Usage:
 *
 *   node scripts/generate-codex-protocol.ts <codex binary> [--check]
 *
 * `--check` writes nothing and exits with 1 when the file differs from what the binary would give.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import path from "node:path"

const TARGET = path.join(import.meta.dirname, "../src/providers/codex/protocol.generated.ts")

/** The types we use: `*` for all of one, field names of an object, or discriminants of a union. */
const SELECTION: Readonly<Record<string, "*" | readonly string[]>> = {
  ClientInfo: "*",
  InitializeCapabilities: ["experimentalApi", "requestAttestation"],
  InitializeParams: "*",
  SandboxMode: "*",
  SandboxPolicy: "*",
  NetworkAccess: "*",
  AskForApproval: ["untrusted", "on-request", "never"],
  ModeKind: "*",
  Settings: "*",
  CollaborationMode: "*",
  ReasoningEffort: "*",
  UserInput: ["text", "localImage"],
  TextElement: "*",
  ByteRange: "*",
  ImageDetail: "*",
  AbsolutePathBuf: "*",
  ThreadStartParams: ["cwd", "model", "approvalPolicy", "sandbox"],
  ThreadResumeParams: [
    "threadId",
    "cwd",
    "model",
    "approvalPolicy",
    "sandbox",
    "excludeTurns",
    "initialTurnsPage",
  ],
  ThreadResumeInitialTurnsPageParams: "*",
  ThreadListParams: ["cursor", "limit", "sortKey", "sortDirection", "modelProviders", "sourceKinds", "cwd"],
  ThreadReadParams: "*",
  ThreadSortKey: "*",
  SortDirection: "*",
  ThreadSourceKind: "*",
  ThreadTurnsListParams: "*",
  TurnItemsView: "*",
  ThreadUnsubscribeParams: "*",
  ThreadBackgroundTerminalsCleanParams: "*",
  TurnStartParams: [
    "threadId",
    "clientUserMessageId",
    "input",
    "approvalPolicy",
    "sandboxPolicy",
    "model",
    "effort",
    "collaborationMode",
  ],
  TurnSteerParams: ["threadId", "clientUserMessageId", "input", "expectedTurnId"],
  TurnInterruptParams: "*",
  ModelListParams: ["cursor", "limit"],
  GetAccountParams: "*",
  ConfigReadParams: ["cwd", "includeLayers"],
  CommandExecutionApprovalDecision: [
    "accept",
    "acceptForSession",
    "acceptWithExecpolicyAmendment",
    "decline",
    "cancel",
  ],
  ExecPolicyAmendment: "*",
  CommandExecutionRequestApprovalResponse: "*",
  FileChangeApprovalDecision: "*",
  FileChangeRequestApprovalResponse: "*",
  AdditionalNetworkPermissions: "*",
  AdditionalFileSystemPermissions: ["read", "write"],
  LegacyAppPathString: "*",
  GrantedPermissionProfile: "*",
  PermissionGrantScope: "*",
  PermissionsRequestApprovalResponse: ["permissions", "scope"],
  ToolRequestUserInputAnswer: "*",
  ToolRequestUserInputResponse: "*",
  McpServerElicitationAction: "*",
  McpServerElicitationRequestResponse: "*",
  JsonValue: "*",
}

const binary = process.argv[2]
if (binary === undefined) throw new Error("usage: generate-codex-protocol.ts <codex binary> [--check]")
const generated = generate(binary)
if (process.argv.includes("--check")) {
  if (readFileSync(TARGET, "utf8") !== generated) {
    console.error("protocol.generated.ts differs from what this codex generates")
    process.exitCode = 1
  }
} else {
  writeFileSync(TARGET, generated)
}

function generate(codex: string): string {
  const version = run(codex, ["--version"]).trim()
  const declarations = readDeclarations(codex)
  const types = Object.entries(SELECTION).map(([name, wanted]) => {
    const body = declarations.get(name)
    if (body === undefined) throw new Error(`${version} has no type ${name}`)
    return `export type ${name} = ${wanted === "*" ? body : select(name, body, wanted)}\n`
  })
  const head = `// Generated from ${version} by scripts/generate-codex-protocol.ts: \`codex app-server generate-ts --experimental\`,\n// cut down to what is used. Do not edit.\n\n`
  return head + types.sort().join("\n")
}

function readDeclarations(codex: string): ReadonlyMap<string, string> {
  const dir = mkdtempSync(path.join(tmpdir(), "codex-protocol-"))
  try {
    run(codex, ["app-server", "generate-ts", "--experimental", "--out", dir])
    const files = readdirSync(dir, { recursive: true, encoding: "utf8" }).filter((file) =>
      file.endsWith(".ts"),
    )
    const found = files.flatMap((file) => declarationsIn(readFileSync(path.join(dir, file), "utf8")))
    return new Map(found)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Every generated file declares one type, after its imports. */
function declarationsIn(source: string): [string, string][] {
  const plain = source
    .replace(/\/\*\*[\s\S]*?\*\//g, "")
    .replace(/^\/\/.*$/gm, "")
    .replace(/^import .*$/gm, "")
  const match = /export type (\w+) = ([\s\S]+?);\s*$/.exec(plain.trim())
  if (!match?.[1] || !match[2]) return []
  return [[match[1], match[2].replace(/\s+/g, " ").replace(/, \}/g, " }")]]
}

function select(name: string, body: string, wanted: readonly string[]): string {
  const isObject = body.startsWith("{") && splitTop(body, "|").length === 1
  const parts = isObject ? splitTop(body.slice(1, -1), ",") : splitTop(body, "|")
  const chosen = wanted.map((key) => {
    const part = parts.find((candidate) => (isObject ? fieldName(candidate) : variantName(candidate)) === key)
    if (part === undefined) throw new Error(`${name} has no ${key}`)
    return part
  })
  return isObject ? `{ ${chosen.join(", ")} }` : chosen.join(" | ")
}

function fieldName(field: string): string {
  return /^"?([\w/]+)"?\??:/.exec(field)?.[1] ?? ""
}

function variantName(variant: string): string {
  return (
    /^\{ "type": "([^"]+)"/.exec(variant)?.[1] ??
    /^"([^"]+)"$/.exec(variant)?.[1] ??
    /^\{ "(\w+)":/.exec(variant)?.[1] ??
    ""
  )
}

/** Splits at separators outside all brackets. */
function splitTop(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (const [at, char] of [...text].entries()) {
    if ("{[(<".includes(char)) depth++
    else if ("}])>".includes(char)) depth--
    else if (char === separator && depth === 0) {
      parts.push(text.slice(start, at))
      start = at + 1
    }
  }
  parts.push(text.slice(start))
  return parts.map((part) => part.trim()).filter((part) => part !== "")
}

function run(command: string, args: readonly string[]): string {
  const env = { PATH: "/usr/bin:/bin", HOME: tmpdir(), TMPDIR: tmpdir() }
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: "utf8", env })
  if (status !== 0) throw new Error(`${command} ${args.join(" ")} ended with ${status}: ${stderr}`)
  return stdout
}
