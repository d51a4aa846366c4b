/** Claude Code's conversations as the owner sees them in a list, from the first and last lines of each transcript. */
import { realpath, stat } from "node:fs/promises"
import path from "node:path"
import { z } from "zod"
import { isMissing } from "../../platform/system-error.ts"
import type { NativeSession } from "../../protocol/session.ts"
import type { NativeQuery } from "../provider.ts"
import {
  describeTranscript,
  findTranscript,
  headAndTail,
  isNamedAfter,
  listTranscripts,
  type TranscriptFile,
} from "./transcript-file.ts"

const READ = 64 * 1024
const MAX_TITLE = 120

const text = z.string().optional().catch(undefined)
const flag = z.boolean().optional().catch(undefined)
const Line = z.looseObject({
  type: text,
  cwd: text,
  entrypoint: text,
  permissionMode: text,
  isMeta: flag,
  isSidechain: flag,
  customTitle: text,
  aiTitle: text,
  summary: text,
  message: z.looseObject({ model: text, content: z.unknown().optional() }).optional().catch(undefined),
})
type Line = z.infer<typeof Line>

export interface NativeContext {
  readonly configDir: string
  readonly ours: ReadonlySet<string>
  readonly openElsewhere: ReadonlySet<string>
  /** Claude Code's program, as the owner would start it. */
  readonly program: string
}

export async function listNativeSessions(
  query: NativeQuery,
  context: NativeContext,
): Promise<readonly NativeSession[]> {
  const found: NativeSession[] = []
  const workspaces = query.workspace === undefined ? null : await namesOf(query.workspace)
  for (const file of await candidates(query, context.configDir, workspaces)) {
    if (found.length >= query.limit) break
    const session = await describe(file, context)
    if (session === null || (workspaces !== null && !workspaces.has(session.workspace))) continue
    found.push(session)
  }
  return found
}

async function candidates(
  query: NativeQuery,
  configDir: string,
  workspaces: ReadonlySet<string> | null,
): Promise<readonly TranscriptFile[]> {
  if (query.nativeId === undefined) return listTranscripts(configDir, workspaces)
  const file = await findTranscript(configDir, query.nativeId)
  return file === null ? [] : [await describeTranscript(file)]
}

/** Claude Code notes the directory that it was really in, behind links. */
async function namesOf(workspace: string): Promise<ReadonlySet<string>> {
  const real = await realpath(workspace).catch((error: unknown) => {
    if (isMissing(error)) return workspace
    throw error
  })
  return new Set([workspace, real])
}

/** Null for a file that holds no conversation. */
async function describe(file: TranscriptFile, context: NativeContext): Promise<NativeSession | null> {
  const { head, tail } = await headAndTail(file.file, READ)
  const first = head.flatMap(parse)
  const last = tail.flatMap(parse).reverse()
  const workspace = await workspaceOf(path.basename(path.dirname(file.file)), [...last, ...first])
  const prompt = first.map(promptOf).find((text) => text !== null)
  if (workspace === undefined || prompt === undefined) return null
  const model = last.find((line) => line.type === "assistant" && isReal(line.message?.model))?.message?.model
  const mode = firstOf(last, "permissionMode") ?? firstOf(first, "permissionMode")
  return {
    nativeId: file.nativeId,
    title: titleOf(last) ?? titleOf(first) ?? shortened(prompt ?? ""),
    workspace,
    updatedAt: file.updatedAt,
    origin: context.ours.has(file.nativeId)
      ? "ours"
      : firstOf(first, "entrypoint") === "cli"
        ? "terminal"
        : "other",
    state: context.openElsewhere.has(file.nativeId) ? "open_elsewhere" : "free",
    settings: { ...(model === undefined ? {} : { model }), ...(mode === undefined ? {} : { mode }) },
    terminal: [context.program, "--resume", file.nativeId],
  }
}

/**
 * The directory that the conversation belongs to: Claude Code names the transcript's directory after it. Wherever its
 * commands went later is another one, and where it is gone, the last one that is still there serves.
 */
async function workspaceOf(project: string, lines: readonly Line[]): Promise<string | undefined> {
  const seen = [...new Set(lines.flatMap((line) => line.cwd ?? []))]
  const own = seen.filter((cwd) => isNamedAfter(project, cwd))
  const candidates = [...own, ...seen.filter((cwd) => !own.includes(cwd))]
  for (const cwd of candidates) if (await isDirectory(cwd)) return cwd
  return candidates[0]
}

async function isDirectory(cwd: string): Promise<boolean> {
  const found = await stat(cwd).catch(() => null)
  return found?.isDirectory() ?? false
}

function parse(text: string): readonly Line[] {
  try {
    const line = Line.safeParse(JSON.parse(text))
    return line.success ? [line.data] : []
  } catch {
    // Cut by the reading limit or by a killed process.
    return []
  }
}

function firstOf(lines: readonly Line[], field: "entrypoint" | "permissionMode"): string | undefined {
  return lines.find((line) => line[field] !== undefined)?.[field]
}

function titleOf(lines: readonly Line[]): string | undefined {
  const title =
    lines.find((line) => line.customTitle)?.customTitle ??
    lines.find((line) => line.aiTitle)?.aiTitle ??
    lines.find((line) => line.type === "summary" && line.summary)?.summary
  return title === undefined ? undefined : shortened(title)
}

const TextBlocks = z.array(z.looseObject({ type: z.string(), text: z.string().optional() }))

/** What the user typed; null for tool results and for lines that Claude Code itself writes as the user. */
function promptOf(line: Line): string | null {
  if (line.type !== "user" || line.isMeta || line.isSidechain) return null
  const text = firstText(line.message?.content)
  return text === null || /^<(command-|local-command-)/.test(text) ? null : text
}

function firstText(content: unknown): string | null {
  if (typeof content === "string") return content
  const blocks = TextBlocks.safeParse(content)
  return (blocks.success && blocks.data.find((block) => block.type === "text")?.text) || null
}

function isReal(model: string | undefined): boolean {
  return model !== undefined && !model.startsWith("<")
}

function shortened(text: string): string {
  const line = text.trim().split("\n")[0] ?? ""
  return line.length > MAX_TITLE ? `${line.slice(0, MAX_TITLE - 1)}…` : line
}
