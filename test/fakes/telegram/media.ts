/** Files as messages carry them, whoever sent them. */
import { extname } from "node:path"
import type { Document, Message, PhotoSize, Voice } from "@grammyjs/types/message.js"
import type { FileStore, StoredFile } from "./files.ts"
import { type ImageSize, imageSize } from "./image-size.ts"

const mimeTypes: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".gif": "image/gif",
  ".html": "text/html",
  ".jpeg": "image/jpeg",
  ".jpg": "image/jpeg",
  ".json": "application/json",
  ".md": "text/markdown",
  ".mp4": "video/mp4",
  ".ogg": "audio/ogg",
  ".pdf": "application/pdf",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain",
  ".webp": "image/webp",
  ".zip": "application/zip",
}

/** The smallest PNG: a preview must not be mistaken for the picture. */
const previewPng = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64",
)
const previewSide = 90

export function mimeTypeOf(name: string): string {
  return mimeTypes[extname(name).toLowerCase()] ?? "application/octet-stream"
}

export function documentOf(file: StoredFile): Document {
  return { ...fileFields(file), file_name: file.name, mime_type: mimeTypeOf(file.name) }
}

export function voiceOf(file: StoredFile, duration: number): Voice {
  return { ...fileFields(file), duration, mime_type: "audio/ogg" }
}

/** A photo comes in several sizes, the largest last; undefined when the data is no picture. */
export function photoOf(files: FileStore, file: StoredFile): PhotoSize[] | undefined {
  const size = imageSize(file.data)
  if (!size) return undefined
  const preview = files.add({ bots: file.bots, folder: "thumbnails", name: "preview.png", data: previewPng })
  return [photoSize(preview, scaled(size, previewSide)), photoSize(file, size)]
}

/** The captions of a message, absent when empty. */
export function captionOf(caption: {
  text: string
  entities: NonNullable<Message["caption_entities"]>
}): Pick<Message, "caption" | "caption_entities"> {
  if (caption.text === "") return {}
  return caption.entities.length > 0
    ? { caption: caption.text, caption_entities: caption.entities }
    : { caption: caption.text }
}

function fileFields(file: StoredFile) {
  return { file_id: file.fileId, file_unique_id: file.uniqueId, file_size: file.data.length }
}

function photoSize(file: StoredFile, { width, height }: ImageSize): PhotoSize {
  return { ...fileFields(file), width, height }
}

function scaled({ width, height }: ImageSize, side: number): ImageSize {
  const factor = Math.min(1, side / Math.max(width, height, 1))
  return { width: Math.max(1, Math.round(width * factor)), height: Math.max(1, Math.round(height * factor)) }
}
