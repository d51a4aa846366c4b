/** Removes what has become old below one directory, and nothing outside of it. */
import { lstat, readdir, rm, rmdir } from "node:fs/promises"
import { join } from "node:path"
import { errorCode, isMissing } from "../platform/system-error.ts"
import type { Instant } from "../protocol/ids.ts"

export interface OldFiles {
  readonly directory: string
  /** Files last written before this go. */
  readonly before: Instant
  /** Absolute paths that stay, however old. */
  readonly kept: ReadonlySet<string>
  /** Called for each file that went. */
  readonly onRemoved: (path: string) => void
}

/**
 * How many files went. Links are removed, never followed; a directory that is itself a link is left alone. Directories
 * that are empty and old go too.
 */
export async function removeOldFiles({ directory, ...rule }: OldFiles): Promise<number> {
  const stats = await lstat(directory).catch(nullIfMissing)
  if (stats === null || !stats.isDirectory()) return 0
  return (await sweep(directory, rule)).removed
}

async function sweep(
  directory: string,
  rule: Omit<OldFiles, "directory">,
): Promise<{ readonly removed: number; readonly isEmpty: boolean }> {
  const entries = await readdir(directory, { withFileTypes: true })
  let removed = 0
  let left = entries.length
  for (const entry of entries) {
    const path = join(directory, entry.name)
    if (rule.kept.has(path)) continue
    // Before its content is looked at: taking something out of it makes it look young.
    const stats = await lstat(path).catch(nullIfMissing)
    const isOld = stats !== null && stats.mtimeMs < rule.before
    if (entry.isDirectory()) {
      const inner = await sweep(path, rule)
      removed += inner.removed
      if (isOld && inner.isEmpty && (await removeEmpty(path))) left -= 1
    } else if (isOld) {
      await rm(path, { force: true })
      rule.onRemoved(path)
      removed += 1
      left -= 1
    }
  }
  return { removed, isEmpty: left === 0 }
}

/** False when something was put into it meanwhile. */
async function removeEmpty(path: string): Promise<boolean> {
  try {
    await rmdir(path)
    return true
  } catch (error) {
    if (errorCode(error) === "ENOTEMPTY" || isMissing(error)) return false
    throw error
  }
}

function nullIfMissing(error: unknown): null {
  if (isMissing(error)) return null
  throw error
}
