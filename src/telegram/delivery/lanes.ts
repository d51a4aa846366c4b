/** Delivery to every chat of every bot: one lane a chat, one budget a bot. */

import type { Clock } from "../../core/clock.ts"
import { systemClock } from "../../core/clock.ts"
import type { Log } from "../../core/log.ts"
import { RECENT_MS } from "../../core/meter.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import { laneOf, parseLane } from "../places/address.ts"
import type { BotApi } from "../wire/api.ts"
import { Budget } from "./budget.ts"
import type { Show } from "./cosmetic.ts"
import type { FairShare } from "./fair-share.ts"
import type { DeliveryHooks, DeliveryTexts } from "./hooks.ts"
import { ChatLane } from "./lane.ts"
import { readPayload } from "./payload.ts"
import { type Penalty, penaltyKey } from "./penalty.ts"
import type { Unpack } from "./unpacking.ts"
import { weightOf } from "./weight.ts"

export interface DeliverySpec {
  readonly ledger: Ledger
  /** One client a bot. Lanes of other bots keep what they owe. */
  readonly bots: readonly BotApi[]
  readonly texts: DeliveryTexts
  readonly hooks?: DeliveryHooks
  readonly unpack: Unpack
  readonly log: Log
  readonly share: FairShare
  readonly clock?: Clock
}

const NO_PENALTY: Penalty = { from: 0, ms: 0 }
const STOP_GRACE_MS = 3_000

function isMessage(stored: unknown): boolean {
  const payload = readPayload(stored)
  return payload !== null && weightOf(payload) === "message"
}

export class DeliveryLanes {
  readonly #spec: DeliverySpec
  readonly #clock: Clock
  readonly #bots: ReadonlyMap<number, { readonly api: BotApi; readonly budget: Budget }>
  readonly #lanes = new Map<string, ChatLane>()
  /** Which lane shows a slot. */
  readonly #slots = new Map<string, string>()
  #isRunning = false

  constructor(spec: DeliverySpec) {
    this.#spec = spec
    this.#clock = spec.clock ?? systemClock
    this.#bots = new Map(spec.bots.map((api) => [api.bot, { api, budget: new Budget() }]))
  }

  /** Takes up whatever is owed. A row whose sending a crash interrupted is treated as of unknown outcome. */
  start(): void {
    this.#isRunning = true
    for (const lane of this.#spec.ledger.outbox.openLanes()) this.wake(lane)
  }

  /** Something is owed in this lane; to be called after the commit. Other surfaces' lanes are none of ours. */
  wake(lane: string): void {
    this.#laneOf(lane)?.wake()
  }

  /** The bot reaches Telegram (again): its chats do not wait for their next attempt. */
  resume(bot: number): void {
    for (const [lane, chatLane] of this.#lanes) {
      if (parseLane(lane)?.bot === bot) chatLane.resume()
    }
  }

  /** The owner was heard in this chat: what could not be sent to them may be sent now. */
  reopen(lane: string): void {
    this.#lanes.get(lane)?.resume()
  }

  /** Shows something under a slot until it is forgotten; a newer call under the same slot replaces it. */
  show(show: Show): void {
    const lane = laneOf(show.to)
    const before = this.#slots.get(show.slot)
    if (before !== undefined && before !== lane) this.forget(show.slot)
    const chatLane = this.#laneOf(lane)
    if (!chatLane) return
    this.#slots.set(show.slot, lane)
    chatLane.show(show)
  }

  /** Nothing more is shown under this slot; what is on the screen stays. A frame in flight may still arrive. */
  forget(slot: string): void {
    const lane = this.#slots.get(slot)
    this.#slots.delete(slot)
    if (lane !== undefined) this.#lanes.get(lane)?.forget(slot)
  }

  /** Ends all lanes; calls in flight get a few seconds. */
  async stop(): Promise<void> {
    this.#isRunning = false
    await Promise.all([...this.#lanes.values()].map((lane) => lane.stop(STOP_GRACE_MS)))
    this.#lanes.clear()
    this.#slots.clear()
  }

  #laneOf(lane: string): ChatLane | null {
    const known = this.#lanes.get(lane)
    if (known) return known
    const place = parseLane(lane)
    const bot = place && this.#bots.get(place.bot)
    if (!this.#isRunning || !bot) return null
    const { ledger, texts, hooks = {}, log, share, unpack } = this.#spec
    this.#restoreMeter(lane, place.chat, bot.budget)
    const { api, budget } = bot
    const clock = this.#clock
    const created = new ChatLane({
      ...{ lane, chat: place.chat, api, budget },
      ...{ ledger, clock, log, share, hooks, texts, unpack },
    })
    this.#lanes.set(lane, created)
    return created
  }

  #restoreMeter(lane: string, chat: number, budget: Budget): void {
    const [now, tick] = [this.#clock.now(), this.#clock.monotonic()]
    const attempted = this.#spec.ledger.outbox.attemptedSince(lane, now - RECENT_MS)
    const calls = attempted
      .filter(({ payload }) => isMessage(payload))
      .map((call) => ({ ...call, at: tick - Math.max(0, now - call.at) }))
    if (attempted.length > 0) budget.resume(chat, calls, tick)
    const { from, ms } = this.#spec.ledger.machine.setting<Penalty>(penaltyKey(lane)) ?? NO_PENALTY
    const rest = Math.min(ms, from + ms - now)
    if (rest > 0) budget.penalise(chat, rest / 1000, tick)
  }
}
