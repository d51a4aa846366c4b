import type { BotCommand, User, UserFromGetMe } from "@grammyjs/types/manage.js"
import type { MenuButton } from "@grammyjs/types/settings.js"
import type { ChatState } from "./chats.ts"
import type { FloodMeter } from "./limits.ts"
import type { Signal } from "./signal.ts"
import type { UpdateQueue } from "./update-queue.ts"

export interface CallbackAnswer {
  readonly at: number
  readonly text: string | undefined
  readonly showAlert: boolean
  readonly url: string | undefined
}

/** A tap that waits for answerCallbackQuery. */
export interface PendingTap {
  readonly id: string
  readonly tappedAt: number
  readonly answers: CallbackAnswer[]
  readonly answered: Signal
}

export interface BotProfile {
  readonly name?: string
  readonly description?: string
  readonly shortDescription?: string
}

/** One bot as Telegram knows it. */
export class FakeBot {
  readonly token: string
  readonly me: UserFromGetMe
  readonly updates: UpdateQueue
  readonly meter: FloodMeter
  /** By user id. */
  readonly privateChats = new Map<number, ChatState>()
  readonly taps = new Map<string, PendingTap>()
  /** By scope and language. */
  readonly commands = new Map<string, readonly BotCommand[]>()
  readonly menuButtons = new Map<number | "default", MenuButton>()
  readonly profile = new Map<string, BotProfile>()
  isRevoked = false
  /** Message ids of all private chats of a bot come from one sequence. */
  #nextMessageId = 1

  constructor(spec: { token: string; me: UserFromGetMe; updates: UpdateQueue; meter: FloodMeter }) {
    this.token = spec.token
    this.me = spec.me
    this.updates = spec.updates
    this.meter = spec.meter
  }

  get id(): number {
    return this.me.id
  }

  /** How the bot appears as the sender of a message. */
  get user(): User {
    const { id, is_bot, first_name, username } = this.me
    return { id, is_bot, first_name, username }
  }

  takeMessageId(): number {
    return this.#nextMessageId++
  }

  /** The token stops working, as after /revoke in BotFather. */
  revoke(): void {
    this.isRevoked = true
  }
}
