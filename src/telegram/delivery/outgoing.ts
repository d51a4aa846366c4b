/** Writes what is owed to chats into the outbox. Only inside a transaction; the lane is woken after its commit. */
import { randomBytes } from "node:crypto"
import type { Clock } from "../../core/clock.ts"
import { shortText } from "../../core/short-text.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { Priority } from "../../ledger/outbox.ts"
import type { RequestId, SessionId, TurnId } from "../../protocol/ids.ts"
import { ACTION_LIFETIME_MS, actionOf, type Offer } from "../../runtime/commands/action.ts"
import { type Address, formatAddress, laneOf } from "../places/address.ts"
import { NOTHING_VISIBLE } from "../rendering/clean-text.ts"
import { concat, EMPTY, type Rich, type RichPart } from "../rendering/rich.ts"
import { splitRich } from "../rendering/split.ts"
import { TEXT_LIMIT } from "../wire/limits.ts"
import type { Button, Buttons, Payload, Target } from "./payload.ts"

/** What a row is about: the message it becomes is then found again by it. */
export interface About {
  readonly session?: SessionId | null
  readonly turn?: TurnId | null
  readonly request?: RequestId | null
}

export interface TextOptions extends About {
  /** Two texts with one key are one message; null when repeats are meant. */
  readonly key: string | null
  readonly priority: Priority
  readonly buttons?: Buttons
  readonly replyTo?: number | null
  readonly silent?: boolean
  /** Opens the owner's keyboard as a reply to this message. Not together with buttons. */
  readonly forceReply?: boolean
}

export class Outgoing {
  readonly #ledger: Ledger
  readonly #clock: Clock
  readonly #wake: (lane: string) => void

  constructor(ledger: Ledger, clock: Clock, wake: (lane: string) => void) {
    this.#ledger = ledger
    this.#clock = clock
    this.#wake = wake
  }

  /** As many messages as it needs; only the first notifies, and buttons are on the last. */
  text(to: Address, content: RichPart, options: TextOptions): void {
    const { key, priority, buttons, replyTo, silent, forceReply, ...about } = options
    const parts = messagesOf(toRich(content))
    for (const [index, rich] of parts.entries()) {
      const [isFirst, isLast] = [index === 0, index === parts.length - 1]
      const payload: Payload = {
        kind: "text",
        to,
        rich,
        ...(isLast && buttons && buttons.length > 0 ? { buttons } : {}),
        ...(isFirst && replyTo != null ? { replyTo } : {}),
        ...(silent || !isFirst ? { silent: true } : {}),
        ...(isLast && forceReply ? { forceReply } : {}),
      }
      const partKey = key === null || isFirst ? key : `${key}#${index}`
      this.owe(to, payload, { key: partKey, priority, ...about })
    }
  }

  /** Replaces a message of ours; without buttons they go. What does not fit into it follows as messages of its own. */
  edit(
    to: Address,
    target: Target,
    content: RichPart,
    options: { priority: Priority; buttons?: Buttons } & About,
  ): void {
    const { priority, buttons, ...about } = options
    const [rich = EMPTY, ...more] = messagesOf(toRich(content))
    const withButtons = buttons && more.length === 0 ? { buttons } : {}
    this.owe(to, { kind: "edit", to, target, rich, ...withButtons }, { key: null, priority, ...about })
    for (const [index, part] of more.entries()) {
      const isLast = index === more.length - 1
      const rest = { key: null, priority, silent: true, ...about, ...(isLast && buttons ? { buttons } : {}) }
      this.text(to, part, rest)
    }
  }

  /** Ends a tap's spinner. */
  tap(to: Address, queryId: string, notice?: { readonly text: string; readonly alert?: boolean }): void {
    const shown = notice && { ...notice, text: shortText(notice.text, NOTICE_LIMIT) }
    const payload: Payload = { kind: "tap", bot: to.bot, queryId, ...shown }
    this.owe(to, payload, { key: `tap:${queryId}`, priority: "answer" })
  }

  owe(to: Address, payload: Payload, row: { key: string | null; priority: Priority } & About): void {
    const lane = laneOf(to)
    this.#ledger.outbox.owe({ ...row, lane, payload }, this.#clock.now())
    this.#ledger.afterCommit(() => this.#wake(lane))
  }

  /** A button that does what is offered, in this chat only, as often and as long as the offer says. */
  button(to: Address, label: string, offer: Offer, style?: Button["style"]): Button {
    const id = randomBytes(16).toString("base64url")
    const now = this.#clock.now()
    const address = formatAddress({ ...to, thread: null })
    const expiresAt = now + (offer.lastsMs ?? ACTION_LIFETIME_MS)
    this.#ledger.actions.add({ id, address, body: actionOf(offer), expiresAt }, now)
    return {
      label: shortText(label, LABEL_LIMIT) || NOTHING_VISIBLE,
      action: id,
      ...(style ? { style } : {}),
    }
  }
}

/** Telegram shows at most 200 characters of what a tap is answered with. */
const NOTICE_LIMIT = 200
/** Far more than a screen shows of a button. */
const LABEL_LIMIT = 64

const messagesOf = (rich: Rich): readonly Rich[] =>
  rich.text.length <= TEXT_LIMIT ? [rich] : splitRich(rich)

const toRich = (content: RichPart): Rich => (typeof content === "string" ? concat(content) : content)
