/**
 * What running turns look like while they run: a live draft of the answer in private chats, and a status card for
 * turns that take longer or where drafts are not possible. Nothing here is owed; it is rebuilt from state.
 */

import { formatDuration } from "../../core/duration.ts"
import { explainReason } from "../../core/failure-words.ts"
import { goalLine } from "../../core/goal-words.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import { isAtWork } from "../../core/turn.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { TurnId } from "../../protocol/ids.ts"
import type { Notice } from "../../protocol/session.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { LiveTurn } from "../../runtime/live.ts"
import { providerLabel } from "../../runtime/provider-label.ts"
import type { Show } from "../delivery/cosmetic.ts"
import type { DeliveryLanes } from "../delivery/lanes.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Buttons } from "../delivery/payload.ts"
import { type Address, isPrivate } from "../places/address.ts"
import { addressesOf, type Reach } from "../places/reach.ts"
import { renderStreaming } from "../rendering/markdown.ts"
import { bold, concat, italic, join, type Rich, type RichPart } from "../rendering/rich.ts"
import { splitRich } from "../rendering/split.ts"
import { recentPart } from "../rendering/streaming.ts"
import { footer } from "../words/footer.ts"
import { type CardPlace, cardKey, cardsOf, type TurnCards } from "./card.ts"
import { actionLine, messageText, recentActions } from "./progress-text.ts"

export interface ProgressSpec {
  readonly kernel: Kernel
  readonly reach: Reach
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly cards: Pick<TurnCards, "stopButton">
  readonly lanes: Pick<DeliveryLanes, "show" | "forget">
}

/** A turn that is done sooner needs no card. In a private chat the draft shows the turn meanwhile. */
const CARD_AFTER_MS = { private: 12_000, group: 3_000 } as const
const DRAFT_SHOWN = 3_500
/** Leaves room for what it is doing. */
const DRAFT_LIMIT = 3_900
/** Frames of one slot that Telegram may refuse before it is left alone: another state may be taken. */
const REFUSALS = 3

interface Watched {
  readonly turn: Turn
  readonly session: Session
  /** Looked up anew whenever the card is due. */
  addresses: readonly Address[]
  cards: readonly CardPlace[]
  /** In use. */
  readonly slots: Set<string>
  /** How many of a slot's frames Telegram has refused. */
  readonly refusals: Map<string, number>
  /** The Stop button of each card, made once. */
  readonly buttons: Map<string, Buttons>
  /** Next time the card is due even if nothing happens: elapsed time goes on. */
  timer: { cancel(): void }
}

export class Progress {
  readonly #spec: ProgressSpec
  readonly #watched = new Map<TurnId, Watched>()

  constructor(spec: ProgressSpec) {
    this.#spec = spec
  }

  start(): () => void {
    const { kernel } = this.#spec
    for (const turn of kernel.ledger.turns.allOpen()) if (isAtWork(turn)) this.watch(turn)
    const unsubscribe = kernel.live.subscribe((live, change) => {
      if (change.kind === "ended") this.forget(live.turn)
      else this.#onChange(live)
    })
    return () => {
      unsubscribe()
      for (const id of [...this.#watched.keys()]) this.forget(id)
    }
  }

  /** From the moment a turn is handed over until it ends or waits for another attempt. */
  watch(turn: Turn): void {
    if (this.#watched.has(turn.id)) return
    const { kernel, reach } = this.#spec
    const session = kernel.ledger.sessions.find(turn.session)
    if (!session) return
    const addresses = addressesOf(reach, turn)
    const isPrivateOnly = addresses.every((to) => isPrivate(to.chat))
    const due = CARD_AFTER_MS[isPrivateOnly ? "private" : "group"]
    const watched: Watched = {
      turn,
      session,
      addresses,
      cards: cardsOf(kernel.ledger, turn),
      slots: new Set(),
      refusals: new Map(),
      buttons: new Map(),
      timer: kernel.clock.after(due, () => this.#card(turn.id)),
    }
    this.#watched.set(turn.id, watched)
    this.#show(watched)
  }

  forget(id: TurnId): void {
    const watched = this.#watched.get(id)
    if (!watched) return
    watched.timer.cancel()
    this.#watched.delete(id)
    for (const slot of watched.slots) this.#spec.lanes.forget(slot)
  }

  /** Telegram refuses what is shown under this slot: after a few times it is not tried again for this turn. */
  refused(slot: string): void {
    for (const { slots, refusals } of this.#watched.values())
      if (slots.has(slot)) refusals.set(slot, (refusals.get(slot) ?? 0) + 1)
  }

  /** Where sessions are shown has changed. */
  relocate(): void {
    for (const watched of this.#watched.values()) this.#locate(watched)
  }

  /** Which turn a draft's Stop button belongs to. */
  turnOfDraft(address: Address, draftId: number): TurnId | null {
    for (const { turn, addresses } of this.#watched.values()) {
      const isHere = addresses.some((to) => to.bot === address.bot && to.chat === address.chat)
      if (isHere && draftIdOf(turn.id) === draftId) return turn.id
    }
    return null
  }

  #onChange(live: LiveTurn): void {
    const known = this.#watched.get(live.turn)
    if (known) return this.#show(known)
    const turn = this.#spec.kernel.ledger.turns.find(live.turn)
    // Also one that cannot be handed over: its notice says why.
    if (turn && turn.endedAt === null && turn.hold === null) this.watch(turn)
  }

  #show(watched: Watched): void {
    for (const to of watched.addresses) if (isPrivate(to.chat)) this.#showDraft(watched, to)
    for (const card of watched.cards) this.#refreshCard(watched, card)
  }

  #locate(watched: Watched): void {
    const { reach, kernel } = this.#spec
    watched.addresses = addressesOf(reach, watched.turn)
    watched.cards = cardsOf(kernel.ledger, watched.turn)
  }

  #showDraft(watched: Watched, to: Address): void {
    const { id } = watched.turn
    const render = () => {
      const rich = this.#draft(id)
      return rich && { kind: "draft" as const, draftId: draftIdOf(id), rich }
    }
    this.#showSlot(watched, { to, slot: draftSlot(watched.turn, to), kind: "draft", render })
  }

  #showSlot(watched: Watched, show: Show): void {
    if ((watched.refusals.get(show.slot) ?? 0) >= REFUSALS) return
    watched.slots.add(show.slot)
    this.#spec.lanes.show(show)
  }

  /** Null once the owner has stopped it: a draft that comes back would look as if they had not. */
  #draft(id: TurnId): Rich | null {
    const { kernel, say } = this.#spec
    const turn = kernel.ledger.turns.find(id)
    if (turn?.stopRequestedAt != null) return null
    const live = kernel.live.find(id)
    const text = live ? messageText(live) : ""
    const working = live ? this.#doing(live) : say("status.thinking")
    const doing = turn?.state === "waiting" ? say("status.waiting") : working
    if (text === "") return concat(italic(doing))
    // Rendered it may be far longer than it was written; what came last is what is looked at.
    const shown = splitRich(renderStreaming(recentPart(text, DRAFT_SHOWN)), { limit: DRAFT_LIMIT }).at(-1)
    return concat(shown ?? "", "\n\n", italic(doing))
  }

  /** Sends the card when the turn has run for a while, and keeps its clock going. */
  #card(id: TurnId): void {
    const watched = this.#watched.get(id)
    if (!watched) return
    const { kernel } = this.#spec
    this.#locate(watched)
    this.#show(watched)
    kernel.ledger.transact(() => {
      for (const to of watched.addresses) this.#sendCard(watched, to)
    })
    const elapsed = kernel.clock.now() - (watched.turn.startedAt ?? watched.turn.createdAt)
    watched.timer = kernel.clock.after(refreshAfter(elapsed), () => this.#card(id))
  }

  #sendCard(watched: Watched, to: Address): void {
    const { kernel, out } = this.#spec
    const key = cardKey(watched.turn, to)
    if (kernel.ledger.outbox.findByKey(key)) return
    const about = { session: watched.session.id, turn: watched.turn.id, silent: true } as const
    const buttons = this.#stopButtons(watched, { to, key })
    out.text(to, this.#cardText(watched), { key, priority: "status", buttons, ...about })
  }

  #refreshCard(watched: Watched, { to, key }: CardPlace): void {
    const render = () => ({
      kind: "edit" as const,
      target: { key },
      rich: this.#cardText(watched),
      buttons: this.#stopButtons(watched, { to, key }),
    })
    this.#showSlot(watched, { to, slot: key, kind: "edit", render })
  }

  #stopButtons(watched: Watched, { to, key }: { to: Address; key: string }): Buttons {
    const known = watched.buttons.get(key)
    if (known) return known
    const buttons = [[this.#spec.cards.stopButton(watched.turn, to)]]
    watched.buttons.set(key, buttons)
    return buttons
  }

  #cardText({ turn, session }: Watched): Rich {
    const { kernel } = this.#spec
    const current = kernel.ledger.turns.find(turn.id) ?? turn
    const live = kernel.live.find(turn.id)
    const elapsed = formatDuration(kernel.clock.now() - (current.startedAt ?? current.createdAt))
    const binding = kernel.ledger.sessions.providerBinding(session.id, session.provider)
    const used = { ...session.settings, ...binding?.settings }
    const label = providerLabel(kernel.ledger, session.provider)
    const parts: readonly RichPart[] = [
      bold(`${this.#state(current, live)} · ${elapsed}`),
      live?.goal ? goalLine(live.goal, this.#spec.say) : "",
      live ? join(recentActions(live, session.workspace), "\n") : "",
      italic(footer({ session, label, used, usage: live?.usage ?? current.usage })),
    ]
    return join(
      parts.filter((part) => part !== "" && (typeof part === "string" || part.text !== "")),
      "\n",
    )
  }

  #state(turn: Turn, live: LiveTurn | null): string {
    const { say } = this.#spec
    if (turn.stopRequestedAt !== null) return say("status.stopping")
    if (turn.state === "waiting") return say("status.waiting")
    if (live?.notice) return this.#notice(live.notice)
    return turn.state === "dispatching" ? say("status.starting") : say("status.working")
  }

  #doing(live: LiveTurn): string {
    if (live.notice) return this.#notice(live.notice)
    const running = [...live.items.values()].findLast(
      (item) => item.status === "running" && item.kind !== "message",
    )
    if (!running) return this.#spec.say("status.working")
    const workspace = this.#spec.kernel.ledger.sessions.find(live.session)?.workspace ?? ""
    return actionLine(running, workspace)
  }

  #notice(notice: Notice): string {
    const { say } = this.#spec
    switch (notice.code) {
      case "retrying":
        return say("status.retrying")
      case "silent":
        return say("status.silent", { seconds: Math.round(notice.seconds) })
      case "model_changed":
        return `→ ${notice.to}`
      case "context_compacted":
        return say("status.working")
      case "goal":
        return goalLine(notice, say)
      case "sandbox_unusable":
      case "warning":
        if (notice.reason) return explainReason(notice.reason, say)
        return notice.detail || say("status.working")
    }
  }
}

/** A card that nobody may be looking at need not count seconds. */
function refreshAfter(elapsedMs: number): number {
  if (elapsedMs < 2 * 60_000) return 10_000
  return elapsedMs < 10 * 60_000 ? 20_000 : 60_000
}

/** Telegram wants a positive 32-bit number; the same turn always has the same. */
function draftIdOf(turn: TurnId): number {
  return Number.parseInt(turn.replaceAll("-", "").slice(0, 8), 16) & 0x7fffffff || 1
}

const draftSlot = (turn: Turn, to: Address): string => `draft:${turn.id}:${to.bot}:${to.chat}`
