import type { MethodName } from "./schema.ts"

/** How much Telegram takes before it answers 429. The exact numbers are not published; these are the reported ones. */
export interface Limits {
  /** Sends and edits in one private chat: a burst, refilled at a sustained rate. */
  readonly privateBurst: number
  readonly privatePerSecond: number
  /** Sends and edits in one group per minute. */
  readonly groupPerMinute: number
  /** Everything metered, over all chats of one bot. */
  readonly botPerSecond: number
  /** Draft frames in one private chat. */
  readonly draftsPerSecond: number
  /** Shortest penalty, in seconds. */
  readonly minPenaltySeconds: number
}

export const telegramLimits: Limits = {
  privateBurst: 20,
  privatePerSecond: 1,
  groupPerMinute: 20,
  botPerSecond: 30,
  draftsPerSecond: 1,
  minPenaltySeconds: 1,
}

export type Cost =
  | { readonly kind: "free" }
  /** Counts only towards the bot's overall rate. */
  | { readonly kind: "light" }
  | { readonly kind: "message"; readonly chatId: number; readonly count: number }
  | { readonly kind: "draft"; readonly chatId: number }

export type Verdict =
  | { readonly kind: "accepted" }
  | { readonly kind: "flood"; readonly retryAfterSeconds: number }
  /** The call came inside a penalty that an earlier 429 announced. */
  | { readonly kind: "penalty"; readonly retryAfterSeconds: number }

interface Scope {
  readonly key: string
  readonly capacity: number
  readonly perSecond: number
  readonly count: number
}

/** A frame that was late on the way must not make the next one early. */
const draftJitter = 0.25
/** Timers may fire a little early; so close to its end a penalty is over. */
const graceMs = 20

/** One bot's buckets and open penalty windows. */
export class FloodMeter {
  readonly #limits: Limits | "off"
  readonly #buckets = new Map<string, { tokens: number; at: number }>()
  readonly #penalties = new Map<string, number>()

  constructor(limits: Limits | "off") {
    this.#limits = limits
  }

  /** Takes what the call costs, or nothing at all. `now` in milliseconds. */
  take(cost: Cost, now: number): Verdict {
    const scopes = this.#scopesOf(cost)
    const open = Math.max(0, ...scopes.map((scope) => (this.#penalties.get(scope.key) ?? 0) - now))
    if (open > graceMs) return { kind: "penalty", retryAfterSeconds: Math.ceil(open / 1000) }
    if (this.#limits === "off") return { kind: "accepted" }
    for (const scope of scopes) {
      const missing = scope.count - this.#refill(scope, now).tokens
      if (missing > 0) return this.#penalise(scope, missing, now)
    }
    for (const scope of scopes) this.#refill(scope, now).tokens -= scope.count
    return { kind: "accepted" }
  }

  /** A 429 that a test injected opens the same window as a natural one. */
  openPenalty(cost: Cost, seconds: number, now: number): void {
    const scope = this.#scopesOf(cost).at(-1)
    if (scope) this.#penalties.set(scope.key, now + seconds * 1000)
  }

  #penalise(scope: Scope, missing: number, now: number): Verdict {
    const minimum = this.#limits === "off" ? 1 : this.#limits.minPenaltySeconds
    const retryAfterSeconds = Math.max(minimum, Math.ceil(missing / scope.perSecond - 1e-9))
    this.#penalties.set(scope.key, now + retryAfterSeconds * 1000)
    return { kind: "flood", retryAfterSeconds }
  }

  #refill(scope: Scope, now: number): { tokens: number; at: number } {
    const bucket = this.#buckets.get(scope.key) ?? { tokens: scope.capacity, at: now }
    const refilled = bucket.tokens + ((now - bucket.at) / 1000) * scope.perSecond
    const next = { tokens: Math.min(scope.capacity, refilled), at: now }
    this.#buckets.set(scope.key, next)
    return next
  }

  /** The bot's overall scope first, the narrowest last. */
  #scopesOf(cost: Cost): Scope[] {
    if (cost.kind === "free") return []
    const limits = this.#limits === "off" ? telegramLimits : this.#limits
    const { botPerSecond } = limits
    const count = cost.kind === "message" ? cost.count : 1
    const bot: Scope = { key: "bot", capacity: botPerSecond, perSecond: botPerSecond, count }
    if (cost.kind === "light") return [bot]
    if (cost.kind === "draft") {
      const { draftsPerSecond } = limits
      return [
        bot,
        { key: `draft:${cost.chatId}`, capacity: 1 + draftJitter, perSecond: draftsPerSecond, count },
      ]
    }
    const key = `chat:${cost.chatId}`
    if (cost.chatId > 0)
      return [bot, { key, capacity: limits.privateBurst, perSecond: limits.privatePerSecond, count }]
    return [bot, { key, capacity: limits.groupPerMinute, perSecond: limits.groupPerMinute / 60, count }]
  }
}

const free: ReadonlySet<MethodName> = new Set([
  "getUpdates",
  "getMe",
  "answerCallbackQuery",
  "getFile",
  "setWebhook",
  "deleteWebhook",
  "getWebhookInfo",
  "logOut",
  "close",
])
const drafts: ReadonlySet<MethodName> = new Set(["sendMessageDraft", "sendRichMessageDraft"])
const light: ReadonlySet<MethodName> = new Set(["sendChatAction"])
const countsAsMessage = /^(send|edit|forward|copy|pin|createForumTopic|closeForumTopic|reopenForumTopic)/

/** What a call takes from which meter. Sends, edits and topic changes share the chat's. */
export function costOf(method: MethodName, args: Readonly<Record<string, unknown>>): Cost {
  if (free.has(method)) return { kind: "free" }
  const chatId = Number(args.chat_id)
  if (!Number.isInteger(chatId) || light.has(method)) return { kind: "light" }
  if (drafts.has(method)) return { kind: "draft", chatId }
  if (!countsAsMessage.test(method)) return { kind: "light" }
  return { kind: "message", chatId, count: Array.isArray(args.media) ? args.media.length : 1 }
}
