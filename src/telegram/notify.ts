/** What Telegram owes the owner for each fact of the runtime. Runs inside the fact's own transaction. */
import type { Session } from "../ledger/sessions.ts"
import type { Fact, Surface } from "../runtime/surface.ts"
import type { Topics } from "./chats/topics.ts"
import { TELEGRAM } from "./places/address.ts"
import { addressesOf, addressesOfRequest, type Reach } from "./places/reach.ts"
import type { RequestNotices } from "./requests/notice.ts"
import type { TurnCards } from "./turns/card.ts"
import type { Answers } from "./turns/outcome.ts"
import { providerLabel } from "./words/provider-label.ts"

export interface NotifySpec {
  readonly reach: Reach
  readonly cards: TurnCards
  readonly answers: Answers
  readonly requests: RequestNotices
  readonly topics: Topics
}

export class TelegramNotices implements Surface {
  readonly name = TELEGRAM
  readonly #spec: NotifySpec

  constructor(spec: NotifySpec) {
    this.#spec = spec
  }

  onFact(fact: Fact): void {
    const { reach, topics } = this.#spec
    if (fact.kind === "session.changed") return topics.follow(fact.session.id)
    const session = reach.ledger.sessions.find(fact.turn.session)
    if (!session) return
    if (fact.kind === "turn.queued") topics.follow(session.id)
    this.#tell(fact, session)
  }

  #tell(fact: Exclude<Fact, { kind: "session.changed" }>, session: Session): void {
    const { reach, cards, answers, requests } = this.#spec
    const addresses = () => addressesOf(reach, fact.turn)
    switch (fact.kind) {
      case "turn.queued":
        for (const to of addresses()) cards.queued(fact.turn, fact.behind, to)
        return
      case "turn.edited":
        return cards.edited(fact.turn)
      case "turn.started":
        return
      case "turn.steered":
        return cards.steered(fact.turn, fact.outcome)
      case "turn.held":
        for (const to of addresses()) cards.held(fact.turn, fact.hold, to)
        return
      case "turn.ended": {
        const { turn, outcome, held } = fact
        const label = providerLabel(reach.ledger, session.provider)
        for (const to of addresses()) answers.tell({ turn, outcome, session }, to)
        return cards.ended(turn, outcome, {
          session,
          label,
          usage: turn.usage,
          wasOffered: held === "confirm",
        })
      }
      case "request.opened":
        for (const to of addressesOfRequest(reach, fact.turn)) requests.opened(fact.request, session, to)
        return
      case "request.closed":
        return requests.closed(fact.request, session)
      case "request.missed":
        return requests.missed(fact.request, session)
    }
  }
}
