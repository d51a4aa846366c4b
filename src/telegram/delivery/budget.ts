/** One bot's rate meters: its own and one for each chat. What they allow is decided in `core/meter.ts`. */
import {
  type Decision,
  decideAll,
  initialMeter,
  type Meter,
  type PastCall,
  type Priority,
  penalise,
  resumedMeter,
  spend,
} from "../../core/meter.ts"
import { isPrivate } from "../places/address.ts"

/** By the monotonic clock. */
type Instant = number

/**
 * `message`: counts against the chat (sends, edits, drafts, topic changes). `light`: against the bot alone, but never
 * goes into a chat's penalty. `free`: not limited (answers to taps).
 */
export type Weight = "message" | "light" | "free"

export interface Spending {
  readonly chat: number
  readonly weight: Weight
  readonly priority: Priority
}

/** A light call is no message: no gap is kept after the last one. */
const LIGHT = { priority: "answer" } as const

export class Budget {
  /** The bot's own meter. */
  #bot: Meter = initialMeter("bot")
  readonly #chats = new Map<number, Meter>()

  /** An earlier process talked to this chat. */
  resume(chat: number, calls: readonly PastCall[], now: Instant): void {
    this.#chats.set(chat, resumedMeter(isPrivate(chat) ? "private" : "group", calls, now))
  }

  /** Whether a call may go now. Changes nothing. */
  ask({ chat, weight, priority }: Spending, now: Instant): Decision {
    if (weight === "free") return { kind: "send" }
    const meter = this.#of(chat)
    if (weight === "message") return decideAll([this.#bot, meter], { priority }, now)
    if (now < meter.closedUntil) return { kind: "wait", until: meter.closedUntil }
    return decideAll([this.#bot], LIGHT, now)
  }

  /** Counts a call that goes now. */
  spend({ chat, weight, priority }: Spending, now: Instant): void {
    if (weight === "free") return
    this.#bot = spend(this.#bot, weight === "light" ? LIGHT : { priority }, now)
    if (weight === "message") this.#chats.set(chat, spend(this.#of(chat), { priority }, now))
  }

  /** After a 429 for this chat; other chats are not held up. */
  penalise(chat: number, retryAfterSeconds: number, now: Instant): void {
    this.#chats.set(chat, penalise(this.#of(chat), retryAfterSeconds, now))
  }

  /** Until when Telegram wants to hear nothing about this chat. */
  closedUntil(chat: number): Instant {
    return this.#of(chat).closedUntil
  }

  #of(chat: number): Meter {
    return this.#chats.get(chat) ?? initialMeter(isPrivate(chat) ? "private" : "group")
  }
}
