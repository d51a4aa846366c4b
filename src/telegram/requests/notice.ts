/** The cards of requests: posted when an agent asks, closed when it is decided, posted again when a tap may be lost. */
import { z } from "zod"
import type { Clock } from "../../core/clock.ts"
import { isDenial } from "../../core/request-card.ts"
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Answer } from "../../protocol/session.ts"
import { approvalCard } from "../../runtime/approval-card.ts"
import { Action, CONFIRMATION_LIFETIME_MS } from "../../runtime/commands/action.ts"

import { actionsOf, readPayload } from "../delivery/payload.ts"
import { type Address, formatAddress, laneOf } from "../places/address.ts"
import { type Migration, movedTo } from "../places/groups.ts"
import { concat, quote } from "../rendering/rich.ts"
import { optionLine } from "./approval-view.ts"
import {
  answerOffer,
  type CardContext,
  closedCard,
  decisionLine,
  missedLine,
  openCard,
  type Seen,
  wholeText,
} from "./card.ts"
import { Crowd } from "./crowd.ts"
import { type Answering, NOT_BEGUN } from "./questions.ts"

export type RequestNoticeSpec = Omit<CardContext, "session" | "to"> & { readonly clock: Pick<Clock, "now"> }

interface Posted {
  readonly to: Address
  readonly key: string
  /** False while it is still owed. */
  readonly isThere: boolean
}

export class RequestNotices {
  readonly #spec: RequestNoticeSpec
  readonly #crowd: Crowd

  constructor(spec: RequestNoticeSpec) {
    this.#spec = spec
    this.#crowd = new Crowd({ ...spec, isShown: (request, to) => this.#isShown(request, to) })
  }

  opened(request: StoredRequest, session: Session, to: Address): void {
    if (this.#crowd.admits(session.id, to))
      this.#post(request, { session, to, key: this.#nextKey(request, to) })
  }

  /** It may be asked more than once. */
  #nextKey(request: StoredRequest, to: Address): string {
    const posts = this.#cards(request).length
    return posts === 0 ? keyOf(request, to) : `${keyOf(request, to)}:${posts}`
  }

  /** Another question of the same request, or another choice of options. */
  stepped(request: StoredRequest, to: Address): void {
    const session = this.#spec.ledger.sessions.find(request.session)
    if (session === null) return
    const how = { answering: this.#answering(request), seen: "on_card" } as const
    const { rich, buttons } = openCard(request, how, this.#context(session, to))
    const card = this.#cards(request).findLast((posted) => isSamePlace(posted.to, to))
    if (card)
      this.#spec.out.edit(to, { key: card.key }, rich, { priority: "answer", buttons, request: request.id })
  }

  closed(request: StoredRequest, session: Session): void {
    const about = { priority: "answer", request: request.id } as const
    for (const { to, key } of this.#newest(request))
      this.#spec.out.edit(to, { key }, closedCard(request, this.#context(session, to)), about)
    for (const { to, key } of this.#posted(request, REPLY_KEY))
      this.#spec.out.edit(to, { key }, decisionLine(request, this.#context(session, to)), about)
    for (const { to } of this.#newest(request)) {
      const next = this.#crowd.next(session.id, to)
      if (next) this.#post(next, { session, to, key: keyOf(next, to) })
    }
  }

  /** The owner wrote something under the card. What it means is theirs to say, with a button: nothing is decided by it. */
  askWhetherToDeny(request: StoredRequest, reason: string, to: Address): void {
    const { out, say, ledger, clock } = this.#spec
    const { id, body } = request
    if (body.kind === "question") return
    const deny = body.options.find(({ effect }) => isDenial(effect))
    const allow = body.options.find(({ effect }) => effect === "allow_once")
    // What could not be shown is not allowed by this way either.
    const isOffered =
      allow !== undefined && ledger.outbox.ofRequest(id).some((row) => offers(row, allow.id, ledger))
    const answering = (option: string, words: string, style: "danger" | "success", given?: string) => {
      const answer = { kind: "option", option, ...(given === undefined ? {} : { reason: given }) } as const
      return [out.button(to, words, answerOffer(request, answer), style)]
    }
    const isPlan = body.kind === "plan"
    const denial = isPlan ? "plan_keep" : deny?.effect === "deny_stop" ? "deny_stop" : "deny"
    const buttons = [
      ...(deny ? [answering(deny.id, say(`button.${denial}`), "danger", reason)] : []),
      ...(isOffered
        ? [answering(allow.id, say(isPlan ? "button.plan_approve" : "button.allow_once"), "success")]
        : []),
    ]
    const key = `${REPLY_KEY}${id}:${formatAddress(to)}:${clock.now()}`
    const content = concat(
      say(isPlan ? "request.reply_ask_plan" : "request.reply_ask"),
      "\n",
      quote(reason.slice(0, REASON_SHOWN).toWellFormed()),
    )
    out.text(to, content, {
      key,
      priority: "answer",
      buttons,
      session: request.session,
      turn: request.turn,
      request: id,
    })
  }

  /** An option that grants more than it seems to is given with a second tap, on what it means. Only inside a transaction. */
  askWhetherItLasts(request: StoredRequest, answer: Answer, to: Address): void {
    const { out, say, ledger, clock } = this.#spec
    const { id, body } = request
    const session = ledger.sessions.find(request.session)
    if (body.kind !== "approval" || answer.kind !== "option" || session === null) return
    const { options } = approvalCard(body, session)
    const option = options.find((one) => one.id === answer.option)
    if (option === undefined) return
    const line = optionLine(option, say)
    const about = { session: request.session, option: line.text }
    const isSession = option.effect === "allow_session"
    const text = isSession ? say("request.rule_ask_session", about) : say("request.rule_ask", about)
    const sure = { ...answerOffer(request, answer), lastsMs: CONFIRMATION_LIFETIME_MS }
    const buttons = [[out.button(to, say("button.rule_sure"), sure, "danger")]]
    const key = `${REPLY_KEY}${id}:${formatAddress(to)}:${clock.now()}`
    out.text(to, text, {
      key,
      priority: "answer",
      buttons,
      session: request.session,
      turn: request.turn,
      request: id,
    })
  }

  /** The file that shows a request whole has gone out, or never will: now the card can say what is so. */
  wholeSettled(row: OutboxRow): void {
    const { ledger } = this.#spec
    const request = row.request === null ? null : ledger.requests.find(row.request)
    const session = request && ledger.sessions.find(request.session)
    const payload = readPayload(row.payload)
    if (!session || request.state !== "open" || payload?.kind !== "file") return
    const key = keyOf(request, payload.to)
    if (ledger.outbox.findByKey(key) === null) this.#post(request, { session, to: payload.to, key })
  }

  /** Cards that a crash kept back after their file had failed. */
  resume(request: StoredRequest): void {
    for (const row of this.#spec.ledger.outbox.ofRequest(request.id))
      if (isWhole(row) && row.state !== "pending" && row.state !== "sending") this.wholeSettled(row)
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
    const again = this.#nextKey(request, to)
    const heading = closedCard(request, this.#context(session, to), say("request.asked_again"))
    out.edit(to, { key }, heading, { priority: "status", request: request.id })
    this.#post(request, { session, to, key: again })
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
      else if (this.#crowd.admits(id, to))
        this.#post(request, { session, to, key: this.#nextKey(request, to) })
    }
  }

  /** Its card can no longer be tapped at one bot: asked again at another, once. Only inside a transaction. */
  bring(request: StoredRequest, { from, to }: { from: number; to: Address }): void {
    const session = this.#spec.ledger.sessions.find(request.session)
    const cards = this.#cards(request)
    const isThere = cards.some((card) => isSamePlace(card.to, to))
    const wasAsked = cards.some((card) => card.to.bot === from)
    if (session && wasAsked && !isThere) this.#post(request, { session, to, key: keyOf(request, to) })
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
    const context = this.#context(session, to)
    const seen = this.#seen(request, context)
    if (seen === "not_yet") return
    const { rich, buttons } = openCard(request, { answering: this.#answering(request), seen }, context)
    const about = { session: request.session, turn: request.turn, request: request.id }
    this.#spec.out.text(to, concat(rich), { key, priority: "request", buttons, ...about })
  }

  /** A card that is too long is posted after the file that shows it whole. */
  #seen(request: StoredRequest, context: CardContext): Seen | "not_yet" {
    const { out, ledger } = this.#spec
    const text = wholeText(request, context)
    if (text === null) return "on_card"
    const { to } = context
    const key = wholeKey(request, to)
    switch (ledger.outbox.findByKey(key)?.state) {
      case "sent":
        return "in_file"
      case "failed":
      case "dropped":
        return "not_sent"
      case "pending":
      case "sending":
        return "not_yet"
      case undefined: {
        const name = `${request.session}-request.${request.body.kind === "plan" ? "md" : "txt"}`
        const about = { session: request.session, turn: request.turn, request: request.id }
        const file = { kind: "file", to, text, name, as: "document", silent: true } as const
        out.owe(to, file, { key, priority: "request", ...about })
        return "not_yet"
      }
    }
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
    return this.#posted(request, CARD_KEY)
  }

  #isShown(request: StoredRequest, to: Address): boolean {
    const isFileThere = this.#spec.ledger.outbox.findByKey(wholeKey(request, to)) !== null
    return isFileThere || this.#everywhere(request).some((posted) => isSamePlace(posted.to, to))
  }

  #posted(request: StoredRequest, prefix: string): readonly Posted[] {
    return this.#spec.ledger.outbox.ofRequest(request.id).flatMap((row) => {
      const payload = readPayload(row.payload)
      if (!row.key?.startsWith(prefix) || payload?.kind !== "text") return []
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

const CARD_KEY = "request:"
const REPLY_KEY = "request-reply:"
const WHOLE_KEY = "request-whole:"
/** UTF-16 units of the owner's own words, shown to them again. */
const REASON_SHOWN = 300

const keyOf = ({ id }: StoredRequest, to: Address): string => `${CARD_KEY}${id}:${formatAddress(to)}`
const wholeKey = ({ id }: StoredRequest, to: Address): string => `${WHOLE_KEY}${id}:${formatAddress(to)}`

/** Whether the row is the file that shows a request whole. */
export const isWhole = ({ key }: Pick<OutboxRow, "key">): boolean => key?.startsWith(WHOLE_KEY) ?? false

const OptionArgs = z.object({ answer: z.object({ option: z.string() }) })

/** Whether this message offers the option. */
function offers({ payload: stored }: OutboxRow, option: string, { actions }: CardContext["ledger"]): boolean {
  const payload = readPayload(stored)
  return (payload === null ? [] : actionsOf(payload)).some((id) => {
    const action = Action.safeParse(actions.find(id)?.body).data
    const { answer } = OptionArgs.safeParse(action?.args).data ?? {}
    return action?.of === "request" && answer?.option === option
  })
}

const isSamePlace = (a: Address, b: Address): boolean => formatAddress(a) === formatAddress(b)
