/** Where the local sockets are: in the data directory, unless that is too deep for a socket's address. */
import { createHash } from "node:crypto"
import { existsSync, lstatSync, mkdirSync, realpathSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join, resolve } from "node:path"

/** `sun_path` holds 108 bytes on Linux and 104 on macOS, with the final zero. */
const MAX_SOCKET_PATH_BYTES = 100

/**
 * The same answer in every process of one user, whatever its environment: `TMPDIR` differs between a service and a
 * shell, so it is not asked where there is a `/tmp`.
 */
export function socketPath(dataDir: string, name: string): string {
  // It may be a link to a bigger disk.
  const directory = existsSync(dataDir) ? realpathSync(dataDir) : resolve(dataDir)
  const inside = join(directory, `${name}.sock`)
  if (Buffer.byteLength(inside) <= MAX_SOCKET_PATH_BYTES) return inside
  const hash = createHash("sha256").update(directory).digest("hex").slice(0, 24)
  return join(existsSync("/tmp") ? "/tmp" : tmpdir(), `remoteagent-${hash}`, `${name}.sock`)
}

/**
 * Creates the socket's directory for its owner alone.
 * @throws when somebody else made it first: whatever listens there is not ours.
 */
export function prepareSocketDirectory(path: string): void {
  const directory = dirname(path)
  mkdirSync(directory, { recursive: true, mode: 0o700 })
  const found = lstatSync(directory)
  if (!found.isDirectory() || found.uid !== process.getuid?.() || (found.mode & 0o022) !== 0) {
    throw new Error(`${directory} must be a directory that only its owner can write to`)
  }
}
