/** What one chat is shown in passing: which frame is due, and what becomes of those that Telegram refuses. */
import type { SendFailure } from "../wire/call-error.ts"
import type { Budget, Spending } from "./budget.ts"
import { type Cosmetic, type Show, Slot } from "./cosmetic.ts"
import type { TargetState } from "./order.ts"
import type { Target } from "./payload.ts"
import { isAsItShouldBe } from "./settle.ts"

/** By the monotonic clock. */
type Instant = number

export interface PassingSpec {
  readonly chat: number
  readonly budget: Budget
  /** What has become of the message that a frame edits. */
  readonly stateOf: (target: Target) => TargetState
}

/** Its share of the budget is spent already. */
export interface Frame {
  readonly kind: "frame"
  readonly slot: Slot
  readonly frame: Cosmetic
  readonly target: number
}

/** After a frame was shed. */
const SHED_MS = 1_000
/** `retry_after` is whole seconds. */
const PENALTY_MARGIN_MS = 250

export class Passing {
  readonly #spec: PassingSpec
  readonly #slots = new Map<string, Slot>()
  /** After a 429 for a draft; Telegram counts those apart from messages. */
  #draftsClosedUntil: Instant = 0

  constructor(spec: PassingSpec) {
    this.#spec = spec
  }

  show(show: Show): void {
    const slot = this.#slots.get(show.slot)
    if (slot) slot.update(show)
    else this.#slots.set(show.slot, new Slot(show))
  }

  forget(slot: string): void {
    this.#slots.delete(slot)
  }

  /** The frame to show now, or when to ask again; null when nothing is to be shown. */
  next(now: Instant): Frame | { readonly kind: "wait"; readonly until: Instant | null } {
    let until: Instant | null = null
    for (const slot of [...this.#slots.values()]) {
      const dueAt = slot.dueAt
      if (dueAt !== null && dueAt <= now) {
        const frame = this.#frameOf(slot, now)
        if (frame) return frame
      }
      const next = this.#slots.has(slot.show.slot) ? slot.dueAt : null
      if (next !== null) until = until === null ? next : Math.min(until, next)
    }
    return { kind: "wait", until }
  }

  /** Whether a failure is a 429 for drafts, which means nothing to messages. */
  closesDraftsOnly({ slot, frame }: Frame, failure: SendFailure, now: Instant): boolean {
    if (failure.kind !== "flood" || frame.kind === "edit") return false
    this.#draftsClosedUntil = now + failure.retryAfterSeconds * 1000 + PENALTY_MARGIN_MS
    slot.postpone(this.#draftsClosedUntil)
    return true
  }

  /** Telegram's reason when nothing more is shown under this slot, null while it is worth another try. */
  refused({ slot, frame }: Frame, failure: SendFailure, now: Instant): string | null {
    const isFinal = failure.kind === "rejected" || failure.kind === "blocked"
    if (failure.kind === "migrated") this.#slots.delete(slot.show.slot)
    else if (!isFinal) slot.postpone(now + SHED_MS)
    else if (failure.kind === "rejected" && isAsItShouldBe(failure.description)) slot.shown(frame, now)
    else {
      this.#slots.delete(slot.show.slot)
      return failure.description
    }
    return null
  }

  #frameOf(slot: Slot, now: Instant): Frame | null {
    const { budget, stateOf } = this.#spec
    const { kind, slot: key } = slot.show
    const spending = this.#spendingOf(kind)
    const decision = budget.ask(spending, now)
    const closedUntil = kind === "edit" ? 0 : this.#draftsClosedUntil
    if (decision.kind !== "send" || now < closedUntil) {
      const until = decision.kind === "wait" ? decision.until : whenRoom(this.#spec, now)
      slot.postpone(Math.max(closedUntil, until))
      return null
    }
    const frame = slot.frame(now)
    if (frame === null) return null
    const state: TargetState = frame.kind === "edit" ? stateOf(frame.target) : { kind: "there", message: 0 }
    if (state.kind === "never") this.#slots.delete(key)
    if (state.kind === "owed") slot.postpone(now + SHED_MS)
    if (state.kind !== "there") return null
    budget.spend(spending, now)
    return { kind: "frame", slot, frame, target: state.message }
  }

  #spendingOf(kind: Cosmetic["kind"]): Spending {
    const { chat } = this.#spec
    if (kind === "typing") return { chat, weight: "light", priority: "draft" }
    return { chat, weight: "message", priority: kind === "draft" ? "draft" : "status" }
  }
}

/** When to ask again after the meter shed something. */
export function whenRoom({ budget, chat }: Pick<PassingSpec, "budget" | "chat">, now: Instant): Instant {
  return Math.max(budget.closedUntil(chat), now + SHED_MS)
}
