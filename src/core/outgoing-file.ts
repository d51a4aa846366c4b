/** Which files may leave the machine by themselves, and how an answer names the files it wants to send. */
import { isAbsolute, relative, sep } from "node:path"
import { looksLikeCredential } from "./credential-path.ts"

export interface OutgoingFile {
  /** What was asked for, and where it really is: the path after all symbolic links. */
  readonly path: string
  readonly realPath: string
  /** Real paths too. */
  readonly workspace: string
  readonly attachments: string
  readonly dataDir: string
  /** Names that the file has (hard links). */
  readonly links: number
}

export type OutgoingVerdict =
  | { readonly kind: "allowed" }
  | {
      readonly kind: "needs_tap"
      readonly reason: "outside_workspace" | "looks_like_credential" | "has_other_names"
    }
  /** What the system shows of itself, and what is ours: tokens, ledger, sockets. */
  | { readonly kind: "refused" }

/** Only from the session's workspace and attachment store; anything else is the owner's to allow. */
export function judgeOutgoingFile(file: OutgoingFile): OutgoingVerdict {
  const { path, realPath, workspace, attachments, links } = file
  if (isNeverSent(file)) return { kind: "refused" }
  // Below the folder only: how the owner named the folders above says nothing of the file.
  const below = [workspace, attachments]
    .map((root) => pathBelow(root, realPath))
    .find((inside) => inside !== null)
  const isSecret = looksLikeCredential(below ?? realPath) || looksLikeCredential(path.split("/").at(-1) ?? "")
  if (isSecret) return { kind: "needs_tap", reason: "looks_like_credential" }
  if (below === undefined) return { kind: "needs_tap", reason: "outside_workspace" }
  // Its other name may be outside, where the agent could not have read it to us.
  return links > 1 ? { kind: "needs_tap", reason: "has_other_names" } : { kind: "allowed" }
}

function isNeverSent({ realPath, workspace, attachments, dataDir }: OutgoingFile): boolean {
  if (/^\/(?:proc|sys|dev)(?:\/|$)/.test(realPath)) return true
  if (pathBelow(dataDir, realPath) === null || pathBelow(attachments, realPath) !== null) return false
  // A workspace may lie in our directory; our directory in a workspace stays ours.
  return !(pathBelow(dataDir, workspace) !== null && pathBelow(workspace, realPath) !== null)
}

/** The part of the path below the root, or null when it is not inside. Both absolute; no file is looked at. */
export function pathBelow(root: string, path: string): string | null {
  if (!isAbsolute(root) || !isAbsolute(path)) return null
  const way = relative(root, path)
  const isInside = way !== "" && way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way)
  return isInside ? way : null
}

export interface AnswerWithFiles {
  /** Without the lines that named files. */
  readonly text: string
  /** In the order of the answer, each once, and no more than are sent of one answer. */
  readonly paths: readonly string[]
  /** How many it named beyond them. */
  readonly left: number
}

/** Files of one answer: two hundred would be an attack, or a mistake. */
const MOST_FILES = 10

/**
 * Takes the lines `TELEGRAM_FILE: /absolute/path` out of an answer. Lines in code are examples and stay, as does a
 * path that is not absolute.
 */
export function takeFileLines(answer: string): AnswerWithFiles {
  if (!answer.includes(MARKER)) return { text: answer, paths: [], left: 0 }
  const kept: string[] = []
  const paths = new Set<string>()
  let fence: string | null = null
  for (const line of answer.split("\n")) {
    const marks = line === "" ? undefined : /^ {0,3}(`{3,}|~{3,})/.exec(line)?.[1]
    if (marks !== undefined && fence === null) fence = marks
    else if (marks !== undefined && fence !== null && marks.startsWith(fence) && line.trim() === marks)
      fence = null
    const path = fence === null ? filePath(line) : null
    if (path === null) kept.push(line)
    else paths.add(path)
  }
  if (paths.size === 0) return { text: answer, paths: [], left: 0 }
  return {
    text: kept
      .join("\n")
      .replace(/\n{3,}/g, "\n\n")
      .trim(),
    paths: [...paths].slice(0, MOST_FILES),
    left: Math.max(0, paths.size - MOST_FILES),
  }
}

const MARKER = "TELEGRAM_FILE:"
/** Longer is no path on any system (PATH_MAX). */
const LONGEST_PATH = 4_096

/** Agents like to wrap the line in a list mark, in backticks or in bold. */
function filePath(line: string): string | null {
  if (!line.includes(MARKER)) return null
  const lead = /^ {0,3}(?:[-*+] )?[`*]*TELEGRAM_FILE:[`*]*/.exec(line)?.[0]
  if (lead === undefined) return null
  const path = without(line.slice(lead.length).trim(), { start: "`\"'<", end: "`\"'>*" })
  return isAbsolute(path) && path.length <= LONGEST_PATH && !path.includes("\0") ? path : null
}

/** Without these characters at its ends. By hand: an expression for the end tries it from every character. */
function without(text: string, { start, end }: { readonly start: string; readonly end: string }): string {
  let from = 0
  let to = text.length
  while (from < to && start.includes(text.charAt(from))) from += 1
  while (to > from && end.includes(text.charAt(to - 1))) to -= 1
  return text.slice(from, to)
}
