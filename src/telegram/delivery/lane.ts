/** One chat's serial delivery: owed rows first, then whatever may be shown in passing. */
import type { Clock } from "../../core/clock.ts"
import type { Log } from "../../core/log.ts"
import { isStorageFailure } from "../../ledger/errors.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { Durability } from "../../ledger/transaction.ts"
import type { Instant } from "../../protocol/ids.ts"
import { isPrivate } from "../places/address.ts"
import type { BotApi } from "../wire/api.ts"
import { CallError, type SendFailure } from "../wire/call-error.ts"
import type { Budget } from "./budget.ts"
import { type Show, showFrame } from "./cosmetic.ts"
import type { FairShare } from "./fair-share.ts"
import type { DeliveryHooks, DeliveryTexts } from "./hooks.ts"
import { type Next, nextRow, type OpenRow, type TargetState } from "./order.ts"
import { isOutdated } from "./outdated.ts"
import { type Frame, Passing, whenRoom } from "./passing.ts"
import { type Payload, readPayload, type Sendable, type Target } from "./payload.ts"
import { type Penalty, penaltyKey } from "./penalty.ts"
import { send } from "./send.ts"
import { isShutOut, pauseAfter, type Settlement, settle } from "./settle.ts"
import { type Unpack, Unpacking } from "./unpacking.ts"
import { weightOf } from "./weight.ts"

export interface LaneSpec {
  readonly lane: string
  readonly chat: number
  readonly api: BotApi
  readonly budget: Budget
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly share: FairShare
  readonly hooks: DeliveryHooks
  readonly texts: DeliveryTexts
  readonly unpack: Unpack
}

type Step =
  | { readonly kind: "row"; readonly open: OpenRow; readonly target: number }
  | Frame
  /** By the monotonic clock. */
  | { readonly kind: "wait"; readonly until: number }
  | { readonly kind: "idle" }

/** Rows looked at when choosing; more wait behind them. */
const WINDOW = 64
const FRAME_TIMEOUT_MS = 5_000
/** After our own ledger failed. */
const BROKEN_MS = 1_000
/** While our own ledger takes nothing. */
const STORAGE_RETRY_MS = 250

export class ChatLane {
  readonly #spec: LaneSpec
  readonly #passing: Passing
  readonly #unpacking: Unpacking
  /** Aborts the call in flight when stopping takes too long. */
  readonly #abandon = new AbortController()
  #isStopping = false
  /** Ends the present wait. */
  #awake = Promise.withResolvers<void>()
  /** False while there is nothing to do. A run may end before its promise is even in hand. */
  #isRunning = false
  #lastRun: Promise<void> = Promise.resolve()
  /** Nothing can be sent before this: no connection, no valid token, blocked by the owner. By the monotonic clock. */
  #pausedUntil = 0
  /** During the present call, whose failure may be older than that. */
  #wasResumed = false
  /** How often in a row nothing could be sent. */
  #unreached = 0

  constructor(spec: LaneSpec) {
    this.#spec = spec
    const { chat, budget, ledger, clock, log, unpack } = spec
    const { signal } = this.#abandon
    this.#unpacking = new Unpacking({ ledger, clock, log, unpack, signal, onDone: () => this.wake() })
    this.#passing = new Passing({ chat, budget, stateOf: (target) => this.#stateOf(target) })
  }

  /** Something new may be owed. */
  wake(): void {
    if (this.#isStopping) return
    if (this.#isRunning) return this.#awake.resolve()
    this.#isRunning = true
    this.#lastRun = this.#run()
  }

  /** Telegram, or the owner, is reachable again: what was put off for that reason goes now. */
  resume(): void {
    this.#pausedUntil = 0
    this.#wasResumed = true
    this.wake()
  }

  show(show: Show): void {
    this.#passing.show(show)
    this.wake()
  }

  forget(slot: string): void {
    this.#passing.forget(slot)
  }

  /** Lets the call in flight end, for at most `graceMs`; an outcome that nobody sees stays unknown in the ledger. */
  async stop(graceMs: number): Promise<void> {
    this.#isStopping = true
    this.#awake.resolve()
    const timer = this.#spec.clock.after(graceMs, () => this.#abandon.abort())
    await this.#lastRun
    timer.cancel()
    this.#abandon.abort()
    await this.#unpacking.ended()
  }

  async #run(): Promise<void> {
    while (!this.#isStopping) {
      this.#awake = Promise.withResolvers<void>()
      try {
        const step = await this.#spec.share.run(() => this.#nextStep())
        if (step === null) return
        if (step.kind === "row") await this.#take(step.open, step.target)
        else if (step.kind === "frame") await this.#showFrame(step)
        else await this.#pause(step.until)
      } catch (error) {
        this.#spec.log.error({ err: error, lane: this.#spec.lane }, "a delivery lane failed")
        await this.#pause(this.#spec.clock.monotonic() + BROKEN_MS)
      }
    }
  }

  #nextStep(): Exclude<Step, { kind: "idle" }> | null {
    const step = this.#choose()
    if (step.kind !== "idle") return step
    // In the same breath as the decision to end: a wake-up from now on starts anew.
    this.#isRunning = false
    return null
  }

  async #pause(until: number): Promise<void> {
    const { clock } = this.#spec
    const timer = clock.after(until - clock.monotonic(), () => this.#awake.resolve())
    await this.#awake.promise
    timer.cancel()
  }

  #choose(): Step {
    const now = this.#spec.clock.monotonic()
    if (now < this.#pausedUntil) return { kind: "wait", until: this.#pausedUntil }
    const next = this.#nextRow()
    if (next.kind === "wait") return this.#orFrame(now, next.inMs === null ? null : now + next.inMs)
    const { row, payload } = next.open
    const spending = { chat: this.#spec.chat, weight: weightOf(payload), priority: row.priority }
    const decision = this.#spec.budget.ask(spending, now)
    if (decision.kind === "send") {
      this.#spec.budget.spend(spending, now)
      return { kind: "row", open: next.open, target: next.target }
    }
    // A stored row is never shed: it asks again.
    const until = decision.kind === "wait" ? decision.until : whenRoom(this.#spec, now)
    // Status keeps a distance of seconds; the draft need not stand still meanwhile. Anything else comes before drafts.
    return row.priority === "status" ? this.#orFrame(now, until) : { kind: "wait", until }
  }

  #orFrame(now: number, orUntil: number | null): Step {
    const next = this.#passing.next(now)
    if (next.kind === "frame") return next
    const until = earliest(next.until, orUntil)
    return until === null ? { kind: "idle" } : { kind: "wait", until }
  }

  #nextRow(): Exclude<Next, { kind: "drop" }> {
    const now = this.#spec.clock.now()
    for (;;) {
      const rows = this.#openRows()
      if (rows === null) continue
      const stateOf = (target: Target) => this.#stateOf(target)
      const taps = nextRow(rows.filter(isTap), { now, stateOf })
      const next = taps.kind === "wait" ? nextRow(rows, { now, stateOf }) : taps
      if (next.kind !== "drop") return next
      this.#spec.ledger.outbox.finish(next.open.row.id, "dropped", next.error, now)
    }
  }

  /** Null when what was read is no longer so, because rows that a crash cut off had to be settled first. */
  #openRows(): readonly OpenRow[] | null {
    const { ledger, lane, clock } = this.#spec
    const open: OpenRow[] = []
    let isCurrent = true
    for (const row of ledger.outbox.openOf(lane, WINDOW)) {
      if (this.#unpacking.isUnderway(row.id)) continue
      const payload = readPayload(row.payload)
      if (payload !== null && row.state === "pending") {
        if (!isOutdated({ row, payload }, ledger, clock.now())) open.push({ row, payload })
        else ledger.outbox.finish(row.id, "dropped", "it tells nothing any more", clock.now())
        continue
      }
      isCurrent = false
      if (payload === null) ledger.outbox.finish(row.id, "failed", "unknown kind of payload", clock.now())
      // We are between two calls, so this one was cut off: by a crash, or by our own ledger.
      else this.#settleCutOff({ row, payload })
    }
    return isCurrent ? open : null
  }

  #stateOf(target: Target): TargetState {
    if ("message" in target) return { kind: "there", message: target.message }
    const row = this.#spec.ledger.outbox.findByKey(target.key)
    if (row?.state === "pending" || row?.state === "sending") return { kind: "owed" }
    if (row?.state !== "sent" || row.message === null) return { kind: "never" }
    return { kind: "there", message: Number(row.message) }
  }

  async #take({ row, payload }: OpenRow, target: number): Promise<void> {
    if (payload.kind === "named_file") this.#unpacking.begin(row, payload)
    else await this.#deliver({ row, payload }, target)
  }

  async #deliver(
    open: { readonly row: OutboxRow; readonly payload: Sendable },
    target: number,
  ): Promise<void> {
    const { ledger, api, clock, texts } = this.#spec
    const { row, payload } = open
    ledger.transact(() => ledger.outbox.sending(row.id, clock.now()), durabilityOf(row))
    const mark = row.ambiguous > 0 ? texts.resent : null
    this.#wasResumed = false
    try {
      const message = await send(api, { payload, target, mark }, { signal: this.#abandon.signal })
      this.#unreached = 0
      await this.#spec.share.run(() => this.#store(() => this.#recordSent(row, message)))
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      if (!this.#abandon.signal.aborted) await this.#settle(open, error.failure)
    }
  }

  /** What Telegram said is known only here: a disk that does not take it now is waited for, or it would be sent twice. */
  async #store(record: () => void): Promise<void> {
    for (;;) {
      try {
        return record()
      } catch (error) {
        if (!isStorageFailure(error) || this.#isStopping) throw error
        this.#spec.log.error({ err: error, lane: this.#spec.lane }, "a delivery could not be recorded yet")
        this.#awake = Promise.withResolvers<void>()
        await this.#pause(this.#spec.clock.monotonic() + STORAGE_RETRY_MS)
      }
    }
  }

  #recordSent(row: OutboxRow, message: string | null): void {
    const { ledger, clock, hooks, log, lane } = this.#spec
    const record = () => ledger.outbox.sent(row.id, message, clock.now())
    try {
      ledger.transact(() => {
        record()
        hooks.onSent?.(row, message)
      }, durabilityOf(row))
    } catch (error) {
      if (isStorageFailure(error)) throw error
      log.error({ err: error, lane, row: row.id }, "what follows from a delivery could not be recorded")
      // Otherwise the message would be sent again and again.
      ledger.transact(record)
    }
  }

  async #settle(open: OpenRow, failure: SendFailure): Promise<void> {
    const now = this.#spec.clock.now()
    this.#noteFailure(failure, open.payload)
    const settlement = this.#settlementOf(open, failure)
    await this.#store(() => {
      this.#spec.ledger.transact(() => {
        this.#keepPenalty(failure, now)
        this.#record(open.row, settlement, now)
      })
    })
    this.#tellOf(open, settlement)
    if (failure.kind === "migrated") this.#spec.hooks.onMigrated?.({ from: this.#spec.chat, to: failure.to })
  }

  #settleCutOff(open: OpenRow): void {
    const { ledger, clock } = this.#spec
    const settlement = this.#settlementOf(open, INTERRUPTED)
    ledger.transact(() => this.#record(open.row, settlement, clock.now()))
    this.#tellOf(open, settlement)
  }

  #settlementOf({ row, payload }: OpenRow, failure: SendFailure): Settlement {
    const sessionTag = this.#spec.texts.sessionTag(row.session)
    const wasCut = failure === INTERRUPTED
    const place = { sessionTag, isPrivate: isPrivate(this.#spec.chat) }
    return settle({ row, payload, ...place, wasCut, unreached: this.#unreached }, failure)
  }

  #tellOf({ row, payload }: OpenRow, settlement: Settlement): void {
    const { hooks } = this.#spec
    if (settlement.kind === "fail") hooks.onUndeliverable?.(row, settlement.error)
    const isTopicGone = "topicGone" in settlement && settlement.topicGone === true
    if (isTopicGone && "to" in payload) hooks.onTopicGone?.(payload.to)
  }

  #record(row: OutboxRow, settlement: Settlement, now: Instant): void {
    const { outbox } = this.#spec.ledger
    switch (settlement.kind) {
      case "done":
        return outbox.sent(row.id, null, now)
      case "pause":
        return outbox.retry(row.id, { notBefore: now, ambiguous: false, error: settlement.error }, now)
      case "retry": {
        const { delayMs, ambiguous, error } = settlement
        return outbox.retry(row.id, { notBefore: now + delayMs, ambiguous, error }, now)
      }
      case "rewrite":
        outbox.retry(row.id, { notBefore: now, ambiguous: false, error: settlement.error }, now)
        outbox.rewrite(row.id, settlement.payload, now)
        return
      case "drop":
        return outbox.finish(row.id, "dropped", settlement.error, now)
      case "fail":
        return outbox.finish(row.id, "failed", settlement.error, now)
    }
  }

  /** What a failure means for everything else of this chat. */
  #noteFailure(failure: SendFailure, payload: Payload | null): void {
    const { budget, chat, clock } = this.#spec
    const now = clock.monotonic()
    if (failure.kind === "flood") budget.penalise(chat, failure.retryAfterSeconds, now)
    const isCutOff =
      failure.kind === "unreachable" ||
      failure.kind === "revoked" ||
      failure.kind === "conflict" ||
      (payload !== null && isShutOut(failure, { isPrivate: isPrivate(chat), payload }))
    this.#unreached = isCutOff ? this.#unreached + 1 : 0
    if (isCutOff && !this.#wasResumed) this.#pausedUntil = now + pauseAfter(failure, this.#unreached)
  }

  #keepPenalty(failure: SendFailure, now: Instant): void {
    const { budget, chat, ledger, lane, clock } = this.#spec
    if (failure.kind !== "flood") return
    const penalty: Penalty = { from: now, ms: budget.closedUntil(chat) - clock.monotonic() }
    ledger.machine.set(penaltyKey(lane), penalty, now)
  }

  async #showFrame(shown: Frame): Promise<void> {
    const { api, clock } = this.#spec
    const { slot, frame, target } = shown
    this.#wasResumed = false
    try {
      const options = { timeoutMs: FRAME_TIMEOUT_MS, signal: this.#abandon.signal }
      await showFrame(api, { to: slot.show.to, frame, target }, options)
      this.#unreached = 0
      slot.shown(frame, clock.monotonic())
    } catch (error) {
      if (!(error instanceof CallError)) throw error
      this.#afterRefusedFrame(shown, error.failure)
    }
  }

  #afterRefusedFrame(refused: Frame, failure: SendFailure): void {
    const { chat, hooks, clock } = this.#spec
    const now = clock.monotonic()
    if (this.#passing.closesDraftsOnly(refused, failure, now)) return
    this.#noteFailure(failure, null)
    this.#keepPenalty(failure, clock.now())
    const reason = this.#passing.refused(refused, failure, now)
    if (reason !== null) hooks.onCosmeticRefused?.(refused.slot.show, reason)
    if (failure.kind === "migrated") hooks.onMigrated?.({ from: chat, to: failure.to })
  }
}

const INTERRUPTED: SendFailure = { kind: "ambiguous", detail: "interrupted" }

/** After a power cut a status may be told again; what must arrive must also be known to be under way. */
function durabilityOf({ priority }: OutboxRow): Durability {
  return priority === "status" ? "process" : "disk"
}

function isTap({ payload }: OpenRow): boolean {
  return payload.kind === "tap"
}

function earliest(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other
  return Math.min(one, other)
}
