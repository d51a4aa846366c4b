import type { User } from "@grammyjs/types/manage.js"
import type { FakeBot } from "./bot.ts"
import { ChatState, privateChat, type TalkChat } from "./chats.ts"
import { Conversation } from "./conversation.ts"
import type { World } from "./world.ts"

export interface GroupSpec {
  readonly id?: number
  readonly title?: string
  readonly forum?: boolean
  /** Administrators hear everything that is said. */
  readonly botIsAdmin?: boolean
  /** No supergroup yet; see `Conversation.upgrades`. */
  readonly basic?: boolean
}

/** A person with Telegram on their phone. */
export class TelegramUser {
  readonly user: User
  readonly #world: World

  constructor(world: World, user: User) {
    this.#world = world
    this.user = user
  }

  get id(): number {
    return this.user.id
  }

  /** The private chat with a bot, as if Start had been pressed before. */
  chatWith(bot: FakeBot): Conversation {
    const known = bot.privateChats.get(this.user.id)
    const chat = known ?? new ChatState(privateChat(this.user), () => bot.takeMessageId())
    chat.bots.set(bot.id, "member")
    bot.privateChats.set(this.user.id, chat)
    return new Conversation({ world: this.#world, chat, user: this.user, bots: [bot] })
  }

  /** A new group with the bots in it; each hears that it was added. */
  group(bots: FakeBot | readonly FakeBot[], spec: GroupSpec = {}): Conversation {
    const members = [bots].flat()
    const number = this.#world.takeNumber()
    const title = spec.title ?? "Group"
    const id = spec.id ?? (spec.basic ? -5_000_000 - number : -1_001_000_000_000 - number)
    let lastMessageId = 0
    const kind: TalkChat = spec.basic
      ? { id, type: "group", title }
      : { id, type: "supergroup", title, ...(spec.forum ? { is_forum: true as const } : {}) }
    const chat = new ChatState(kind, () => ++lastMessageId)
    this.#world.groups.set(id, chat)
    for (const bot of members) {
      chat.bots.set(bot.id, spec.botIsAdmin ? "administrator" : "member")
      bot.updates.push({
        my_chat_member: {
          chat: chat.chat,
          from: this.user,
          date: this.#world.clock.unixTime(),
          old_chat_member: { status: "left", user: bot.user },
          new_chat_member: { status: "member", user: bot.user },
        },
      })
    }
    return new Conversation({ world: this.#world, chat, user: this.user, bots: members })
  }
}
