/** What the owner's messages carry, brought into the session's store. */
import { createHash } from "node:crypto"
import { join } from "node:path"
import type { Message } from "grammy/types"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { PromptFile } from "../../protocol/session.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { BotApi } from "../wire/api.ts"
import { CallError, describeFailure } from "../wire/call-error.ts"
import { FileTooLargeError, type SavedFile, saveFile } from "./download.ts"

export interface FetchPlace {
  readonly bot: number
  readonly session: Session
}

export interface Fetched {
  readonly files: readonly PromptFile[]
  /** For the owner. */
  readonly problems: readonly string[]
}

export interface FetchSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly apiOf: (bot: number) => BotApi | null
  readonly attachmentsOf: (session: Session) => string
  /** Largest file accepted, in bytes. */
  readonly limit: number
}

interface Carried {
  readonly fileId: string
  /** The same for the same file, whoever forwards it. */
  readonly uniqueId: string
  readonly name: string
}

/** Never throws for a file that cannot be had: the owner is told, and the rest goes on. */
export async function fetchFiles(
  messages: readonly Message[],
  place: FetchPlace,
  spec: FetchSpec & { signal: AbortSignal },
): Promise<Fetched> {
  const files: SavedFile[] = []
  const problems: string[] = []
  for (const message of messages) {
    const carried = carriedBy(message)
    if (!carried) continue
    try {
      files.push(await fetchOne(carried, message, { place, spec }))
    } catch (error) {
      problems.push(wordProblem(error, carried.name, spec.say))
    }
  }
  return {
    files: files.map(({ path, name, mediaType, size }) => ({ path, name, mediaType, size })),
    problems,
  }
}

async function fetchOne(
  carried: Carried,
  message: Message,
  { place, spec }: { place: FetchPlace; spec: FetchSpec & { signal: AbortSignal } },
): Promise<SavedFile> {
  const api = spec.apiOf(place.bot)
  if (!api) throw new Error(`no client for bot ${place.bot}`)
  const directory = join(spec.attachmentsOf(place.session), String(message.message_id))
  const saved = await saveFile(
    api,
    { fileId: carried.fileId, name: carried.name, directory, limit: spec.limit },
    spec.signal,
  )
  const { ledger, clock } = spec.kernel
  const id = createHash("sha256").update(
    `${place.session.id}:${message.chat.id}:${message.message_id}:${carried.uniqueId}`,
  )
  const attachment = { ...saved, id: id.digest("hex").slice(0, 32), session: place.session.id, turn: null }
  ledger.attachments.add({ ...attachment, direction: "in" }, clock.now())
  return saved
}

function wordProblem(error: unknown, name: string, say: TelegramSay): string {
  if (error instanceof FileTooLargeError) {
    return say("file.too_big", { name, limit: Math.floor(error.limit / 1024 ** 2) })
  }
  if (error instanceof CallError) return say("file.failed", { name, reason: describeFailure(error.failure) })
  throw error
}

/** The same for the same file; null for a message without one. */
export const uniqueFileOf = (message: Message): string | null => carriedBy(message)?.uniqueId ?? null

export const carriesFile = (message: Message): boolean => carriedBy(message) !== null

/** Photos come in several sizes, the largest last. */
function carriedBy(message: Message): Carried | null {
  const photo = message.photo?.at(-1)
  if (photo)
    return { fileId: photo.file_id, uniqueId: photo.file_unique_id, name: `photo-${message.message_id}.jpg` }
  const { animation, document, audio, video, live_photo: live } = message
  if (live)
    return {
      fileId: live.file_id,
      uniqueId: live.file_unique_id,
      name: `live-photo-${message.message_id}.mp4`,
    }
  const named = animation ?? document ?? audio ?? video
  if (named) {
    const name =
      named.file_name ??
      `${animation ? "animation" : audio ? "audio" : video ? "video" : "file"}-${message.message_id}`
    return { fileId: named.file_id, uniqueId: named.file_unique_id, name }
  }
  const { voice, video_note, sticker } = message
  if (voice)
    return { fileId: voice.file_id, uniqueId: voice.file_unique_id, name: `voice-${message.message_id}.ogg` }
  if (video_note) {
    return {
      fileId: video_note.file_id,
      uniqueId: video_note.file_unique_id,
      name: `video-${message.message_id}.mp4`,
    }
  }
  if (sticker) {
    const kind = sticker.is_animated ? "tgs" : sticker.is_video ? "webm" : "webp"
    const name = `sticker-${message.message_id}.${kind}`
    return { fileId: sticker.file_id, uniqueId: sticker.file_unique_id, name }
  }
  return null
}
