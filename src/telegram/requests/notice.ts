/** The cards of requests: posted when an agent asks, closed when it is decided, posted again when a tap may be lost. */
import type { StoredRequest } from "../../ledger/requests.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { SessionId } from "../../protocol/ids.ts"
import { readPayload } from "../delivery/payload.ts"
import { type Address, formatAddress, laneOf } from "../places/address.ts"
import { type Migration, movedTo } from "../places/groups.ts"
import { concat } from "../rendering/rich.ts"
import { type CardContext, closedCard, missedLine, openCard } from "./card.ts"
import { type Answering, NOT_BEGUN } from "./questions.ts"

export type RequestNoticeSpec = Omit<CardContext, "session" | "to">

interface Posted {
  readonly to: Address
  readonly key: string
  /** False while it is still owed. */
  readonly isThere: boolean
}

export class RequestNotices {
  readonly #spec: RequestNoticeSpec

  constructor(spec: RequestNoticeSpec) {
    this.#spec = spec
  }

  opened(request: StoredRequest, session: Session, to: Address): void {
    this.#post(request, { session, to, key: keyOf(request, to) })
  }

  /** Another question of the same request, or another choice of options. */
  stepped(request: StoredRequest, session: Session, to: Address): void {
    const { rich, buttons } = openCard(request, this.#answering(request), this.#context(session, to))
    const card = this.#cards(request).findLast((posted) => isSamePlace(posted.to, to))
    if (card)
      this.#spec.out.edit(to, { key: card.key }, rich, { priority: "answer", buttons, request: request.id })
  }

  closed(request: StoredRequest, session: Session): void {
    for (const { to, key } of this.#newest(request)) {
      const rich = closedCard(request, this.#context(session, to))
      this.#spec.out.edit(to, { key }, rich, { priority: "answer", request: request.id })
    }
  }

  /** The card said what was decided; it came to nothing. */
  missed(request: StoredRequest, session: Session): void {
    const { out, ledger, say } = this.#spec
    for (const { to, key } of this.#newest(request)) {
      const rich = closedCard(request, this.#context(session, to), missedLine(request, ledger, say))
      out.edit(to, { key }, rich, { priority: "answer", request: request.id })
    }
  }

  /**
   * Telegram keeps a tap for 150 s: after a longer silence of ours the owner is asked anew, and only there. A card that
   * is still to come is no second one. `lane`: only there.
   */
  repost(request: StoredRequest, session: Session, lane: string | null = null): void {
    const isMeant = ({ to, isThere }: Posted) => isThere && (lane === null || laneOf(to) === lane)
    const before = this.#newest(request).filter(isMeant)
    for (const posted of before) this.#askBelow(request, session, posted)
  }

  #askBelow(request: StoredRequest, session: Session, { to, key }: Posted): void {
    const { out, say } = this.#spec
    const posts = this.#cards(request).length
    const heading = closedCard(request, this.#context(session, to), say("request.asked_again"))
    out.edit(to, { key }, heading, { priority: "status", request: request.id })
    this.#post(request, { session, to, key: `${keyOf(request, to)}:${posts}` })
  }

  /** Once more, below whatever came since, for an owner who looks at its session here. Only inside a transaction. */
  showOpen(id: SessionId, to: Address): void {
    const { ledger } = this.#spec
    const session = ledger.sessions.find(id)
    if (!session) return
    for (const request of ledger.requests.openOf(id)) {
      const here = this.#newest(request).find((posted) => isSamePlace(posted.to, to))
      // One that is still to come is no second one.
      if (here && !here.isThere) continue
      if (here) this.#askBelow(request, session, here)
      else this.#post(request, { session, to, key: `${keyOf(request, to)}:${this.#cards(request).length}` })
    }
  }

  /** Its chat is another one now: asked again there, where it can be tapped; what is still to come was moved. */
  moved(request: StoredRequest, session: Session, { from, to: chat }: Migration): void {
    const left = this.#everywhere(request).filter(({ to, isThere }) => isThere && to.chat === from)
    for (const { to } of left) {
      const there = { ...to, chat }
      this.#post(request, { session, to: there, key: keyOf(request, there) })
    }
  }

  #post(request: StoredRequest, { session, to, key }: { session: Session; to: Address; key: string }): void {
    const { rich, buttons } = openCard(request, this.#answering(request), this.#context(session, to))
    const about = { session: request.session, turn: request.turn, request: request.id }
    this.#spec.out.text(to, concat(rich), { key, priority: "request", buttons, ...about })
  }

  #context(session: Session, to: Address): CardContext {
    return { ...this.#spec, session, to }
  }

  #answering(request: StoredRequest): Answering {
    return this.#spec.ledger.machine.setting<Answering>(answeringKey(request)) ?? NOT_BEGUN
  }

  /** Those that can still be changed. */
  #cards(request: StoredRequest): readonly Posted[] {
    return this.#everywhere(request).filter(({ to }) => movedTo(this.#spec.ledger, to.chat) === null)
  }

  #everywhere(request: StoredRequest): readonly Posted[] {
    return this.#spec.ledger.outbox.ofRequest(request.id).flatMap((row) => {
      const payload = readPayload(row.payload)
      if (row.key === null || payload?.kind !== "text") return []
      return [{ to: payload.to, key: row.key, isThere: row.state === "sent" }]
    })
  }

  /** The card that can be tapped, in each place that has one. */
  #newest(request: StoredRequest): readonly Posted[] {
    const cards = this.#cards(request)
    return cards.filter((card, index) => !cards.slice(index + 1).some(({ to }) => isSamePlace(to, card.to)))
  }
}

/** Setting in which it is kept how far the owner has come with a request's questions. */
export const answeringKey = ({ id }: Pick<StoredRequest, "id">): string => `answering.${id}`

const keyOf = (request: StoredRequest, to: Address): string => `request:${request.id}:${formatAddress(to)}`

const isSamePlace = (a: Address, b: Address): boolean => formatAddress(a) === formatAddress(b)
