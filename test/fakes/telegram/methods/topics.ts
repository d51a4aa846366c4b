import type { Sticker } from "@grammyjs/types/message.js"
import { badRequest } from "../api-error.ts"
import type { ChatState, Topic } from "../chats.ts"
import { findChat } from "./chat-access.ts"
import { type Call, type Method, method } from "./method.ts"
import { post } from "./posting.ts"

const defaultIconColor = 0x6f_b9_f0

export const topicMethods: readonly Method[] = [
  method("getForumTopicIconStickers", () => iconStickers()),

  method("createForumTopic", (call, args) => {
    const chat = findForum(call, args.chat_id, "create a topic")
    checkName(args.name, 1)
    checkIcon(args.icon_custom_emoji_id)
    const topic: Topic = {
      id: chat.takeMessageId(),
      name: args.name,
      iconColor: args.icon_color ?? defaultIconColor,
      iconCustomEmojiId: args.icon_custom_emoji_id || undefined,
      isNameImplicit: false,
      isClosed: false,
    }
    chat.setTopic(topic)
    const looks = { name: topic.name, icon_color: topic.iconColor, ...iconOf(topic) }
    post(
      call,
      { chat_id: args.chat_id, message_thread_id: topic.id },
      { message_id: topic.id, forum_topic_created: looks },
    )
    return { message_thread_id: topic.id, ...looks }
  }),

  method("editForumTopic", (call, args) => {
    const chat = findForum(call, args.chat_id, "edit the topic")
    const topic = findTopic(chat, args.message_thread_id)
    if (args.name !== undefined) checkName(args.name, 0)
    checkIcon(args.icon_custom_emoji_id)
    const name = args.name || topic.name
    const iconCustomEmojiId =
      args.icon_custom_emoji_id === undefined
        ? topic.iconCustomEmojiId
        : args.icon_custom_emoji_id || undefined
    if (name === topic.name && iconCustomEmojiId === topic.iconCustomEmojiId)
      throw badRequest("TOPIC_NOT_MODIFIED")
    chat.setTopic({ ...topic, name, iconCustomEmojiId, isNameImplicit: false })
    const place = { chat_id: args.chat_id, message_thread_id: topic.id }
    post(call, place, {
      forum_topic_edited: { ...(name === topic.name ? {} : { name }), ...iconOf({ iconCustomEmojiId }) },
    })
    return true
  }),

  method("deleteForumTopic", (call, args) => {
    const chat = findForum(call, args.chat_id, "delete the topic")
    findTopic(chat, args.message_thread_id)
    chat.removeTopic(args.message_thread_id, call.world.clock.now())
    return true
  }),

  method("closeForumTopic", (call, args) => setClosed(call, args, true)),
  method("reopenForumTopic", (call, args) => setClosed(call, args, false)),

  method("unpinAllForumTopicMessages", (call, args) => {
    const chat = findForum(call, args.chat_id, "manage pinned messages in the chat")
    findTopic(chat, args.message_thread_id)
    for (const message of chat.list(args.message_thread_id)) chat.pinned.delete(message.message_id)
    return true
  }),
]

/** A chat with topics in which the bot may manage them. */
function findForum(call: Call, chatId: number | string, action: string): ChatState {
  const chat = findChat(call, chatId)
  const isForum = chat.chat.type === "private" ? call.bot.me.has_topics_enabled : chat.chat.is_forum
  if (!isForum) throw badRequest("the chat is not a forum")
  if (chat.chat.type !== "private" && chat.bots.get(call.bot.id) !== "administrator") {
    throw badRequest(`not enough rights to ${action}`)
  }
  return chat
}

function findTopic(chat: ChatState, topicId: number): Topic {
  const topic = chat.topics.get(topicId)
  if (!topic) throw badRequest("TOPIC_ID_INVALID")
  return topic
}

function setClosed(
  call: Call,
  args: { chat_id: number | string; message_thread_id: number },
  isClosed: boolean,
): true {
  const chat = findForum(call, args.chat_id, isClosed ? "close the topic" : "reopen the topic")
  // Guessed wording; that private chats cannot close topics is documented.
  if (chat.chat.type === "private") throw badRequest("the chat is not a supergroup")
  const topic = findTopic(chat, args.message_thread_id)
  if (topic.isClosed === isClosed) throw badRequest("TOPIC_NOT_MODIFIED")
  chat.setTopic({ ...topic, isClosed })
  return true
}

/** Guessed wording. */
function checkName(name: string, min: number): void {
  const length = [...name].length
  if (length < min || length > 128 || (min > 0 && name.trim() === "")) throw badRequest("TOPIC_TITLE_INVALID")
}

function checkIcon(id: string | undefined): void {
  if (id && !icons.some(([emojiId]) => emojiId === id)) throw badRequest("DOCUMENT_INVALID")
}

function iconOf({ iconCustomEmojiId }: Pick<Topic, "iconCustomEmojiId">): { icon_custom_emoji_id?: string } {
  return iconCustomEmojiId === undefined ? {} : { icon_custom_emoji_id: iconCustomEmojiId }
}

/** Ids are shaped like Telegram's; a bot has to take them from getForumTopicIconStickers. */
const icons: readonly (readonly [id: string, emoji: string])[] = [
  ["5434144690511290129", "📰"],
  ["5312536423851630001", "💡"],
  ["5312016608254762256", "⚡️"],
  ["5377544228505134960", "🎙"],
  ["5370870893004203704", "🗣"],
  ["5420216386448270341", "🆒"],
  ["5379748062124056162", "❗️"],
  ["5373251851074415873", "📝"],
  ["5433614043006903194", "📆"],
  ["5357315181649076022", "📁"],
  ["5309965701241379366", "🔎"],
  ["5237699328843200968", "✅"],
  ["5309832892262654231", "🤖"],
  ["5350554349074391003", "💻"],
  ["5377316857231450742", "❓"],
]

function iconStickers(): Sticker[] {
  return icons.map(([id, emoji]) => ({
    file_id: `icon-${id}`,
    file_unique_id: `icon-${id}`,
    type: "custom_emoji",
    width: 100,
    height: 100,
    is_animated: true,
    is_video: false,
    emoji,
    custom_emoji_id: id,
    set_name: "Topics",
  }))
}
