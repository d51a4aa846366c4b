/**
 * How fast we may talk to one Telegram chat, and to Telegram as one bot, without ever being told to slow down.
 * Telegram publishes no exact numbers; reported are 1 message per second in a private chat (short bursts pass), 20 per
 * minute in a group, 30 per second per bot, sends and edits together. We stay below them.
 */

/** All times are of one clock, in ms, that never goes back (`Clock.monotonic`). */
type Instant = number

export type MeterKind = "private" | "group" | "bot"

/** In the order of the lane: an answer to a tap, a request, a final answer; then what may be left out. */
export type Priority = "answer" | "request" | "final" | "status" | "draft"

export interface Call {
  readonly priority: Priority
  /** Messages it counts as: the pictures of an album, else one. */
  readonly count?: number
}

/** `wait`: ask again at `until`, not before. `shed`: leave this frame out; a newer one will come. */
export type Decision =
  | { readonly kind: "send" }
  | { readonly kind: "wait"; readonly until: Instant }
  | { readonly kind: "shed" }

export interface Meter {
  readonly kind: MeterKind
  /** What may be sent at `countedAt`; below zero after an album larger than the burst. */
  readonly tokens: number
  readonly countedAt: Instant
  /** End of the window in which Telegram wants to hear nothing. */
  readonly closedUntil: Instant
  readonly lastStatusAt: Instant | null
  readonly lastDraftAt: Instant | null
}

interface Rate {
  readonly burst: number
  readonly perSecond: number
  /** Only for what must arrive; status and drafts may not use it. */
  readonly reserve: number
}

const RATES: Readonly<Record<MeterKind, Rate>> = {
  private: { burst: 15, perSecond: 1, reserve: 5 },
  // 6 at once and 14 more within a minute: never above 20 in any minute, wherever that minute begins.
  group: { burst: 6, perSecond: 14 / 60, reserve: 3 },
  // Never above 30 in any second.
  bot: { burst: 5, perSecond: 25, reserve: 2 },
}

const STATUS_GAP_MS = 3_000
const DRAFT_GAP_MS = 1_200
/** After a 429 what may be left out stays slow for a minute. */
const CAUTIOUS_MS = 60_000
const CAUTIOUS_FACTOR = 4
/** `retry_after` is whole seconds, rounded by clocks that are not ours. */
const PENALTY_MARGIN_MS = 250

/** So that a wait ends when it said it would, whatever the sums of fractions give. */
const ROUNDING = 1e-6

export function initialMeter(kind: MeterKind): Meter {
  const { burst } = RATES[kind]
  return {
    kind,
    tokens: burst,
    countedAt: Number.NEGATIVE_INFINITY,
    closedUntil: 0,
    lastStatusAt: null,
    lastDraftAt: null,
  }
}

/**
 * A meter of a chat that an earlier process talked to. `calls` are those it is known to have made since
 * `now - RECENT_MS`, oldest first; frames shown in passing left no trace, so a few more are assumed, and none is shown
 * at once. Whatever was counted wrong, a call that must go out waits for seconds, not for the whole past.
 */
export function resumedMeter(kind: MeterKind, calls: readonly PastCall[], now: Instant): Meter {
  const known = calls.reduce((meter, { at, ...call }) => spend(meter, call, at), initialMeter(kind))
  const { reserve } = RATES[kind]
  const tokens = Math.max(tokensAt(known, now) - reserve, -reserve)
  return { ...known, tokens, countedAt: now, lastStatusAt: now, lastDraftAt: now }
}

export interface PastCall extends Call {
  readonly at: Instant
}

/** How far back calls still weigh on a meter, in ms. */
export const RECENT_MS = 60_000

/** What to do with a call now. Changes nothing: `spend` when it is really sent. */
export function decide(meter: Meter, { priority, count = 1 }: Call, now: Instant): Decision {
  const isCosmetic = priority === "status" || priority === "draft"
  if (now < meter.closedUntil)
    return isCosmetic ? { kind: "shed" } : { kind: "wait", until: meter.closedUntil }
  const { burst, perSecond, reserve } = RATES[meter.kind]
  const needed = Math.min(count, burst)
  const tokens = tokensAt(meter, now)
  if (!isCosmetic) {
    if (tokens >= needed - ROUNDING) return { kind: "send" }
    return { kind: "wait", until: Math.ceil(now + ((needed - tokens) / perSecond) * 1000) }
  }
  if (priority === "draft" && meter.kind === "group") return { kind: "shed" }
  const earliest = earliestCosmetic(meter, priority, now)
  if (now < earliest) return { kind: "wait", until: earliest }
  return tokens >= needed + reserve - ROUNDING ? { kind: "send" } : { kind: "shed" }
}

/** One decision of several meters: a call passes the chat's and the bot's. */
export function decideAll(meters: readonly Meter[], call: Call, now: Instant): Decision {
  const decisions = meters.map((meter) => decide(meter, call, now))
  if (decisions.some((decision) => decision.kind === "shed")) return { kind: "shed" }
  const waits = decisions.flatMap((decision) => (decision.kind === "wait" ? [decision.until] : []))
  return waits.length > 0 ? { kind: "wait", until: Math.max(...waits) } : { kind: "send" }
}

/** After a call went out, whatever became of it. */
export function spend(meter: Meter, { priority, count = 1 }: Call, now: Instant): Meter {
  return {
    ...meter,
    tokens: tokensAt(meter, now) - count,
    countedAt: Math.max(now, meter.countedAt),
    lastStatusAt: priority === "status" ? now : meter.lastStatusAt,
    lastDraftAt: priority === "draft" ? now : meter.lastDraftAt,
  }
}

/** After a 429. `retryAfterSeconds` is Telegram's `parameters.retry_after`. A shorter one never shortens a longer. */
export function penalise(meter: Meter, retryAfterSeconds: number, now: Instant): Meter {
  const closedUntil = Math.max(
    meter.closedUntil,
    now + Math.ceil(retryAfterSeconds * 1000) + PENALTY_MARGIN_MS,
  )
  // The server's bucket was empty: one call when the window ends, then the sustained rate.
  return { ...meter, closedUntil, tokens: Math.min(1, meter.tokens), countedAt: closedUntil }
}

function tokensAt(meter: Meter, now: Instant): number {
  const { burst, perSecond } = RATES[meter.kind]
  const passed = Math.max(0, now - meter.countedAt)
  return Math.min(burst, meter.tokens + (passed / 1000) * perSecond)
}

function earliestCosmetic(meter: Meter, priority: "status" | "draft", now: Instant): Instant {
  const [last, gap] =
    priority === "status" ? [meter.lastStatusAt, STATUS_GAP_MS] : [meter.lastDraftAt, DRAFT_GAP_MS]
  if (last === null || meter.kind === "bot") return now
  const isCautious = meter.closedUntil > 0 && now < meter.closedUntil + CAUTIOUS_MS
  return last + gap * (isCautious ? CAUTIOUS_FACTOR : 1)
}
