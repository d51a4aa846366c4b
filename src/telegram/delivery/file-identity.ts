/** Which file was meant when it was decided to send it: between that and the sending an agent could put another there. */
import type { Stats } from "node:fs"

/** The file, whatever is in it. */
export function inodeOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}:`
}

/** The file as it is now: begins with its inode. */
export function identityOf(stats: Stats): string {
  return `${inodeOf(stats)}${stats.size}:${stats.mtimeMs}`
}
