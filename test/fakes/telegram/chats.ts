import type { Chat, User } from "@grammyjs/types/manage.js"
import type { Message, MessageEntity, ReactionType } from "@grammyjs/types/message.js"
import { badRequest } from "./api-error.ts"
import { Signal } from "./signal.ts"

export type TalkChat = Exclude<Chat, Chat.ChannelChat>

export interface Topic {
  readonly id: number
  readonly name: string
  readonly iconColor: number
  readonly iconCustomEmojiId: string | undefined
  /** The owner opened it without giving it a name. */
  readonly isNameImplicit: boolean
  readonly isClosed: boolean
}

export interface Draft {
  readonly draftId: number
  readonly threadId: number | undefined
  readonly text: string
  readonly entities: readonly MessageEntity[]
  readonly canStop: boolean
  readonly keepOnStop: boolean
  readonly shownAt: number
  readonly expiresAt: number
}

/** One frame of a draft or one version of a message, in the order in which the owner saw them. */
export type Sight =
  | { readonly kind: "message"; readonly at: number; readonly message: Message }
  | { readonly kind: "edit"; readonly at: number; readonly message: Message }
  | { readonly kind: "draft"; readonly at: number; readonly draft: Draft }
  | { readonly kind: "deleted"; readonly at: number; readonly messageId: number }

/** The state of one chat as Telegram's servers hold it. */
export class ChatState {
  readonly messages = new Map<number, Message>()
  readonly topics = new Map<number, Topic>()
  readonly drafts = new Map<string, Draft>()
  readonly pinned = new Set<number>()
  /** By message, then by who reacted. */
  readonly reactions = new Map<number, Map<number, readonly ReactionType[]>>()
  readonly sights: Sight[] = []
  readonly actions: { readonly at: number; readonly action: string }[] = []
  readonly changed = new Signal()
  /** Bots that are members (groups), or the one bot (private chat). */
  readonly bots = new Map<number, "member" | "administrator">()
  chat: TalkChat
  /** The user blocked the bot, or the bot was removed. */
  isClosedToBot = false
  /** The supergroup that this group has become. */
  upgradedTo: number | null = null
  readonly #nextMessageId: () => number

  constructor(chat: TalkChat, nextMessageId: () => number) {
    this.chat = chat
    this.#nextMessageId = nextMessageId
  }

  takeMessageId(): number {
    return this.#nextMessageId()
  }

  /** Messages in the order in which they were sent, those of one topic only when asked. */
  list(threadId?: number): Message[] {
    const all = [...this.messages.values()].toSorted((a, b) => a.message_id - b.message_id)
    return threadId === undefined ? all : all.filter((message) => message.message_thread_id === threadId)
  }

  add(message: Message, at: number): void {
    this.messages.set(message.message_id, message)
    this.sights.push({ kind: "message", at, message })
    this.changed.emit()
  }

  replace(message: Message, at: number): void {
    this.messages.set(message.message_id, message)
    this.sights.push({ kind: "edit", at, message })
    this.changed.emit()
  }

  remove(messageId: number, at: number): boolean {
    if (!this.messages.delete(messageId)) return false
    this.reactions.delete(messageId)
    this.pinned.delete(messageId)
    this.sights.push({ kind: "deleted", at, messageId })
    this.changed.emit()
    return true
  }

  react(messageId: number, userId: number, reaction: readonly ReactionType[]): void {
    const byUser = this.reactions.get(messageId) ?? new Map<number, readonly ReactionType[]>()
    byUser.set(userId, reaction)
    this.reactions.set(messageId, byUser)
    this.changed.emit()
  }

  showDraft(draft: Draft): void {
    this.drafts.set(`${draft.threadId ?? 0}:${draft.draftId}`, draft)
    this.sights.push({ kind: "draft", at: draft.shownAt, draft })
    this.changed.emit()
  }

  /** Drafts on the screen at this moment, oldest first. */
  visibleDrafts(threadId: number | undefined, now: number): Draft[] {
    return [...this.drafts.values()].filter((draft) => draft.threadId === threadId && draft.expiresAt > now)
  }

  clearDrafts(threadId: number | undefined, draftId?: number): void {
    for (const [key, draft] of this.drafts) {
      if (draft.threadId !== threadId || (draftId !== undefined && draft.draftId !== draftId)) continue
      this.drafts.delete(key)
    }
    this.changed.emit()
  }

  setTopic(topic: Topic): void {
    this.topics.set(topic.id, topic)
    this.changed.emit()
  }

  removeTopic(topicId: number, at: number): boolean {
    if (!this.topics.delete(topicId)) return false
    for (const message of this.list(topicId)) this.remove(message.message_id, at)
    this.clearDrafts(topicId)
    return true
  }

  /** Telegram's answer to a thread that does not exist (any more) or is closed. */
  requireThread(threadId: number | undefined): void {
    if (threadId === undefined) return
    const topic = this.topics.get(threadId)
    if (!topic) throw badRequest("message thread not found")
    if (topic.isClosed) throw badRequest("TOPIC_CLOSED")
  }
}

/** A message as it stands inside the one that answers it: without what it answered itself. */
export function asReplied(message: Message): NonNullable<Message["reply_to_message"]> {
  const { reply_to_message: _nested, ...rest } = message
  return rest as NonNullable<Message["reply_to_message"]>
}

export function privateChat(user: User): Chat.PrivateChat {
  const { id, first_name, last_name, username } = user
  return {
    id,
    type: "private",
    first_name,
    ...(last_name === undefined ? {} : { last_name }),
    ...(username === undefined ? {} : { username }),
  }
}
