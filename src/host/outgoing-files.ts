/**
 * Files that may leave this machine. Each is judged and opened in one step, and what is read afterwards comes from what
 * was judged: a name that points elsewhere by then changes nothing.
 */
import { randomUUID } from "node:crypto"
import { constants } from "node:fs"
import { type FileHandle, open, realpath, stat } from "node:fs/promises"
import type { Clock } from "../core/clock.ts"
import { judgeOutgoingFile } from "../core/outgoing-file.ts"
import { errorCode } from "../platform/system-error.ts"
import type { HostCommand, HostResult } from "../protocol/host-link.ts"
import { CommandError } from "./command-error.ts"

type Stat = Extract<HostCommand, { kind: "file.stat" }>
type Read = Extract<HostCommand, { kind: "file.read" }>

interface Opened {
  readonly file: FileHandle
  closes: { cancel(): void }
}

/** A file that nobody reads on is closed after this, in ms. */
const IDLE_MS = 30_000
const MOST_OPEN = 16
/** What opening says of a file that cannot be had. */
const ABSENT: ReadonlySet<string> = new Set(["ENOENT", "ENOTDIR", "EACCES", "EPERM", "ELOOP", "ENXIO"])

export class OutgoingFiles {
  readonly #clock: Clock
  readonly #dataDir: string
  readonly #opened = new Map<string, Opened>()

  /** @param dataDir ours: what is in it is never sent. */
  constructor(clock: Clock, dataDir: string) {
    this.#clock = clock
    this.#dataDir = dataDir
  }

  async stat(asked: Stat): Promise<HostResult<"file.stat">> {
    const file = await openOrNull(asked.path)
    if (file === null) return { kind: "missing" }
    const judged = await judge(file, asked, this.#dataDir).catch(async (error: unknown) => {
      await file.close()
      throw error
    })
    if (judged.kind !== "allowed") {
      await file.close()
      return judged
    }
    if (this.#opened.size >= MOST_OPEN) await this.#close([...this.#opened.keys()][0] ?? "")
    const handle = randomUUID()
    this.#opened.set(handle, { file, closes: this.#closesLater(handle) })
    return { kind: "opened", handle, size: judged.size }
  }

  /** Fewer bytes than asked for at the end of the file; nothing after it. */
  async read({ handle, offset, length }: Read): Promise<HostResult<"file.read">> {
    const opened = this.#opened.get(handle)
    if (!opened) throw new CommandError("invalid", "that file is not open any more")
    opened.closes.cancel()
    const buffer = Buffer.allocUnsafe(length)
    const { bytesRead } = await opened.file.read(buffer, 0, length, offset)
    opened.closes = this.#closesLater(handle)
    if (bytesRead < length) await this.#close(handle)
    return { data: buffer.toString("base64", 0, bytesRead) }
  }

  #closesLater(handle: string): { cancel(): void } {
    return this.#clock.after(IDLE_MS, () => void this.#close(handle))
  }

  async #close(handle: string): Promise<void> {
    const opened = this.#opened.get(handle)
    this.#opened.delete(handle)
    opened?.closes.cancel()
    await opened?.file.close()
  }
}

/** Opening a pipe would wait for somebody to write into it. */
async function openOrNull(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (error) {
    if (ABSENT.has(errorCode(error))) return null
    throw error
  }
}

type Judged =
  | { readonly kind: "allowed"; readonly size: number }
  | Exclude<HostResult<"file.stat">, { kind: "opened" }>

/** By where the open file really is: the name is looked up again and must lead to the same file. */
async function judge(file: FileHandle, asked: Stat, dataDir: string): Promise<Judged> {
  const { path, workspace, alsoBelow, allowed } = asked
  const found = await file.stat({ bigint: true })
  if (!found.isFile()) return { kind: "no_file" }
  const realPath = await realOrNull(path)
  const named = realPath === null ? null : await stat(realPath, { bigint: true }).catch(() => null)
  if (realPath === null || named?.ino !== found.ino || named.dev !== found.dev) return { kind: "missing" }
  const real = async (root: string) => (await realOrNull(root)) ?? root
  const roots = {
    workspace: await real(workspace),
    attachments: await real(alsoBelow),
    dataDir: await real(dataDir),
  }
  const verdict = judgeOutgoingFile({ path, realPath, links: Number(found.nlink), ...roots })
  const size = Number(found.size)
  const identity = `${found.dev}:${found.ino}:${found.size}:${found.mtimeNs}`
  if (verdict.kind === "refused") return verdict
  if (allowed !== null) return allowed === identity ? { kind: "allowed", size } : { kind: "changed" }
  return verdict.kind === "allowed" ? { kind: "allowed", size } : { ...verdict, realPath, size, identity }
}

async function realOrNull(path: string): Promise<string | null> {
  try {
    return await realpath(path)
  } catch (error) {
    if (ABSENT.has(errorCode(error))) return null
    throw error
  }
}
