/** Files that an answer names: what may go is sent, the rest waits for the owner's tap or is said to be missing. */
import { extname } from "node:path"
import { shortText } from "../../core/short-text.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { SessionId, TurnId } from "../../protocol/ids.ts"
import { OwnerError } from "../../runtime/errors.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { TakenFile } from "../../runtime/session-files.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { NamedFilePayload, Payload } from "../delivery/payload.ts"
import { DISMISS } from "../delivery/tapped.ts"
import type { Unpack } from "../delivery/unpacking.ts"
import { type Address, formatAddress } from "../places/address.ts"
import { code, concat, type RichPart } from "../rendering/rich.ts"
import { shortPath } from "../words/workspace-path.ts"
import { fileOffer } from "./file-offer.ts"

export interface NamedFile {
  readonly path: string
  readonly session: SessionId
  readonly turn: TurnId | null
  readonly to: Address
  /** Which file the owner said may go; null: nobody was asked. */
  readonly allowed: string | null
}

/** Telegram's own limit for what a bot sends, in MB. */
const LARGEST_MB = 50
const LARGEST_PHOTO_BYTES = 10 * 1024 ** 2
/** Of a path, in characters: so that one message is enough. */
const LONGEST_SHOWN = 1_000
const PHOTOS = new Set([".png", ".jpg", ".jpeg", ".webp"])

/** Only inside a transaction. */
export function sendNamedFile({ path, session, turn, to, allowed }: NamedFile, out: Outgoing): void {
  const key = allowed !== null ? null : `file:${turn}:${formatAddress(to)}:${path}`
  const payload = { kind: "named_file", to, session, path, allowed } as const
  out.owe(to, payload, { key, priority: "final", session, turn })
}

export interface UnpackSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  /** A button of a chat, as `Outgoing` makes it. */
  readonly button: Outgoing["button"]
  /** The session's store of files. */
  readonly storeOf: (session: Session) => string
}

/** Fetches what a row names, or says why it does not come. */
export function unpackNamedFiles({ kernel, say, button, storeOf }: UnpackSpec): Unpack {
  return async (named, row, signal) => {
    const session = kernel.sessions.must(named.session)
    const { path, allowed } = named
    const limit = LARGEST_MB * 1024 ** 2
    const wanted = { session, path, allowed, store: storeOf(session), key: `outbox:${row.id}`, limit }
    try {
      const taken = await kernel.files.take(wanted, signal)
      return () => {
        if (taken.kind === "taken") remember(taken, { kernel, named, id: `outbox:${row.id}`, turn: row.turn })
        return contentOf(taken, { named, session, say, button })
      }
    } catch (error) {
      if (error instanceof OwnerError) return null
      throw error
    }
  }
}

type Taken = Extract<TakenFile, { kind: "taken" }>

function remember(
  { path, name, size, sha256 }: Taken,
  { kernel, named, id, turn }: { kernel: Kernel; named: NamedFilePayload; id: string; turn: TurnId | null },
): void {
  const { ledger, clock } = kernel
  const about = { id, session: named.session, turn, direction: "out", mediaType: "" } as const
  ledger.attachments.add({ ...about, name, size, sha256, path }, clock.now())
}

interface Told extends Pick<UnpackSpec, "say" | "button"> {
  readonly named: NamedFilePayload
  readonly session: Session
}

function contentOf(taken: TakenFile, { named, session, say, button }: Told): Payload {
  const { to, path } = named
  const shown = shortText(shortPath(path, session.workspace), LONGEST_SHOWN)
  const text = (content: RichPart): Payload => ({ kind: "text", to, rich: concat(content) })
  switch (taken.kind) {
    case "missing":
    case "no_file":
      return text(say("file.missing", { path: shown }))
    case "too_large": {
      const name = path.slice(path.lastIndexOf("/") + 1)
      const size = Math.ceil(taken.size / 1024 ** 2)
      return text(say("file.too_big_out", { name, size, limit: LARGEST_MB, path: shown }))
    }
    case "refused":
      return text(say("file.refused", { path: shown }))
    case "changed":
      return text(say("file.changed"))
    case "needs_tap": {
      const { reason, realPath, size, identity } = taken
      const send = button(to, say("button.send_file"), fileOffer(session.id, path, identity))
      const leave = button(to, say("button.leave"), DISMISS, "danger")
      const really = realPath === path ? "" : concat("\n→ ", code(shortText(realPath, LONGEST_SHOWN)))
      const ask = say("file.ask", { session: session.id, why: say(`file.${reason}`) })
      const rich = concat(ask, "\n", code(shown), really, ` · ${sizeText(size)}`)
      return { kind: "text", to, rich, buttons: [[send, leave]] }
    }
    case "taken": {
      const isPhoto = PHOTOS.has(extname(taken.name).toLowerCase()) && taken.size < LARGEST_PHOTO_BYTES
      const { name, size } = taken
      return { kind: "file", to, path: taken.path, size, name, as: isPhoto ? "photo" : "document" }
    }
  }
}

function sizeText(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`
  return bytes < 1024 ** 2 ? `${Math.ceil(bytes / 1024)} KB` : `${(bytes / 1024 ** 2).toFixed(1)} MB`
}
