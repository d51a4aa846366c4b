import type { Message } from "@grammyjs/types/message.js"
import { badRequest } from "../api-error.ts"
import { type FormattedText, type Markup, textLimit } from "../formatting.ts"
import { readRichMessage } from "../rich-message.ts"
import type { World } from "../world.ts"
import { findChat } from "./chat-access.ts"
import { type Method, method } from "./method.ts"
import { post } from "./posting.ts"

export const messageMethods: readonly Method[] = [
  method("sendMessage", (call, args) => {
    const markup = { text: args.text, parseMode: args.parse_mode, entities: args.entities }
    const { text, entities } = formatMessageText(call.world, markup)
    const preview = args.link_preview_options ? { link_preview_options: args.link_preview_options } : {}
    return post(call, args, { text, ...(entities.length > 0 ? { entities } : {}), ...preview })
  }),

  method("sendRichMessage", (call, args) =>
    post(call, args, { rich_message: readRichMessage(args.rich_message, "message") }),
  ),

  method("deleteMessage", (call, args) => {
    const chat = findChat(call, args.chat_id)
    const message = chat.messages.get(args.message_id)
    if (!message) throw badRequest("message to delete not found")
    if (!isDeletable(message, call.world.clock.unixTime()))
      throw badRequest("message can't be deleted for everyone")
    chat.remove(args.message_id, call.world.clock.now())
    return true
  }),

  method("deleteMessages", (call, args) => {
    if (args.message_ids.length > 100) throw badRequest("too many message identifiers specified")
    const chat = findChat(call, args.chat_id)
    for (const messageId of args.message_ids) chat.remove(messageId, call.world.clock.now())
    return true
  }),

  method("pinChatMessage", (call, args) => {
    const chat = findChat(call, args.chat_id)
    if (!chat.messages.has(args.message_id)) throw badRequest("message to pin not found")
    if (chat.chat.type !== "private" && chat.bots.get(call.bot.id) !== "administrator") {
      throw badRequest("not enough rights to manage pinned messages in the chat")
    }
    chat.pinned.add(args.message_id)
    chat.changed.emit()
    return true
  }),

  method("unpinChatMessage", (call, args) => {
    const chat = findChat(call, args.chat_id)
    const messageId = args.message_id ?? [...chat.pinned].at(-1)
    if (messageId === undefined || !chat.pinned.delete(messageId))
      throw badRequest("message to unpin not found")
    chat.changed.emit()
    return true
  }),

  method("sendChatAction", (call, args) => {
    const chat = findChat(call, args.chat_id)
    chat.requireThread(args.message_thread_id)
    chat.actions.push({ at: call.world.clock.now(), action: args.action })
    chat.changed.emit()
    return true
  }),

  method("setMessageReaction", (call, args) => {
    const chat = findChat(call, args.chat_id)
    if (!chat.messages.has(args.message_id)) throw badRequest("message to react not found")
    const reaction = args.reaction ?? []
    // Guessed wordings: bots have one reaction a message, and none that must be bought.
    if (reaction.length > 1) throw badRequest("REACTIONS_TOO_MANY")
    if (reaction.some((one) => one.type !== "emoji")) throw badRequest("REACTION_INVALID")
    chat.react(args.message_id, call.bot.id, reaction)
    return true
  }),
]

/** The text of a message that must not be empty. */
export function formatMessageText(world: World, markup: Markup): FormattedText {
  if (markup.text === "") throw badRequest("message text is empty")
  const formatted = world.formatter.format(markup, textLimit)
  if (formatted.text === "") throw badRequest("text must be non-empty")
  return formatted
}

const twoDaysSeconds = 48 * 60 * 60

/** A bot may delete what is younger than two days. */
function isDeletable(message: Message, now: number): boolean {
  return now - message.date < twoDaysSeconds
}
