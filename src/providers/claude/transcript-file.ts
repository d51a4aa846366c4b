/** Where Claude Code keeps a conversation, and reading one from its end without holding it whole. */
import { type FileHandle, open, readdir, stat } from "node:fs/promises"
import path from "node:path"
import { errorCode, isMissing } from "../../platform/system-error.ts"

const CHUNK = 256 * 1024

/** `projects/<directory of the workspace>/<session id>.jsonl` below the configuration directory; null when there is none. */
export async function findTranscript(configDir: string, nativeId: string): Promise<string | null> {
  if (!/^[\w-]+$/.test(nativeId)) return null
  const projects = path.join(configDir, "projects")
  for (const project of await listDirectory(projects)) {
    const file = path.join(projects, project, `${nativeId}.jsonl`)
    if (await isFile(file)) return file
  }
  return null
}

export interface TranscriptFile {
  readonly file: string
  readonly nativeId: string
  /** ms since the epoch */
  readonly updatedAt: number
  readonly size: number
}

/** All conversations, or those of one workspace (under any of its names), newest first. Only their directory entries are read. */
export async function listTranscripts(
  configDir: string,
  workspaces: ReadonlySet<string> | null,
): Promise<readonly TranscriptFile[]> {
  const projects = path.join(configDir, "projects")
  const found: TranscriptFile[] = []
  for (const project of await listDirectory(projects)) {
    if (workspaces !== null && ![...workspaces].some((workspace) => mayBelongTo(project, workspace))) continue
    const directory = path.join(projects, project)
    const names = (await listDirectory(directory)).filter((name) => name.endsWith(".jsonl"))
    found.push(...(await Promise.all(names.map((name) => describeTranscript(path.join(directory, name))))))
  }
  return found.sort((a, b) => b.updatedAt - a.updatedAt)
}

/** Claude Code names a project after the end of its path alike, and cuts long names; a false yes is found out later. */
function mayBelongTo(project: string, workspace: string): boolean {
  const lastPart = path.basename(workspace).replace(/[^a-zA-Z0-9]/g, "-")
  return project.endsWith(lastPart) || project.length > 150
}

/** Whether the project's directory is the one of this workspace. */
export function isNamedAfter(project: string, workspace: string): boolean {
  const name = workspace.replace(/[^a-zA-Z0-9]/g, "-")
  return project === name || (project.length > 150 && name.startsWith(project.slice(0, 150)))
}

export async function describeTranscript(file: string): Promise<TranscriptFile> {
  const stats = await stat(file)
  return {
    file,
    nativeId: path.basename(file, ".jsonl"),
    updatedAt: Math.floor(stats.mtimeMs),
    size: stats.size,
  }
}

/** The lines of a file, last first; memory is one chunk and the longest line. */
export async function* linesBackwards(file: string): AsyncGenerator<string> {
  const handle = await open(file, "r")
  try {
    let position = (await handle.stat()).size
    let rest: Buffer = Buffer.alloc(0)
    while (position > 0) {
      const length = Math.min(CHUNK, position)
      position -= length
      const block = Buffer.concat([await readAt(handle, position, length), rest])
      const firstBreak = position === 0 ? -1 : block.indexOf(0x0a)
      if (position > 0 && firstBreak === -1) {
        rest = block
        continue
      }
      rest = block.subarray(0, firstBreak + 1)
      const lines = block.toString("utf8", firstBreak + 1).split("\n")
      for (const line of lines.reverse()) if (line !== "") yield line
    }
  } finally {
    await handle.close()
  }
}

/** The first and the last `bytes` of a file as whole lines; they do not overlap. */
export async function headAndTail(
  file: string,
  bytes: number,
): Promise<{ readonly head: readonly string[]; readonly tail: readonly string[] }> {
  const handle = await open(file, "r")
  try {
    const { size } = await handle.stat()
    const head = (await readAt(handle, 0, Math.min(bytes, size))).toString("utf8").split("\n")
    if (size <= bytes) return { head, tail: head }
    const from = Math.max(bytes, size - bytes)
    const tail = (await readAt(handle, from, size - from)).toString("utf8").split("\n")
    // The cut lines in the middle cannot be parsed.
    return { head: head.slice(0, -1), tail: tail.slice(1) }
  } finally {
    await handle.close()
  }
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length)
  const { bytesRead } = await handle.read(buffer, 0, length, position)
  return buffer.subarray(0, bytesRead)
}

async function listDirectory(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (isMissing(error) || errorCode(error) === "ENOTDIR") return []
    throw error
  }
}

async function isFile(file: string): Promise<boolean> {
  try {
    return (await stat(file)).isFile()
  } catch (error) {
    if (isMissing(error) || errorCode(error) === "ENOTDIR") return false
    throw error
  }
}
