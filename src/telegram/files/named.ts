/** Files that an answer names: what may go is sent, the rest waits for the owner's tap or is said to be missing. */
import { realpathSync, statSync } from "node:fs"
import { basename, extname } from "node:path"
import { judgeOutgoingFile } from "../../core/outgoing-file.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { TurnId } from "../../protocol/ids.ts"
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
export function sendNamedFile(file: NamedFile, { say, out, attachments }: FilesOut): void {
  const { path, session, turn, to } = file
  const key = `file:${turn}:${formatAddress(to)}:${path}`
  const about = { key, priority: "final", session: session.id, turn } as const
  const realPath = resolveFile(path)
  if (realPath === null) {
    const shown = shortPath(path, session.workspace)
    return out.text(to, say("file.missing", { path: shown }), about)
  }
  const workspace = resolveFile(session.workspace) ?? session.workspace
  const verdict = judgeOutgoingFile({
    path,
    realPath,
    workspace,
    attachments: resolveFile(attachments) ?? attachments,
  })
  if (verdict.kind === "allowed") return sendFile(file, { say, out, realPath, key })
  const why = verdict.reason === "outside_workspace" ? say("file.outside") : say("file.credential")
  const send = out.button(to, say("button.send_file"), fileOffer(session.id, path))
  const leave = out.button(to, say("button.leave"), DISMISS, "danger")
  const shown = shortPath(path, session.workspace)
  out.text(to, concat(say("file.ask", { session: session.id, why }), "\n", code(shown)), {
    ...about,
    buttons: [[send, leave]],
  })
}

/** Without asking: the file may go, or the owner said so. */
export function sendFile(
  { path, session, turn, to }: Omit<NamedFile, "turn"> & { turn: TurnId | null },
  { say, out, realPath, key }: { say: TelegramSay; out: Outgoing; realPath: string; key: string | null },
): void {
  const { size: bytes } = statSync(realPath)
  const megabytes = bytes / 1024 ** 2
  const name = basename(path)
  const about = { key, priority: "final", session: session.id, turn } as const
  if (megabytes > LARGEST_MB) {
    const size = Math.ceil(megabytes)
    const shown = shortPath(path, session.workspace)
    return out.text(to, say("file.too_big_out", { name, size, limit: LARGEST_MB, path: shown }), about)
  }
  const as = PHOTOS.has(extname(name).toLowerCase()) && megabytes < 10 ? "photo" : "document"
  out.owe(to, { kind: "file", to, path: realPath, size: bytes, name, as }, about)
}

export function resolveFile(path: string): string | null {
  try {
    return realpathSync(path)
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EACCES", "ELOOP"].includes((error as NodeJS.ErrnoException).code ?? ""))
      return null
    throw error
  }
}
