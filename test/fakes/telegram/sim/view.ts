/** What the page shows: one snapshot of everything on the owner's screen. */
import type { BotCommand } from "@grammyjs/types/manage.js"
import type { Message, MessageEntity } from "@grammyjs/types/message.js"
import type { FakeBot } from "../bot.ts"
import type { Conversation } from "../conversation.ts"
import { wordsOf } from "../transcript.ts"

export interface ShownMessage {
  readonly id: number
  readonly topicId: number | null
  readonly isOwn: boolean
  readonly at: number
  readonly isEdited: boolean
  readonly service: string | null
  readonly text: string
  readonly entities: readonly MessageEntity[]
  readonly repliesTo: string | null
  readonly files: readonly {
    readonly id: string
    readonly name: string
    readonly bytes: number
    readonly isImage: boolean
  }[]
  readonly buttons: readonly (readonly object[])[]
  readonly reactions: readonly string[]
}

export interface View {
  readonly bot: string
  readonly isPolled: boolean
  readonly isTyping: boolean
  readonly commands: readonly BotCommand[]
  readonly topics: readonly { readonly id: number; readonly name: string }[]
  readonly messages: readonly ShownMessage[]
  readonly drafts: readonly {
    readonly id: number
    readonly topicId: number | null
    readonly text: string
    readonly entities: readonly MessageEntity[]
    readonly canStop: boolean
  }[]
  readonly refusals: readonly string[]
  readonly environment: readonly string[]
}

/** More would only slow the page down. */
const maxMessages = 300
const typingMs = 5000

export function viewOf(spec: { owner: Conversation; bot: FakeBot; environment: readonly string[] }): View {
  const { owner, bot, environment } = spec
  const now = owner.world.clock.now()
  const lastAction = owner.chat.actions.at(-1)
  const drafts = [...owner.chat.drafts.values()].filter((draft) => draft.expiresAt > now)
  const refused = [...owner.world.log.rejections(), ...owner.world.log.penaltyViolations()]
  return {
    bot: bot.me.username,
    isPolled: bot.updates.isPolled,
    isTyping: lastAction !== undefined && now - lastAction.at < typingMs,
    commands: commandsOf(bot, owner.user.id),
    topics: owner.topics().map(({ id, name }) => ({ id, name })),
    messages: owner
      .messages()
      .slice(-maxMessages)
      .map((message) => shown(message, owner)),
    drafts: drafts.map(({ draftId, threadId, text, entities, canStop }) => ({
      id: draftId,
      topicId: threadId ?? null,
      text,
      entities,
      canStop,
    })),
    refusals: refused.slice(-3).map((call) => `${call.method}: ${call.rejection?.description ?? ""}`),
    environment,
  }
}

/** The narrowest scope that the bot has set wins, as in Telegram's clients. */
function commandsOf(bot: FakeBot, ownerId: number): readonly BotCommand[] {
  const scopes = [`chat:${ownerId}/`, "all_private_chats/", "default/"]
  return scopes.map((scope) => bot.commands.get(scope)).find((commands) => commands !== undefined) ?? []
}

function shown(message: Message, owner: Conversation): ShownMessage {
  const replied = message.reply_to_message
  return {
    id: message.message_id,
    topicId: message.message_thread_id ?? null,
    isOwn: message.from?.id === owner.user.id,
    at: message.date * 1000,
    isEdited: message.edit_date !== undefined,
    service: serviceText(message),
    text: wordsOf(message),
    entities: message.entities ?? message.caption_entities ?? [],
    repliesTo: replied ? (replied.text ?? replied.caption ?? "a message").slice(0, 120) : null,
    files: filesOf(message),
    buttons: message.reply_markup?.inline_keyboard ?? [],
    reactions: [...(owner.chat.reactions.get(message.message_id)?.values() ?? [])]
      .flat()
      .flatMap((reaction) => (reaction.type === "emoji" ? [reaction.emoji] : [])),
  }
}

function serviceText(message: Message): string | null {
  if (message.forum_topic_created) return `Topic “${message.forum_topic_created.name}”`
  if (message.forum_topic_edited) return `Topic renamed to “${message.forum_topic_edited.name ?? "…"}”`
  return null
}

function filesOf(message: Message): ShownMessage["files"] {
  const { document, video, voice } = message
  const photo = message.photo?.at(-1)
  const file = document ?? video ?? voice
  const name = document?.file_name ?? video?.file_name ?? (voice ? "voice message" : "file")
  return [
    ...(photo ? [{ id: photo.file_id, name: "photo", bytes: photo.file_size ?? 0, isImage: true }] : []),
    ...(file ? [{ id: file.file_id, name, bytes: file.file_size ?? 0, isImage: false }] : []),
  ]
}
