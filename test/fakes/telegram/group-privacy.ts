import type { Message } from "@grammyjs/types/message.js"
import type { FakeBot } from "./bot.ts"
import type { ChatState } from "./chats.ts"

/** In groups a bot in privacy mode hears only commands, mentions, replies to itself and service messages. */
export function isVisibleToBot(message: Message, chat: ChatState, bot: FakeBot): boolean {
  if (chat.chat.type === "private") return true
  const membership = chat.bots.get(bot.id)
  if (!membership) return false
  // Bots do not hear other bots.
  if (message.from?.is_bot) return false
  const text = message.text ?? message.caption
  const command = /^\/\w+(?:@(\w+))?/.exec(text ?? "")
  if (command?.[1]) return command[1].toLowerCase() === bot.me.username.toLowerCase()
  if (membership === "administrator" || bot.me.can_read_all_group_messages) return true
  if (command) return true
  const isService =
    text === undefined && !message.photo && !message.document && !message.video && !message.voice
  if (isService || message.reply_to_message?.from?.id === bot.id) return true
  return (text ?? "").toLowerCase().includes(`@${bot.me.username.toLowerCase()}`)
}
