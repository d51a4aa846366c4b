/** What a user attaches in Telegram's clients, as the message that comes of it. */
import type { Message } from "@grammyjs/types/message.js"
import type { FakeBot } from "./bot.ts"
import { captionOf, documentOf, photoOf, voiceOf } from "./media.ts"
import type { World } from "./world.ts"

export type Attachment =
  | { readonly kind: "photo"; readonly data: Buffer; readonly caption?: string }
  | { readonly kind: "document"; readonly name: string; readonly data: Buffer; readonly caption?: string }
  | { readonly kind: "voice"; readonly data: Buffer; readonly seconds?: number; readonly caption?: string }

/** Stores the file for the bots of the chat and returns the content of the message. */
export function contentOf(world: World, bots: readonly FakeBot[], attachment: Attachment): Partial<Message> {
  const text = attachment.caption ?? ""
  const caption = captionOf({ text, entities: world.formatter.detect(text) })
  const receivers = bots.map((bot) => bot.id)
  const { data } = attachment
  switch (attachment.kind) {
    case "photo": {
      const file = world.files.add({ bots: receivers, folder: "photos", name: "photo.jpg", data })
      const photo = photoOf(world.files, file)
      if (!photo)
        throw new Error("A photo must be a PNG, JPEG, GIF or WebP; send anything else as a document")
      return { photo, ...caption }
    }
    case "document": {
      const file = world.files.add({ bots: receivers, folder: "documents", name: attachment.name, data })
      return { document: documentOf(file), ...caption }
    }
    case "voice": {
      const file = world.files.add({ bots: receivers, folder: "voice", name: "voice.ogg", data })
      return { voice: voiceOf(file, attachment.seconds ?? 1), ...caption }
    }
  }
}
