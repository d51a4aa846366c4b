import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs"
import path from "node:path"

/**
 * Replaces a file's content in one step, readable by its owner alone (0600); its directory is made (0700) if missing.
 * A crash leaves the old content or the new one, never a part.
 */
export function writePrivateFile(file: string, text: string): void {
  const directory = path.dirname(file)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const unfinished = path.join(directory, `.${path.basename(file)}.${process.pid}.part`)
  // Left by a process of the same number that was killed in the middle.
  rmSync(unfinished, { force: true })
  try {
    const handle = openSync(unfinished, "wx", 0o600)
    try {
      writeSync(handle, text)
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
    renameSync(unfinished, file)
  } catch (error) {
    rmSync(unfinished, { force: true })
    throw error
  }
}
