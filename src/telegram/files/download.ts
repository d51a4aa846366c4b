/** Files that the owner sent: from Telegram to the machine's disk, bounded, resumable, under a safe name. */
import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { copyFile, mkdir, open, rename, rm, stat } from "node:fs/promises"
import { extname, join } from "node:path"
import { setTimeout as sleep } from "node:timers/promises"
import type { File } from "grammy/types"
import type { BotApi } from "../wire/api.ts"
import { CallError, classify } from "../wire/call-error.ts"
import { safeFileName } from "../wire/file-name.ts"
import { DOWNLOAD_LIMIT, LOCAL_LIMIT } from "../wire/limits.ts"
import { mediaTypeOf, SNIFFED_BYTES } from "./media-type.ts"

export interface WantedFile {
  readonly fileId: string
  /** As the sender calls it; made safe here. */
  readonly name: string
  /** Where to; created when missing. */
  readonly directory: string
  /** In bytes; Telegram's own limit holds besides. */
  readonly limit: number
}

export interface SavedFile {
  readonly path: string
  readonly name: string
  /** Told from the content. */
  readonly mediaType: string
  readonly size: number
  /** Hexadecimal. */
  readonly sha256: string
}

export class FileTooLargeError extends Error {
  override readonly name = "FileTooLargeError"
  readonly code = "file_too_large"
  /** Bytes. */
  readonly limit: number
  constructor(limit: number) {
    super(`the file is larger than ${limit} bytes`)
    this.limit = limit
  }
}

/** Tries in a row without a byte of progress. */
const TRIES = 4
const FIRST_PAUSE_MS = 200
/** Longer than this the owner decides rather than waits. */
const LONGEST_PENALTY_SECONDS = 20
/** A download that brings nothing for so long is begun again where it stopped. */
const SILENCE_MS = 30_000

/** The most that this server hands out, in bytes. */
function downloadLimit(api: BotApi): number {
  return api.isLocal ? LOCAL_LIMIT : DOWNLOAD_LIMIT
}

/**
 * Saves a file of a message (`getFile`, then its content). A part left by an earlier try is continued.
 * @throws FileTooLargeError
 * @throws CallError when Telegram refuses or stays out of reach; the part is kept for the next try.
 */
export async function saveFile(api: BotApi, wanted: WantedFile, signal: AbortSignal): Promise<SavedFile> {
  const limit = Math.min(wanted.limit, downloadLimit(api))
  const file = await insist(() => describe(api, wanted.fileId, { limit, signal }), signal)
  if (file.file_path === undefined) throw unavailable("the server names no path")
  await mkdir(wanted.directory, { recursive: true, mode: 0o700 })
  const part = join(wanted.directory, `.${safeFileName(file.file_unique_id)}.part`)
  const local = api.localPath(file.file_path)
  if (local === null) await download(api, { path: file.file_path, part, limit, size: file.file_size, signal })
  else await copyLocal(local, part, limit)
  return settle(part, wanted)
}

async function describe(
  api: BotApi,
  fileId: string,
  { limit, signal }: { limit: number; signal: AbortSignal },
): Promise<File> {
  try {
    const file = await api.call("getFile", { file_id: fileId }, { signal })
    if (file.file_size !== undefined && file.file_size > limit) throw new FileTooLargeError(limit)
    return file
  } catch (error) {
    const isTooBig =
      error instanceof CallError &&
      error.failure.kind === "rejected" &&
      /file is too big/i.test(error.failure.description)
    if (isTooBig) throw new FileTooLargeError(limit)
    throw error
  }
}

interface Download {
  readonly path: string
  readonly part: string
  readonly limit: number
  /** As Telegram announced it. */
  readonly size: number | undefined
  readonly signal: AbortSignal
}

/** Once more where it may help; without end while there is progress. */
async function insist<T>(
  attempt: () => Promise<T>,
  signal: AbortSignal,
  hasMoved: () => Promise<boolean> = async () => false,
): Promise<T> {
  for (let failures = 0; ; ) {
    try {
      return await attempt()
    } catch (error) {
      if (!(error instanceof CallError) || signal.aborted) throw error
      failures = (await hasMoved()) ? 1 : failures + 1
      const pause = pauseBefore(error, failures)
      if (pause === null || failures >= TRIES) throw error
      await sleep(pause, undefined, { signal })
    }
  }
}

/** In ms; null when another try cannot help, or not soon. */
function pauseBefore({ failure }: CallError, failures: number): number | null {
  if (failure.kind === "ambiguous" || failure.kind === "unreachable")
    return FIRST_PAUSE_MS * 2 ** (failures - 1)
  if (failure.kind !== "flood" || failure.retryAfterSeconds > LONGEST_PENALTY_SECONDS) return null
  return failure.retryAfterSeconds * 1_000
}

async function download(api: BotApi, wanted: Download): Promise<void> {
  let have = await sizeOf(wanted.part)
  // What an earlier try left of another version is of no use.
  if (wanted.size !== undefined && have > wanted.size) have = 0
  const hasMoved = async () => {
    const before = have
    have = await sizeOf(wanted.part)
    return have > before
  }
  await insist(() => downloadFrom(api, wanted, have), wanted.signal, hasMoved)
}

async function downloadFrom(api: BotApi, wanted: Download, have: number): Promise<void> {
  if (wanted.size !== undefined && have === wanted.size) return
  const silence = new AbortController()
  const signal = AbortSignal.any([wanted.signal, silence.signal])
  const timer = setTimeout(() => silence.abort(), SILENCE_MS)
  try {
    const { from, body } = await api.fetchFile(wanted.path, { from: have, signal })
    const target = await open(wanted.part, from === 0 ? "w" : "a", 0o600)
    try {
      let size = from
      for await (const chunk of bytesOf(body)) {
        timer.refresh()
        size += chunk.length
        if (size > wanted.limit) throw new FileTooLargeError(wanted.limit)
        await target.writeFile(chunk)
      }
      if (wanted.size !== undefined && size !== wanted.size) throw incomplete("half of it arrived")
    } finally {
      await target.close()
    }
  } catch (error) {
    if (error instanceof FileTooLargeError) await rm(wanted.part, { force: true })
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** What breaks while the body is read says nothing of ours; names it as the client's other errors. */
async function* bytesOf(body: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  try {
    yield* body
  } catch (error) {
    throw new CallError("getFile", classify(error), "")
  }
}

async function copyLocal(source: string, part: string, limit: number): Promise<void> {
  try {
    const { size } = await stat(source)
    if (size > limit) throw new FileTooLargeError(limit)
    await copyFile(source, part)
  } catch (error) {
    // Its message names the path, and the server puts the token into that.
    if (error instanceof FileTooLargeError) throw error
    throw new CallError("getFile", classify(error), "")
  }
}

async function settle(part: string, { name, directory }: WantedFile): Promise<SavedFile> {
  const { sha256, head, size } = await inspect(part)
  const target = await reserve(directory, safeFileName(name))
  await rename(part, join(directory, target))
  return { path: join(directory, target), name: target, mediaType: mediaTypeOf(head, target), size, sha256 }
}

async function inspect(path: string): Promise<{ sha256: string; head: Uint8Array; size: number }> {
  const hash = createHash("sha256")
  let head = Buffer.alloc(0)
  let size = 0
  for await (const chunk of createReadStream(path) as AsyncIterable<Buffer>) {
    hash.update(chunk)
    size += chunk.length
    if (head.length < SNIFFED_BYTES) head = Buffer.concat([head, chunk]).subarray(0, SNIFFED_BYTES)
  }
  return { sha256: hash.digest("hex"), head, size }
}

/** Two files of one name are two files. */
async function reserve(directory: string, name: string): Promise<string> {
  const extension = extname(name)
  const stem = name.slice(0, name.length - extension.length)
  for (let number = 1; ; number++) {
    const candidate = number === 1 ? name : `${stem}-${number}${extension}`
    try {
      const handle = await open(join(directory, candidate), "wx", 0o600)
      await handle.close()
      return candidate
    } catch (error) {
      if (!(error instanceof Error && "code" in error && error.code === "EEXIST")) throw error
    }
  }
}

async function sizeOf(path: string): Promise<number> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return 0
    throw error
  }
}

function unavailable(description: string): CallError {
  return new CallError("getFile", { kind: "rejected", description }, "")
}

function incomplete(detail: string): CallError {
  return new CallError("getFile", { kind: "ambiguous", detail }, "")
}
