/** Files that an answer names: what may go is sent, the rest waits for the owner's tap or is said to be missing. */
import { lstatSync, realpathSync } from "node:fs"
import { basename, extname } from "node:path"
import { judgeOutgoingFile } from "../../core/outgoing-file.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { TurnId } from "../../protocol/ids.ts"
import { identityOf, inodeOf } from "../delivery/file-identity.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { DISMISS } from "../delivery/tapped.ts"
import { type Address, formatAddress } from "../places/address.ts"
import { code, concat } from "../rendering/rich.ts"
import { shortPath } from "../words/workspace-path.ts"
import { fileOffer } from "./file-offer.ts"

export interface FilesOut {
  readonly say: TelegramSay
  readonly out: Outgoing
  /** The store of what the owner sent in this session. */
  readonly attachments: string
  readonly dataDir: string
}

export interface NamedFile {
  readonly path: string
  readonly session: Session
  readonly turn: TurnId
  readonly to: Address
}

/** Telegram's own limit for what a bot sends, in MB. */
const LARGEST_MB = 50
const PHOTOS = new Set([".png", ".jpg", ".jpeg", ".webp"])

/** Only inside a transaction. */
export function sendNamedFile(file: NamedFile, { say, out, attachments, dataDir }: FilesOut): void {
  const { path, session, turn, to } = file
  const key = `file:${turn}:${formatAddress(to)}:${path}`
  const about = { key, priority: "final", session: session.id, turn } as const
  const found = findFile(path)
  const shown = shortPath(path, session.workspace)
  if (found === null) return out.text(to, say("file.missing", { path: shown }), about)
  const verdict = judgeOutgoingFile({
    ...{ path, realPath: found.realPath, links: found.links },
    workspace: realDirectory(session.workspace),
    attachments: realDirectory(attachments),
    dataDir: realDirectory(dataDir),
  })
  switch (verdict.kind) {
    case "allowed":
      return sendFile(file, { say, out, found, key })
    case "refused":
      return out.text(to, say("file.refused", { path: shown }), about)
    case "needs_tap": {
      const why = say(`file.${verdict.reason}`)
      const send = out.button(to, say("button.send_file"), fileOffer(session.id, path, found.identity))
      const leave = out.button(to, say("button.leave"), DISMISS, "danger")
      const really = found.realPath === path ? "" : concat("\n→ ", code(found.realPath))
      const size = ` · ${sizeText(found.size)}`
      const text = concat(say("file.ask", { session: session.id, why }), "\n", code(shown), really, size)
      return out.text(to, text, { ...about, buttons: [[send, leave]] })
    }
  }
}

/** Without asking: the file may go, or the owner said so. */
export function sendFile(
  { path, session, turn, to }: Omit<NamedFile, "turn"> & { turn: TurnId | null },
  { say, out, found, key }: { say: TelegramSay; out: Outgoing; found: FoundFile; key: string | null },
): void {
  const { realPath, size: bytes, inode } = found
  const megabytes = bytes / 1024 ** 2
  const name = basename(path)
  const about = { key, priority: "final", session: session.id, turn } as const
  if (megabytes > LARGEST_MB) {
    const size = Math.ceil(megabytes)
    const shown = shortPath(path, session.workspace)
    return out.text(to, say("file.too_big_out", { name, size, limit: LARGEST_MB, path: shown }), about)
  }
  const as = PHOTOS.has(extname(name).toLowerCase()) && megabytes < 10 ? "photo" : "document"
  out.owe(to, { kind: "file", to, path: realPath, identity: inode, size: bytes, name, as }, about)
}

export interface FoundFile {
  /** After all symbolic links. */
  readonly realPath: string
  readonly size: number
  readonly links: number
  /** Which file it is, whatever is in it. */
  readonly inode: string
  /** Which file it is, as it is now. */
  readonly identity: string
}

/** Null where there is none. */
export function findFile(path: string): FoundFile | null {
  try {
    const realPath = realpathSync(path)
    const found = lstatSync(realPath)
    const { size, nlink: links } = found
    return {
      realPath,
      size,
      links: found.isFile() ? links : 1,
      inode: inodeOf(found),
      identity: identityOf(found),
    }
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return null
    throw error
  }
}

function realDirectory(path: string): string {
  return findFile(path)?.realPath ?? path
}

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`
}
