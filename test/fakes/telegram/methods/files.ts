import type { Message, MessageEntity, ParseMode } from "@grammyjs/types/message.js"
import { badRequest } from "../api-error.ts"
import { captionLimit } from "../formatting.ts"
import { captionOf, documentOf, mimeTypeOf, photoOf, voiceOf } from "../media.ts"
import type { ArgsOf } from "../schema.ts"
import { type Call, type Method, method, refuseUnsupported, unimplemented } from "./method.ts"
import { post } from "./posting.ts"
import { checkPhoto, takeFile } from "./uploads.ts"

const downloadLimitBytes = 20 * 1024 * 1024

interface Captioned {
  readonly caption?: string
  readonly parse_mode?: ParseMode
  readonly caption_entities?: readonly MessageEntity[]
}

type GroupItem = ArgsOf<"sendMediaGroup">["media"][number]
type GroupMessage = Message.DocumentMessage | Message.PhotoMessage | Message.VideoMessage

export const fileMethods: readonly Method[] = [
  method("sendDocument", (call, args) => {
    refuseUnsupported(args, ["thumbnail"])
    const caption = captionFor(call, args)
    return post(call, args, { document: documentOf(takeFile(call, args.document, "documents")), ...caption })
  }),

  method("sendPhoto", (call, args) => {
    const caption = captionFor(call, args)
    return post(call, args, { photo: takePhoto(call, args.photo), ...caption, ...spoiler(args.has_spoiler) })
  }),

  method("sendVideo", (call, args) => {
    refuseUnsupported(args, ["thumbnail", "cover"])
    const caption = captionFor(call, args)
    return post(call, args, {
      video: takeVideo(call, args.video, args),
      ...caption,
      ...spoiler(args.has_spoiler),
    })
  }),

  method("sendVoice", (call, args) => {
    const caption = captionFor(call, args)
    return post(call, args, {
      voice: voiceOf(takeFile(call, args.voice, "voice"), args.duration ?? 0),
      ...caption,
    })
  }),

  method("sendMediaGroup", (call, args) => {
    if (args.media.length < 2 || args.media.length > 10)
      throw badRequest("wrong number of items in the media group")
    const groupId = `1${String(call.world.takeNumber()).padStart(16, "0")}`
    // Everything is checked before the first message appears: an album is sent whole or not at all.
    const bodies = args.media.map((item) => ({ media_group_id: groupId, ...groupBody(call, item) }))
    return bodies.map((body): GroupMessage => post(call, args, body))
  }),

  method("getFile", (call, args) => {
    const file = call.world.files.find(call.bot.id, args.file_id)
    if (!file) throw badRequest("wrong file_id or the file is temporarily unavailable")
    if (file.data.length > downloadLimitBytes) throw badRequest("file is too big")
    const { fileId, uniqueId, path, data } = file
    return { file_id: fileId, file_unique_id: uniqueId, file_size: data.length, file_path: path }
  }),
]

function captionFor(call: Call, args: Captioned): Pick<Message, "caption" | "caption_entities"> {
  const markup = { text: args.caption ?? "", parseMode: args.parse_mode, entities: args.caption_entities }
  return captionOf(call.world.formatter.format(markup, captionLimit))
}

function takePhoto(call: Call, input: string): Message.PhotoMessage["photo"] {
  const file = takeFile(call, input, "photos")
  checkPhoto(file)
  const photo = photoOf(call.world.files, file)
  if (!photo) throw badRequest("IMAGE_PROCESS_FAILED")
  return photo
}

function takeVideo(
  call: Call,
  input: string,
  size: { width?: number; height?: number; duration?: number },
): Message.VideoMessage["video"] {
  const file = takeFile(call, input, "videos")
  const { width = 1280, height = 720, duration = 0 } = size
  return { ...documentOf(file), mime_type: mimeTypeOf(file.name), width, height, duration }
}

function groupBody(call: Call, item: GroupItem) {
  const caption = captionFor(call, item)
  switch (item.type) {
    case "document":
      refuseUnsupported(item, ["thumbnail"])
      return { document: documentOf(takeFile(call, item.media, "documents")), ...caption }
    case "photo":
      return { photo: takePhoto(call, item.media), ...caption, ...spoiler(item.has_spoiler) }
    case "video":
      refuseUnsupported(item, ["thumbnail", "cover"])
      return { video: takeVideo(call, item.media, item), ...caption, ...spoiler(item.has_spoiler) }
    case "audio":
    case "live_photo":
      throw unimplemented(`an album with ${item.type}`)
  }
}

function spoiler(isHidden: boolean | undefined): Pick<Message, "has_media_spoiler"> {
  return isHidden ? { has_media_spoiler: true } : {}
}
