/**
 * An agent that asks for hundreds of things at once must not flood the chat: so many have cards, one line stands for
 * the rest, and the next card comes when one is decided. Which have cards is read from the outbox.
 */

import type { Clock } from "../../core/clock.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Address, formatAddress } from "../places/address.ts"

/** Open cards of one session in one place. */
const MOST_CARDS = 5

export interface CrowdSpec {
  readonly ledger: Ledger
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly clock: Pick<Clock, "now">
  /** Whether it has a card there, or the file that comes before its card. */
  readonly isShown: (request: StoredRequest, to: Address) => boolean
}

export class Crowd {
  readonly #spec: CrowdSpec

  constructor(spec: CrowdSpec) {
    this.#spec = spec
  }

  /** Whether one more card may stand here; otherwise the line that stands for it is there. */
  admits(session: SessionId, to: Address): boolean {
    if (this.#hasRoom(session, to)) return true
    const { ledger, say, out, clock } = this.#spec
    if (ledger.machine.setting<string>(lineOf(session, to)) === null) {
      const key = `request-crowd:${session}:${formatAddress(to)}:${clock.now()}`
      const denyAll = out.button(
        to,
        say("button.deny_all"),
        { of: "request", verb: "deny_all", session },
        "danger",
      )
      out.text(to, say("request.crowd", { session, shown: MOST_CARDS }), {
        ...{ key, priority: "request", buttons: [[denyAll]], session },
      })
      ledger.machine.set(lineOf(session, to), key, clock.now())
    }
    return false
  }

  /** One was decided: the request whose turn it is to be shown here, if there is room. Takes the line back at the end. */
  next(session: SessionId, to: Address): StoredRequest | null {
    const { ledger, say, out, clock } = this.#spec
    const waiting =
      ledger.requests.openOf(session).find((request) => !this.#spec.isShown(request, to)) ?? null
    const line = ledger.machine.setting<string>(lineOf(session, to))
    if (waiting === null && line !== null) {
      out.edit(to, { key: line }, say("request.crowd_over", { session }), { priority: "status", session })
      ledger.machine.set(lineOf(session, to), null, clock.now())
    }
    return waiting !== null && this.#hasRoom(session, to) ? waiting : null
  }

  #hasRoom(session: SessionId, to: Address): boolean {
    let cards = 0
    for (const request of this.#spec.ledger.requests.openOf(session)) {
      if (this.#spec.isShown(request, to)) cards += 1
      if (cards >= MOST_CARDS) return false
    }
    return true
  }
}

/** Setting in which the line's key is kept while it stands. */
const lineOf = (session: SessionId, to: Address): string => `requests.crowd.${session}.${formatAddress(to)}`
