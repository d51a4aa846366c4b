/** What Telegram owes the owner for each fact of the runtime. Runs inside the fact's own transaction. */
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { Fact, FactOf } from "../protocol/facts.ts"
import { providerLabel } from "../runtime/provider-label.ts"
import type { About, Surface } from "../runtime/surface.ts"
import type { Topics } from "./chats/topics.ts"
import type { Outgoing } from "./delivery/outgoing.ts"
import { formatAddress, TELEGRAM } from "./places/address.ts"
import { addressesOf, addressesOfRequest, type Reach } from "./places/reach.ts"
import type { RequestNotices } from "./requests/notice.ts"
import type { TurnCards } from "./turns/card.ts"
import type { Answers } from "./turns/outcome.ts"

export interface NotifySpec {
  readonly reach: Reach
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly cards: TurnCards
  readonly answers: Answers
  readonly requests: RequestNotices
  readonly topics: Topics
}

/** UTF-16 units of an answer that could only be shown as it is. */
const PLAIN_SHOWN = 3_000

export class TelegramNotices implements Surface {
  readonly name = TELEGRAM
  readonly #spec: NotifySpec

  constructor(spec: NotifySpec) {
    this.#spec = spec
  }

  onFact(fact: Fact, about: About): void {
    const { reach, cards, answers, requests, topics } = this.#spec
    const addresses = () => addressesOf(reach, about.turn)
    switch (fact.kind) {
      case "session.renamed":
      case "session.configured":
      case "session.reported":
        return topics.follow(about.session.id)
      case "turn.queued":
        topics.follow(about.session.id)
        for (const to of addresses()) cards.queued(about.turn, fact.behind, to)
        return
      case "turn.edited":
      case "turn.moved":
      case "turn.released":
      case "turn.steering":
        return cards.edited(about.turn)
      case "turn.steered":
        return cards.steered(about.turn, "steered")
      case "turn.steer_failed":
        return cards.steered(about.turn, fact.why)
      case "turn.held":
        for (const to of addresses()) cards.held(about.turn, fact.hold, to)
        return
      case "turn.dropped":
        return cards.dropped(about.turn, { wasOffered: fact.held === "confirm" })
      case "turn.ended":
        for (const to of addresses())
          answers.tell({ turn: about.turn, session: about.session, outcome: fact.outcome }, to)
        return this.#ended(fact, about)
      case "request.opened":
        for (const to of addressesOfRequest(reach, about.turn))
          requests.opened(about.request(fact.request), about.session, to)
        return
      case "request.answered":
      case "request.closed":
        return requests.closed(about.request(fact.request), about.session)
      case "request.missed":
        return requests.missed(about.request(fact.request), about.session)
      default:
        return
    }
  }

  /** What the owner must not miss, in plain words and without anything that could fail again. */
  onFault(fact: Fact, about: About, logId: string): void {
    const { reach, say, out } = this.#spec
    if (fact.kind !== "turn.ended" && fact.kind !== "request.opened") return
    const { turn, session } = about
    const isAnswer = fact.kind === "turn.ended"
    const text = isAnswer
      ? `${say("fault.answer", { session: session.id, log: logId })}\n\n${fact.outcome.text.slice(0, PLAIN_SHOWN)}`
      : say("fault.request", { session: session.id, log: logId })
    for (const to of isAnswer ? addressesOf(reach, turn) : addressesOfRequest(reach, turn)) {
      const key = `fault:${turn.id}:${about.record.seq}:${formatAddress(to)}`
      out.text(to, text.trim(), {
        ...{ key, priority: isAnswer ? "final" : "request" },
        ...{ session: session.id, turn: turn.id },
      })
    }
  }

  #ended({ outcome }: FactOf<"turn.ended">, { turn, session }: About): void {
    const label = providerLabel(this.#spec.reach.ledger, session.provider)
    this.#spec.cards.ended(turn, outcome, { session, label, usage: turn.usage })
  }
}
