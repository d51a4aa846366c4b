/** A place in Telegram as one string: the channel address `bot:chat[:thread]` and the lane `telegram:bot:chat`. */

/** The surface name of Telegram's channels. */
export const TELEGRAM = "telegram"

export interface Address {
  /** Telegram's user id of the bot. */
  readonly bot: number
  /** Positive for a private chat, where it is the user's id; negative for a group. */
  readonly chat: number
  /** Topic of a forum or of a private chat with topics. */
  readonly thread: number | null
}

export function formatAddress({ bot, chat, thread }: Address): string {
  return thread === null ? `${bot}:${chat}` : `${bot}:${chat}:${thread}`
}

/** Null when the text is no Telegram address. */
export function parseAddress(text: string): Address | null {
  const match = /^(\d{1,16}):(-?\d{1,16})(?::(\d{1,16}))?$/.exec(text)
  if (!match) return null
  return { bot: Number(match[1]), chat: Number(match[2]), thread: match[3] ? Number(match[3]) : null }
}

/** Everything that is sent to one chat is serial: topics share it, because Telegram's limits count chats. */
export function laneOf({ bot, chat }: Pick<Address, "bot" | "chat">): string {
  return `${TELEGRAM}:${bot}:${chat}`
}

/** What is read from one chat is prepared in turn, but its topics do not wait for each other. */
export function intakeLaneOf(address: Address): string {
  return address.thread === null ? laneOf(address) : `${laneOf(address)}:${address.thread}`
}

/** The lane of what is sent to the chat that an intake lane reads. */
export function laneOfIntake(lane: string): string {
  return /^telegram:\d+:-?\d+/.exec(lane)?.[0] ?? lane
}

/** Null when the lane is another surface's. */
export function parseLane(lane: string): Pick<Address, "bot" | "chat"> | null {
  const match = /^telegram:(\d{1,16}):(-?\d{1,16})$/.exec(lane)
  return match ? { bot: Number(match[1]), chat: Number(match[2]) } : null
}

/** Where updates go that nobody will handle. */
export function ignoredLane(bot: number): string {
  return `${TELEGRAM}:${bot}:ignored`
}

export const isPrivate = (chat: number): boolean => chat > 0
