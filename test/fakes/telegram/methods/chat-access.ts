import type { Message } from "@grammyjs/types/message.js"
import { badRequest, forbidden, upgraded } from "../api-error.ts"
import type { ChatState } from "../chats.ts"
import type { Call } from "./method.ts"

/** The chat that a call names, or what Telegram says when the bot has none such. */
export function findChat(call: Call, chatId: number | string): ChatState {
  const id = Number(chatId)
  const chat = call.bot.privateChats.get(id) ?? call.world.groups.get(id)
  if (!chat) throw badRequest("chat not found")
  if (chat.upgradedTo !== null) throw upgraded(chat.upgradedTo)
  if (chat.isClosedToBot && id > 0) throw forbidden("bot was blocked by the user")
  if (!chat.bots.has(call.bot.id)) throw forbidden("bot is not a member of the supergroup chat")
  return chat
}

/** A message that the bot itself sent and may change. */
export function findOwnMessage(call: Call, chat: ChatState, messageId: number): Message {
  const message = chat.messages.get(messageId)
  if (!message) throw badRequest("message to edit not found")
  if (message.from?.id !== call.bot.id) throw badRequest("message can't be edited")
  return message
}
