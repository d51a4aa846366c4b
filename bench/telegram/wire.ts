/** What the measuring process and the Telegram process say to each other. */

export type TelegramCommand =
  /** The owner says a text to each of these bots, in one breath. */
  | { readonly kind: "say"; readonly to: readonly { readonly bot: number; readonly text: string }[] }
  /** Telegram becomes unreachable; all state stays. */
  | { readonly kind: "go_down" }
  | { readonly kind: "come_back" }
  | { readonly kind: "faults" }

export interface TelegramRequest {
  readonly id: number
  readonly command: TelegramCommand
}

/** A call of a bot, told when it has been read and before it is answered. */
export interface BotCall {
  readonly kind: "call"
  /** Index of the bot. */
  readonly bot: number
  readonly method: string
  readonly text: string
  /** Monotonic milliseconds. */
  readonly at: number
}

export interface TelegramReady {
  readonly kind: "ready"
  readonly apiRoot: string
  readonly tokens: readonly string[]
}

export interface TelegramReply {
  readonly kind: "reply"
  readonly id: number
  /** Monotonic milliseconds: when the updates were in the queues, or the server was reachable again. */
  readonly at: number
  /** Descriptions of what Telegram refused so far; how many of them were 429. */
  readonly faults: readonly string[]
  readonly floods: number
}

export type TelegramSays = TelegramReady | BotCall | TelegramReply
