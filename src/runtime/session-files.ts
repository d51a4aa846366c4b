/** Files of a session that are to leave its machine: judged and read there, and kept here as a copy that stays. */
import { createHash } from "node:crypto"
import { type FileHandle, mkdir, open, rename, rm } from "node:fs/promises"
import { basename, join } from "node:path"
import type { Session } from "../ledger/sessions.ts"
import { type HostResult, MAX_PIECE_BYTES } from "../protocol/host-link.ts"
import type { SessionId } from "../protocol/ids.ts"
import { OwnerError } from "./errors.ts"
import { failureOfLink } from "./host-link/failure.ts"
import { type HostLink, HostLinkError } from "./host-link/link.ts"

export interface WantedFile {
  readonly session: Session
  /** As the agent named it: absolute, on the session's machine. */
  readonly path: string
  /** Which file the owner said may go, as the host told it; null: nobody was asked. */
  readonly allowed: string | null
  /** The session's store of files; its copy goes below it. */
  readonly store: string
  /** The same for the same delivery: a repetition takes the place of what it was cut off from. */
  readonly key: string
  /** In bytes. */
  readonly limit: number
}

export type TakenFile =
  | Exclude<HostResult<"file.stat">, { kind: "opened" }>
  | { readonly kind: "too_large"; readonly size: number }
  | {
      readonly kind: "taken"
      /** Of the copy. */
      readonly path: string
      readonly name: string
      readonly size: number
      readonly sha256: string
    }

export class SessionFiles {
  readonly #linkOf: (session: SessionId) => Promise<HostLink>

  constructor(linkOf: (session: SessionId) => Promise<HostLink>) {
    this.#linkOf = linkOf
  }

  /** @throws OwnerError `host_unavailable` when its machine cannot be asked now. */
  async take(wanted: WantedFile, signal: AbortSignal): Promise<TakenFile> {
    try {
      return await take(await this.#linkOf(wanted.session.id), wanted, signal)
    } catch (error) {
      if (!(error instanceof HostLinkError)) throw error
      throw new OwnerError("host_unavailable", {}, { cause: error, failure: failureOfLink(error) })
    }
  }
}

async function take(link: HostLink, wanted: WantedFile, signal: AbortSignal): Promise<TakenFile> {
  const { path, allowed, store, session, limit } = wanted
  const place = { workspace: session.workspace, alsoBelow: store }
  const found = await link.command({ kind: "file.stat", path, allowed, ...place })
  if (found.kind !== "opened") return found
  if (found.size > limit) return { kind: "too_large", size: found.size }
  const directory = join(store, "sent", createHash("sha256").update(wanted.key).digest("hex").slice(0, 16))
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const name = basename(path)
  const copy = join(directory, name)
  const partial = `${copy}.part`
  try {
    await using file = await open(partial, "w", 0o600)
    const written = await copyAll({ link, handle: found.handle, file, limit, signal })
    if (written === null) return { kind: "too_large", size: limit + 1 }
    await rename(partial, copy)
    return { kind: "taken", path: copy, name, ...written }
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

interface Copying {
  readonly link: HostLink
  readonly handle: string
  readonly file: FileHandle
  readonly limit: number
  readonly signal: AbortSignal
}

/** Null when it has grown beyond the limit meanwhile. */
async function copyAll(copying: Copying): Promise<{ readonly size: number; readonly sha256: string } | null> {
  const { link, handle, file, limit, signal } = copying
  const digest = createHash("sha256")
  for (let size = 0; ; ) {
    signal.throwIfAborted()
    const { data } = await link.command({ kind: "file.read", handle, offset: size, length: MAX_PIECE_BYTES })
    const piece = Buffer.from(data, "base64")
    await file.writeFile(piece)
    digest.update(piece)
    size += piece.length
    if (size > limit) return null
    if (piece.length < MAX_PIECE_BYTES) return { size, sha256: digest.digest("hex") }
  }
}
