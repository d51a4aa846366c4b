import { isDeepStrictEqual } from "node:util"
import type { Message } from "@grammyjs/types/message.js"
import { badRequest } from "../api-error.ts"
import { captionLimit } from "../formatting.ts"
import { checkedMarkup, type ReplyMarkup } from "../keyboards.ts"
import { readRichMessage } from "../rich-message.ts"
import { findChat, findOwnMessage } from "./chat-access.ts"
import { formatMessageText } from "./messages.ts"
import { type Call, type Method, method, refuseUnsupported } from "./method.ts"

interface EditArgs {
  readonly chat_id?: number | string
  readonly message_id?: number
  readonly reply_markup?: ReplyMarkup
}

export const editMethods: readonly Method[] = [
  method("editMessageText", (call, args) => {
    if ((args.text === undefined) === (args.rich_message === undefined)) {
      throw badRequest("emulator: exactly one of text and rich_message is needed")
    }
    if (args.rich_message) {
      const rich_message = readRichMessage(args.rich_message, "message")
      return edit(call, args, ({ text: _text, entities: _entities, ...rest }) => ({ ...rest, rich_message }))
    }
    const markup = { text: args.text ?? "", parseMode: args.parse_mode, entities: args.entities }
    const { text, entities } = formatMessageText(call.world, markup)
    const preview = args.link_preview_options ? { link_preview_options: args.link_preview_options } : {}
    return edit(call, args, (message) => {
      if (message.text === undefined && !message.rich_message) {
        throw badRequest("there is no text in the message to edit")
      }
      const { entities: _entities, rich_message: _rich, ...rest } = message
      return { ...rest, text, ...(entities.length > 0 ? { entities } : {}), ...preview }
    })
  }),

  method("editMessageCaption", (call, args) => {
    const markup = { text: args.caption ?? "", parseMode: args.parse_mode, entities: args.caption_entities }
    const { text, entities } = call.world.formatter.format(markup, captionLimit)
    return edit(call, args, (message) => {
      if (!isCaptionable(message)) throw badRequest("there is no caption in the message to edit")
      const { caption: _caption, caption_entities: _entities, ...rest } = message
      const described =
        entities.length > 0 ? { caption: text, caption_entities: entities } : { caption: text }
      return text === "" ? rest : { ...rest, ...described }
    })
  }),

  method("editMessageReplyMarkup", (call, args) => edit(call, args, (message) => message)),
]

/** Replaces the message by what `change` makes of it; an edit without a keyboard takes the old one away. */
function edit<M extends Message>(
  call: Call,
  args: EditArgs,
  change: (message: Message) => M,
): M & { edit_date: number } {
  refuseUnsupported(args, ["inline_message_id", "business_connection_id"])
  if (args.chat_id === undefined || args.message_id === undefined)
    throw badRequest("message identifier is not specified")
  const chat = findChat(call, args.chat_id)
  const message = findOwnMessage(call, chat, args.message_id)
  const place = { formatter: call.world.formatter, isPrivate: chat.chat.type === "private" }
  const markup = checkedMarkup(args.reply_markup, place)
  const changed = change(message)
  const edited = { ...changed, edit_date: call.world.clock.unixTime() }
  if (markup) edited.reply_markup = markup
  else delete edited.reply_markup
  if (isDeepStrictEqual(comparable(message), comparable(edited))) {
    throw badRequest(
      "message is not modified: specified new message content and reply markup are exactly the same as a current content and reply markup of the message",
    )
  }
  chat.replace(edited, call.world.clock.now())
  return edited
}

function comparable(message: Message): unknown {
  const { text, entities, rich_message, caption, caption_entities, reply_markup } = message
  return [text, entities ?? [], rich_message, caption, caption_entities ?? [], reply_markup ?? null]
}

function isCaptionable(message: Message): boolean {
  return [message.document, message.photo, message.video, message.audio, message.voice].some(
    (media) => media !== undefined,
  )
}
