import type { User } from "@grammyjs/types/manage.js"
import type { Message, ReactionType } from "@grammyjs/types/message.js"
import { type Attachment, contentOf } from "./attachments.ts"
import type { FakeBot } from "./bot.ts"
import { asReplied, ChatState, type Draft, type Sight, type Topic } from "./chats.ts"
import { isVisibleToBot } from "./group-privacy.ts"
import { splitPaste } from "./paste.ts"
import { waitUntil } from "./signal.ts"
import { findButton, Tap } from "./tap.ts"
import { transcript, wordsOf } from "./transcript.ts"
import type { World } from "./world.ts"

export type Matcher = string | RegExp | ((message: Message) => boolean)
export type MessageExtra = Partial<Message>

export interface SeeOptions {
  readonly timeoutMs?: number
  /** Only what came up after this message (or this version of it) did. */
  readonly after?: Message
  /** Only what is on the screen now, not what was edited or deleted since. */
  readonly current?: boolean
}

const defaultTimeoutMs = 15_000

/** One user's view of one chat, or of one topic in it: what they do there, and what they see. */
export class Conversation {
  readonly world: World
  readonly chat: ChatState
  readonly user: User
  readonly bots: readonly FakeBot[]
  readonly threadId: number | undefined

  constructor(spec: {
    world: World
    chat: ChatState
    user: User
    bots: readonly FakeBot[]
    threadId?: number
  }) {
    this.world = spec.world
    this.chat = spec.chat
    this.user = spec.user
    this.bots = spec.bots
    this.threadId = spec.threadId
  }

  /** Sends a text; beyond 4096 characters it becomes several messages, as in Telegram's clients. Returns the first. */
  async says(text: string, extra: MessageExtra = {}): Promise<Message> {
    const threadId = this.#targetThread()
    const sent = splitPaste(text).map((part) => {
      const entities = this.world.formatter.detect(part)
      return this.#send({ text: part, ...(entities.length > 0 ? { entities } : {}), ...extra }, threadId)
    })
    const [first] = sent
    if (!first) throw new Error("Telegram's clients do not send an empty message")
    return first
  }

  /** Answers a message of the chat. */
  async replies(to: Message, text: string, extra: MessageExtra = {}): Promise<Message> {
    const replied = this.chat.messages.get(to.message_id) ?? to
    return this.says(text, { reply_to_message: asReplied(replied), ...extra })
  }

  /** Sends a picture the way a phone does: compressed, in several sizes. */
  async sendsPhoto(data: Buffer, extra: { caption?: string; mediaGroup?: string } = {}): Promise<Message> {
    const { mediaGroup, ...caption } = extra
    return this.#attach({ kind: "photo", data, ...caption }, { group: mediaGroup })
  }

  async sendsDocument(
    name: string,
    data: Buffer,
    extra: { caption?: string; mediaGroup?: string } = {},
  ): Promise<Message> {
    const { mediaGroup, ...caption } = extra
    return this.#attach({ kind: "document", name, data, ...caption }, { group: mediaGroup })
  }

  async sendsVoice(data: Buffer, extra: { caption?: string; seconds?: number } = {}): Promise<Message> {
    return this.#attach({ kind: "voice", data, ...extra })
  }

  /** Sends an album: one message for each item, tied by `media_group_id`. */
  async sendsAlbum(items: readonly Attachment[]): Promise<Message[]> {
    const group = `album-${this.world.takeNumber()}`
    const threadId = this.#targetThread()
    return items.map((item) => this.#attach(item, { group, threadId }))
  }

  /** The bytes of the file in a message, as the owner would save them. */
  downloads(message: Message): Buffer {
    const fileId = (message.document ?? message.video ?? message.voice ?? message.photo?.at(-1))?.file_id
    if (fileId === undefined) throw new Error(`Message ${message.message_id} has no file`)
    return this.world.files.download(fileId).data
  }

  /** Changes the text of an own message. */
  async edits(message: Message, text: string): Promise<Message> {
    const current = this.chat.messages.get(message.message_id)
    if (!current) throw new Error(`Message ${message.message_id} is not in the chat`)
    const changed = current.caption === undefined && current.text !== undefined ? { text } : { caption: text }
    const edited = { ...current, ...changed, edit_date: this.world.clock.unixTime() }
    this.chat.replace(edited, this.world.clock.now())
    this.#deliver(edited, (bot, update) => bot.updates.push({ edited_message: update }))
    return edited
  }

  /** Deletes a message for everyone. Telegram tells bots nothing about it. */
  async deletes(message: Message): Promise<void> {
    this.chat.remove(message.message_id, this.world.clock.now())
  }

  /** Taps a button that is on the message now, by its label or its callback data. */
  async taps(message: Message, labelOrData: string): Promise<Tap> {
    const current = this.chat.messages.get(message.message_id)
    if (!current) throw new Error(`Message ${message.message_id} is no longer there to be tapped`)
    return this.tapsForged(current, findButton(current, labelOrData))
  }

  /** A tap with any data, as a modified client or a stale screen can send it. */
  async tapsForged(message: Message, data: string): Promise<Tap> {
    const bot = this.bots.find((one) => one.id === message.from?.id) ?? this.bots[0]
    if (!bot) throw new Error("Nobody to tap at")
    const tap = new Tap({
      id: String(7_000_000_000 + this.world.takeNumber()),
      tappedAt: this.world.clock.now(),
    })
    bot.taps.set(tap.id, tap)
    const chatInstance = String(this.chat.chat.id * 7919)
    tap.updateId = bot.updates.push({
      callback_query: { id: tap.id, from: this.user, message, chat_instance: chatInstance, data },
    })
    return tap
  }

  /** Presses Stop on the draft that is on the screen. The update that the bot gets names no user. */
  async stopsDraft(): Promise<Draft> {
    const draft = this.#visibleDrafts().findLast((one) => one.canStop)
    const [bot] = this.bots
    const { chat } = this.chat
    if (!draft || !bot || chat.type !== "private")
      throw new Error(`No draft with a Stop button.\n${this.transcript()}`)
    if (!draft.keepOnStop) this.chat.clearDrafts(draft.threadId, draft.draftId)
    const thread = draft.threadId === undefined ? {} : { message_thread_id: draft.threadId }
    bot.updates.push({ stopped_message_generation: { chat, ...thread, draft_id: draft.draftId } })
    return draft
  }

  /** Opens a topic; without a name the client makes one up. Returns the conversation in it. */
  async createsTopic(name?: string): Promise<Conversation> {
    return this.inTopic(this.#openTopic(name))
  }

  /** Deletes a topic with all that is in it. Bots get no update. */
  async deletesTopic(threadId: number): Promise<void> {
    if (!this.chat.removeTopic(threadId, this.world.clock.now()))
      throw new Error(`There is no topic ${threadId}`)
  }

  /** Blocks the bot of this private chat: it is told, and can send nothing any more. */
  async blocksBot(): Promise<void> {
    this.#setBlocked(true)
  }

  async unblocksBot(): Promise<void> {
    this.#setBlocked(false)
  }

  /** Makes a supergroup of this group, under another number; bots hear of it unless `silently`. Returns the new chat. */
  async upgrades({ silently = false } = {}): Promise<Conversation> {
    const { chat: old } = this.chat
    if (old.type !== "group") throw new Error("Only a group becomes a supergroup")
    const id = -1_001_000_000_000 - this.world.takeNumber()
    let lastMessageId = 0
    const chat = new ChatState({ id, type: "supergroup", title: old.title }, () => ++lastMessageId)
    for (const [bot, membership] of this.chat.bots) chat.bots.set(bot, membership)
    this.world.groups.set(id, chat)
    const there = new Conversation({ ...this.#parts(), chat })
    if (!silently) {
      this.#send({ migrate_to_chat_id: id }, undefined)
      there.#send({ migrate_from_chat_id: old.id }, undefined)
    }
    this.chat.upgradedTo = id
    return there
  }

  topics(): Topic[] {
    return [...this.chat.topics.values()]
  }

  inTopic(threadId: number): Conversation {
    return new Conversation({ ...this.#parts(), threadId })
  }

  /** The same chat through another user's eyes. */
  as(user: User): Conversation {
    const thread = this.threadId === undefined ? {} : { threadId: this.threadId }
    return new Conversation({ ...this.#parts(), ...thread, user })
  }

  /** Messages on the screen, oldest first. */
  messages(): Message[] {
    return this.chat.list(this.threadId)
  }

  /** The draft that the bot is showing now. */
  draft(): Draft | undefined {
    return this.#visibleDrafts().at(-1)
  }

  transcript(): string {
    return transcript(this.chat, this.threadId)
  }

  /** The first message of a bot, sent or edited, past or future, that fits. Fails with a transcript. */
  sees(matcher: Matcher, options: SeeOptions = {}): Promise<Message> {
    return this.until(
      () => this.#seen(matcher, options),
      `a message like ${describeMatcher(matcher)}`,
      options,
    )
  }

  /** The first draft frame that fits, past or future. */
  seesDraft(
    matcher: string | RegExp | ((draft: Draft) => boolean),
    options: SeeOptions = {},
  ): Promise<Draft> {
    const fits = (draft: Draft) =>
      typeof matcher === "function" ? matcher(draft) : matches(draft.text, matcher)
    const probe = () =>
      this.#sightsAfter(options.after)
        .flatMap((sight) =>
          sight.kind === "draft" && sight.draft.threadId === this.threadId ? [sight.draft] : [],
        )
        .find(fits)
    return this.until(probe, `a draft like ${describeMatcher(matcher)}`, options)
  }

  /** Waits until a bot's reaction is on the message. */
  async seesReaction(messageId: number, emoji: string, options: { timeoutMs?: number } = {}): Promise<void> {
    const probe = () => (this.#botReactions(messageId).some((one) => isEmoji(one, emoji)) ? true : undefined)
    await this.until(probe, `the reaction ${emoji} on #${messageId}`, options)
  }

  /** Waits until a message is no longer on the screen. */
  async seesGone(message: Message, options: { timeoutMs?: number } = {}): Promise<void> {
    const probe = () => (this.chat.messages.has(message.message_id) ? undefined : true)
    await this.until(probe, `#${message.message_id} to disappear`, options)
  }

  /** Waits for anything about this chat. */
  until<T>(probe: () => T | undefined, wanted: string, { timeoutMs = defaultTimeoutMs } = {}): Promise<T> {
    return waitUntil({
      signal: this.chat.changed,
      probe,
      timeoutMs,
      describe: () =>
        `Waited ${timeoutMs} ms for ${wanted}. On the screen so far:\n${this.transcript()}\nLast calls:\n${this.world.log.tail(15)}`,
    })
  }

  /** Sends a message with any content, dated and marked as Telegram would. */
  async sends(content: MessageExtra): Promise<Message> {
    return this.#send(content, this.#targetThread())
  }

  #parts(): { world: World; chat: ChatState; user: User; bots: readonly FakeBot[] } {
    return { world: this.world, chat: this.chat, user: this.user, bots: this.bots }
  }

  #attach(
    attachment: Attachment,
    place: { group?: string | undefined; threadId?: number | undefined } = {},
  ): Message {
    const content = contentOf(this.world, this.bots, attachment)
    const group = place.group === undefined ? {} : { media_group_id: place.group }
    return this.#send({ ...content, ...group }, place.threadId ?? this.#targetThread())
  }

  #targetThread(): number | undefined {
    return this.threadId ?? this.#openTopicIfThreaded()
  }

  #send(content: MessageExtra, threadId: number | undefined): Message {
    const message: Message = {
      message_id: this.chat.takeMessageId(),
      from: this.user,
      chat: this.chat.chat,
      date: this.world.clock.unixTime(),
      ...(threadId === undefined ? {} : { message_thread_id: threadId, is_topic_message: true }),
      ...content,
    }
    this.chat.add(message, this.world.clock.now())
    this.#deliver(message, (bot, update) => bot.updates.push({ message: update }))
    return message
  }

  #deliver<M extends Message>(
    message: M,
    push: (bot: FakeBot, update: M & { chat: ChatState["chat"]; from: User }) => void,
  ): void {
    const from = message.from ?? this.user
    if (this.chat.isClosedToBot) return
    for (const bot of this.bots) {
      if (isVisibleToBot(message, this.chat, bot)) push(bot, { ...message, chat: this.chat.chat, from })
    }
  }

  /** With topics on, what the owner writes outside any topic opens a new one. */
  #openTopicIfThreaded(): number | undefined {
    const [bot] = this.bots
    if (this.chat.chat.type !== "private" || !bot?.me.has_topics_enabled) return undefined
    return bot.me.allows_users_to_create_topics ? this.#openTopic(undefined) : undefined
  }

  #openTopic(name: string | undefined): number {
    const [bot] = this.bots
    const isAllowed =
      this.chat.chat.type === "private" ? bot?.me.allows_users_to_create_topics : this.chat.chat.is_forum
    if (!isAllowed) throw new Error("The user cannot open topics in this chat")
    const isNameImplicit = name === undefined
    const topic = { name: name ?? "New Chat", icon_color: 0x6f_b9_f0 as const }
    const implicit = isNameImplicit ? { is_name_implicit: true as const } : {}
    const id = this.chat.takeMessageId()
    this.chat.setTopic({
      id,
      name: topic.name,
      iconColor: topic.icon_color,
      iconCustomEmojiId: undefined,
      isNameImplicit,
      isClosed: false,
    })
    this.#send({ message_id: id, forum_topic_created: { ...topic, ...implicit } }, id)
    return id
  }

  #setBlocked(isBlocked: boolean): void {
    this.chat.isClosedToBot = isBlocked
    for (const bot of this.bots) {
      const member = { status: "member" as const, user: bot.user }
      const blocked = { status: "kicked" as const, user: bot.user, until_date: 0 }
      bot.updates.push({
        my_chat_member: {
          chat: this.chat.chat,
          from: this.user,
          date: this.world.clock.unixTime(),
          old_chat_member: isBlocked ? member : blocked,
          new_chat_member: isBlocked ? blocked : member,
        },
      })
    }
  }

  #visibleDrafts(): Draft[] {
    return this.chat.visibleDrafts(this.threadId, this.world.clock.now())
  }

  #seen(matcher: Matcher, options: SeeOptions): Message | undefined {
    const fits = (message: Message) =>
      typeof matcher === "function" ? matcher(message) : matches(wordsOf(message), matcher)
    for (const sight of this.#sightsAfter(options.after)) {
      if (sight.kind !== "message" && sight.kind !== "edit") continue
      const { message } = sight
      if (
        !message.from?.is_bot ||
        (this.threadId !== undefined && message.message_thread_id !== this.threadId)
      )
        continue
      if (options.current && this.chat.messages.get(message.message_id) !== message) continue
      if (fits(message)) return message
    }
    return undefined
  }

  #sightsAfter(message: Message | undefined): readonly Sight[] {
    if (!message) return this.chat.sights
    const isVersion = (sight: Sight) => "message" in sight && sight.message === message
    const isMessage = (sight: Sight) => "message" in sight && sight.message.message_id === message.message_id
    const exact = this.chat.sights.findLastIndex(isVersion)
    return this.chat.sights.slice((exact < 0 ? this.chat.sights.findLastIndex(isMessage) : exact) + 1)
  }

  #botReactions(messageId: number): ReactionType[] {
    const byUser = this.chat.reactions.get(messageId)
    return this.bots.flatMap((bot) => [...(byUser?.get(bot.id) ?? [])])
  }
}

function matches(text: string, matcher: string | RegExp): boolean {
  return typeof matcher === "string" ? text.includes(matcher) : matcher.test(text)
}

function describeMatcher(matcher: unknown): string {
  return typeof matcher === "string" ? JSON.stringify(matcher) : String(matcher)
}

function isEmoji(reaction: ReactionType, emoji: string): boolean {
  return reaction.type === "emoji" && reaction.emoji === emoji
}
