/**
 * The one message that stands for a turn while it is not answered: made when the turn has to wait or takes long, then
 * edited, never sent again and never deleted. Facts are written here durably; `progress.ts` shows what passes.
 */
import { formatDuration } from "../../core/duration.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import { isAtWork } from "../../core/turn.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { OutboxRow, Priority } from "../../ledger/outbox.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { AttemptHold } from "../../protocol/facts.ts"
import type { TurnId } from "../../protocol/ids.ts"
import type { Outcome, Usage } from "../../protocol/session.ts"
import { promptLine } from "../../runtime/commands/prompt-line.ts"
import { turnOffer } from "../../runtime/commands/turn-offer.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Buttons, readPayload } from "../delivery/payload.ts"
import { type Address, formatAddress } from "../places/address.ts"
import { movedTo } from "../places/groups.ts"
import { bold, concat, italic, type Rich } from "../rendering/rich.ts"
import { footer } from "../words/footer.ts"
import { clockTime, wordReason } from "../words/owner-words.ts"

export interface CardPlace {
  readonly to: Address
  readonly key: string
  readonly row: OutboxRow
}

export interface TurnCardSpec {
  readonly ledger: Ledger
  readonly say: TelegramSay
  readonly out: Outgoing
}

export interface EndedAbout {
  readonly session: Session
  readonly label: string
  readonly usage: Usage | null
}

const TEXT_SHOWN = 200

export const cardKey = (turn: Pick<Turn, "id">, to: Address): string => `card:${turn.id}:${formatAddress(to)}`

/** Where a turn has its card, wherever its session is shown by now. */
export function cardsOf(ledger: Ledger, turn: Pick<Turn, "id">): readonly CardPlace[] {
  return ledger.outbox.ofTurn(turn.id).flatMap((row) => {
    const payload = row.key?.startsWith(`card:${turn.id}:`) ? readPayload(row.payload) : null
    if (row.key === null || payload?.kind !== "text" || movedTo(ledger, payload.to.chat) !== null) return []
    return [{ to: payload.to, key: row.key, row }]
  })
}

export class TurnCards {
  readonly #spec: TurnCardSpec

  constructor(spec: TurnCardSpec) {
    this.#spec = spec
  }

  /** A turn that runs at once needs none. */
  queued(turn: Turn, behind: TurnId | null, to: Address): void {
    if (behind !== null || turn.hold !== null) this.waits(turn, to)
  }

  waits(turn: Turn, to: Address): void {
    const isAsked = turn.hold?.kind === "confirm"
    this.#spec.out.text(to, this.#waitingText(turn), {
      key: cardKey(turn, to),
      // A prompt that waits for the owner's word would wait for ever behind a lost card.
      priority: isAsked ? "request" : "status",
      silent: !isAsked,
      session: turn.session,
      turn: turn.id,
      replyTo: sourceOf(turn),
      buttons: this.#waitingButtons(turn, to),
    })
  }

  /** By the owner, who wants to see it done. */
  edited(turn: Turn): void {
    const buttonsAt = (to: Address) => this.#waitingButtons(turn, to)
    this.#editAll(turn, this.#waitingText(turn), { priority: "answer", buttonsAt })
  }

  steered(turn: Turn, outcome: "steered" | "too_late" | "unsupported"): void {
    const { say } = this.#spec
    const note = {
      steered: say("queue.steered"),
      too_late: say("queue.steer_late"),
      unsupported: say("queue.steer_unsupported"),
    }[outcome]
    const text = concat(bold(note), `\n${promptLine(turn, TEXT_SHOWN)}`)
    // It may have come too early: the agent was still being opened.
    const mayTryAgain = outcome === "too_late" && this.#spec.ledger.turns.open(turn.session).some(isAtWork)
    const again = (to: Address) => (mayTryAgain ? [[this.#steerButton(turn, to)]] : [])
    const buttonsAt =
      outcome === "steered" ? null : (to: Address) => [this.#changeButtons(turn, to), ...again(to)]
    this.#editAll(turn, text, { priority: "answer", buttonsAt })
  }

  /** The next attempt waits. A limit also notifies: hours may pass before the owner hears again. */
  held(turn: Turn, hold: AttemptHold, to: Address): void {
    const { out, ledger } = this.#spec
    const text = concat(bold(`⏳ ${this.#holdText(hold)}`), `\n${promptLine(turn, TEXT_SHOWN)}`)
    const isLimit = hold.kind === "limit"
    const about = { session: turn.session, turn: turn.id, replyTo: sourceOf(turn) }
    const known = cardsOf(ledger, turn).find((card) => formatAddress(card.to) === formatAddress(to))
    if (!known) {
      const options = { key: cardKey(turn, to), silent: !isLimit, buttons: [[this.stopButton(turn, to)]] }
      return out.text(to, text, { ...options, ...about, priority: isLimit ? "final" : "status" })
    }
    const buttons = [[this.stopButton(turn, to)]]
    out.edit(to, { key: known.key }, text, { priority: "status", buttons })
    if (isLimit) {
      const key = `limit:${turn.id}:${formatAddress(to)}:${hold.until}`
      out.text(to, `⏳ ${this.#holdText(hold)}`, { ...about, key, priority: "final" })
    }
  }

  /** The last state: no buttons, and what it took. */
  ended(turn: Turn, outcome: Outcome, about: EndedAbout): void {
    this.#editAll(turn, this.#endedText(turn, outcome, about), { priority: "status" })
  }

  /** Taken back by the owner, who sees it happen. `wasOffered`: it had come while nobody was here. */
  dropped(turn: Turn, { wasOffered }: { readonly wasOffered: boolean }): void {
    const said = this.#spec.say(wasOffered ? "queue.skipped" : "queue.dropped")
    this.#editAll(turn, concat(bold(said), `\n${promptLine(turn, TEXT_SHOWN)}`), { priority: "answer" })
  }

  stopButton(turn: Turn, to: Address) {
    const { out, say } = this.#spec
    return out.button(to, say("button.stop"), turnOffer("stop", turn), "danger")
  }

  #editAll(
    turn: Turn,
    text: Rich,
    { priority, buttonsAt }: { priority: Priority; buttonsAt?: ((to: Address) => Buttons) | null },
  ): void {
    const { ledger, out } = this.#spec
    for (const { to, key } of cardsOf(ledger, turn)) {
      out.edit(to, { key }, text, { priority, ...(buttonsAt ? { buttons: buttonsAt(to) } : {}) })
    }
  }

  #waitingText(turn: Turn): Rich {
    const { say } = this.#spec
    const text = promptLine(turn, TEXT_SHOWN)
    if (turn.state === "steering") return concat(bold(`⏳ ${say("queue.steering")}`), `\n${text}`)
    if (turn.hold?.kind !== "confirm") return concat(bold(`⏳ ${say("queue.card")}`), `\n${text}`)
    return concat(bold(say("queue.held", { when: clockTime(turn.hold.sentAt) })), `\n${text}`)
  }

  #holdText(hold: AttemptHold): string {
    const { say } = this.#spec
    const time = clockTime(hold.until)
    if (hold.kind === "limit") return say("status.limit", { time })
    const { attempt, of, failure } = hold
    return say("status.retry", { attempt, of, time, why: wordReason(failure, say) })
  }

  #endedText(turn: Turn, outcome: Outcome, { session, label, usage }: EndedAbout): Rich {
    const { say, ledger } = this.#spec
    const state = {
      completed: `✓ ${say("status.done")}`,
      stopped: `■ ${say("status.stopped")}`,
      failed: `⚠ ${say("status.failed")}`,
      indeterminate: `⚠ ${say("status.interrupted")}`,
    }[outcome.kind]
    const elapsed = formatDuration((turn.endedAt ?? turn.createdAt) - (turn.startedAt ?? turn.createdAt))
    const binding = ledger.sessions.providerBinding(session.id, session.provider)
    const used = { ...session.settings, ...binding?.settings }
    return concat(bold(`${state} · ${elapsed}`), " · ", italic(footer({ session, label, used, usage })))
  }

  #waitingButtons(turn: Turn, to: Address): Buttons {
    const { say, out } = this.#spec
    if (turn.state === "steering") return []
    if (turn.hold?.kind === "confirm") {
      const run = out.button(to, say("button.run"), turnOffer("release", turn), "success")
      const skip = out.button(to, say("button.skip"), turnOffer("drop", turn), "danger")
      return [[run, out.button(to, say("button.edit"), turnOffer("edit", turn)), skip]]
    }
    const next = out.button(to, say("button.run_next"), turnOffer("next", turn))
    return [this.#changeButtons(turn, to), [this.#steerButton(turn, to), next]]
  }

  #steerButton(turn: Turn, to: Address) {
    const { say, out } = this.#spec
    return out.button(to, say("button.steer"), turnOffer("steer", turn))
  }

  #changeButtons(turn: Turn, to: Address) {
    const { say, out } = this.#spec
    const edit = out.button(to, say("button.edit"), turnOffer("edit", turn))
    return [edit, out.button(to, say("button.drop"), turnOffer("drop", turn), "danger")]
  }
}

/** The owner's message that became this turn, when it came from Telegram. */
export function sourceOf(turn: Turn): number | null {
  return turn.channel === null || turn.sourceMessage === null ? null : Number(turn.sourceMessage)
}
