/** What a file tool is about to do, or did, as a change with a unified diff. */
import { readFileSync, statSync } from "node:fs"
import { z } from "zod"
import type { FileChange } from "../../protocol/session.ts"
import { clipDiff, hunkText, unifiedDiff } from "../unified-diff.ts"

const MAX_FILE = 512 * 1024

const Edit = z.looseObject({
  old_string: z.string(),
  new_string: z.string(),
  replace_all: z.boolean().optional(),
})
const EditInput = Edit.extend({ file_path: z.string() })
const MultiEditInput = z.looseObject({ file_path: z.string(), edits: z.array(Edit) })
const WriteInput = z.looseObject({ file_path: z.string(), content: z.string() })
const NotebookInput = z.looseObject({ notebook_path: z.string(), new_source: z.string().optional() })

/** The text of a file now: null when there is none, undefined when it cannot be shown (large, unreadable). */
export type ReadText = (path: string) => string | null | undefined

/** The change that a call of a file tool asks for; null for any other tool or an input that does not fit. */
export function proposedChange(tool: string, input: unknown, read: ReadText): FileChange | null {
  switch (tool) {
    case "Write": {
      const write = WriteInput.safeParse(input)
      return write.success ? written(write.data.file_path, write.data.content, read) : null
    }
    case "Edit": {
      const edit = EditInput.safeParse(input)
      return edit.success ? edited(edit.data.file_path, [edit.data], read) : null
    }
    case "MultiEdit": {
      const multi = MultiEditInput.safeParse(input)
      return multi.success ? edited(multi.data.file_path, multi.data.edits, read) : null
    }
    case "NotebookEdit": {
      const notebook = NotebookInput.safeParse(input)
      if (!notebook.success) return null
      const { notebook_path, new_source } = notebook.data
      return { path: notebook_path, change: "update", diff: unifiedDiff("", new_source ?? "") }
    }
    default:
      return null
  }
}

function written(path: string, content: string, read: ReadText): FileChange {
  const before = read(path)
  return { path, change: before === null ? "add" : "update", diff: unifiedDiff(before ?? "", content) }
}

function edited(path: string, edits: readonly z.infer<typeof Edit>[], read: ReadText): FileChange {
  const before = read(path)
  const after = before ? edits.reduce<string | undefined>(applyEdit, before) : undefined
  if (before && after !== undefined) return { path, change: "update", diff: unifiedDiff(before, after) }
  // The file cannot be read, or does not hold the text: then what is asked for is shown on its own.
  const diff = edits.map((edit) => unifiedDiff(edit.old_string, edit.new_string)).join("")
  return { path, change: before === null ? "add" : "update", diff }
}

function applyEdit(text: string | undefined, edit: z.infer<typeof Edit>): string | undefined {
  if (text === undefined || !text.includes(edit.old_string)) return undefined
  const replacement = () => edit.new_string
  return edit.replace_all
    ? text.replaceAll(edit.old_string, replacement)
    : text.replace(edit.old_string, replacement)
}

export const readText: ReadText = (path) => {
  const stat = statSync(path, { throwIfNoEntry: false })
  if (stat === undefined) return null
  if (!stat.isFile() || stat.size > MAX_FILE) return undefined
  try {
    const text = readFileSync(path, "utf8")
    return text.includes("\0") ? undefined : text
  } catch {
    // Unreadable for us is no reason to hide the request: it is shown without the old text.
    return undefined
  }
}

const Patched = z.looseObject({
  filePath: z.string(),
  type: z.string().optional(),
  structuredPatch: z.array(
    z.looseObject({
      oldStart: z.number(),
      oldLines: z.number(),
      newStart: z.number(),
      newLines: z.number(),
      lines: z.array(z.string()),
    }),
  ),
})

/** The change as Claude Code reports it afterwards, or null when it does not. */
export function reportedChange(toolUseResult: unknown): FileChange | null {
  const patched = Patched.safeParse(toolUseResult)
  if (!patched.success || patched.data.structuredPatch.length === 0) return null
  return {
    path: patched.data.filePath,
    change: patched.data.type === "create" ? "add" : "update",
    diff: clipDiff(patched.data.structuredPatch.map(hunkText).join("")),
  }
}
