import { closeSync, openSync, statfsSync, writeSync } from "node:fs"
import { join } from "node:path"

/** Fills it with a file `filler`: every byte, so that not even a log line finds room. */
export function fillDisk(path: string): void {
  const file = openSync(join(path, "filler"), "w")
  for (let size = 1 << 20; size >= 1; size = Math.floor(size / 4)) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size))
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error
    }
  }
  closeSync(file)
  const { bavail } = statfsSync(path)
  if (bavail > 0) throw new Error(`${bavail} blocks are still free`)
}
