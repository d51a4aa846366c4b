import { ApiError, badRequest } from "../api-error.ts"
import type { FileFolder, StoredFile } from "../files.ts"
import { imageSize } from "../image-size.ts"
import type { Call } from "./method.ts"

const maxUploadBytes = 50 * 1024 * 1024
const maxPhotoBytes = 10 * 1024 * 1024

/** The file that an argument means: an upload (`attach://part`), or the id of a file that this bot already knows. */
export function takeFile(call: Call, input: string, folder: FileFolder): StoredFile {
  if (input.startsWith("attach://")) return takeUpload(call, input.slice("attach://".length), folder)
  // Telegram would fetch the address; this server reaches nothing, as a server that cannot be reached.
  if (/^https?:/.test(input)) throw badRequest("failed to get HTTP URL content")
  const known = call.world.files.find(call.bot.id, input)
  if (!known) throw badRequest("wrong file identifier/HTTP URL specified")
  return known
}

/** Telegram turns away what is no picture, is too large or has absurd proportions. */
export function checkPhoto(file: StoredFile): void {
  const bytes = file.data.length
  if (bytes > maxPhotoBytes) {
    throw badRequest(
      `file of size ${bytes} bytes is too big for a photo; the maximum size is ${maxPhotoBytes} bytes`,
    )
  }
  const size = imageSize(file.data)
  if (!size) throw badRequest("IMAGE_PROCESS_FAILED")
  const { width, height } = size
  const ratio = Math.max(width, height) / Math.max(1, Math.min(width, height))
  if (width + height > 10_000 || ratio > 20) throw badRequest("PHOTO_INVALID_DIMENSIONS")
}

function takeUpload(call: Call, part: string, folder: FileFolder): StoredFile {
  const upload = call.uploads.get(part)
  // Guessed wording.
  if (!upload) throw badRequest(`emulator: the request has no part named "${part}"`)
  if (upload.data.length === 0) throw badRequest("file must be non-empty")
  if (upload.data.length > maxUploadBytes) {
    throw new ApiError({ code: 413, reason: "too_large", description: "Request Entity Too Large" })
  }
  return call.world.files.add({ bots: [call.bot.id], folder, name: upload.fileName, data: upload.data })
}
