import type { Message, ReplyParameters } from "@grammyjs/types/message.js"
import { badRequest } from "../api-error.ts"
import { asReplied, type ChatState } from "../chats.ts"
import { checkedMarkup, type ReplyMarkup } from "../keyboards.ts"
import { findChat } from "./chat-access.ts"
import { type Call, refuseUnsupported } from "./method.ts"

/** What all methods that send a message have in common. */
export interface PostArgs {
  readonly chat_id: number | string
  readonly message_thread_id?: number
  readonly reply_parameters?: ReplyParameters
  readonly reply_markup?: ReplyMarkup
  readonly protect_content?: boolean
}

const unsupported = [
  "business_connection_id",
  "direct_messages_topic_id",
  "ephemeral_message_parameters",
  "suggested_post_parameters",
  "message_effect_id",
  "allow_paid_broadcast",
  "reply_to_message_id",
]

/** Puts a bot's message into the chat. The body is checked by the caller before. */
export function post<Body extends Partial<Message>>(call: Call, args: PostArgs, body: Body): Message & Body {
  refuseUnsupported(args, unsupported)
  const chat = findChat(call, args.chat_id)
  chat.requireThread(args.message_thread_id)
  const replied = findReplied(chat, args.reply_parameters)
  const threadId = args.message_thread_id ?? replied?.message_thread_id
  const place = { formatter: call.world.formatter, isPrivate: chat.chat.type === "private" }
  const markup = checkedMarkup(args.reply_markup, place)
  const now = call.world.clock.now()
  const message = {
    message_id: chat.takeMessageId(),
    from: call.bot.user,
    chat: chat.chat,
    date: call.world.clock.unixTime(),
    ...(threadId === undefined ? {} : { message_thread_id: threadId, is_topic_message: true }),
    ...(replied ? { reply_to_message: asReplied(replied) } : {}),
    ...quoteOf(args.reply_parameters, replied),
    ...(args.protect_content ? { has_protected_content: true as const } : {}),
    ...body,
    ...(markup ? { reply_markup: markup } : {}),
  }
  chat.add(message, now)
  // A message in a topic takes the place of the draft that announced it.
  chat.clearDrafts(threadId)
  return message
}

function findReplied(chat: ChatState, reply: ReplyParameters | undefined): Message | undefined {
  if (reply?.message_id === undefined) return undefined
  const replied = chat.messages.get(reply.message_id)
  if (replied) return replied
  if (reply.allow_sending_without_reply) return undefined
  throw badRequest("message to be replied not found")
}

function quoteOf(reply: ReplyParameters | undefined, replied: Message | undefined): Pick<Message, "quote"> {
  if (!reply?.quote || !replied) return {}
  const position = (replied.text ?? replied.caption ?? "").indexOf(reply.quote)
  if (position < 0) throw badRequest("QUOTE_TEXT_INVALID")
  return { quote: { text: reply.quote, position, is_manual: true } }
}
