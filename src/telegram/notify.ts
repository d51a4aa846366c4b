/** What Telegram owes the owner for each fact of the runtime. Runs inside the fact's own transaction. */
import { mkdirSync, writeFileSync } from "node:fs"
import { join as joinPath } from "node:path"
import { takeFileLines } from "../core/outgoing-file.ts"
import type { RiskSay } from "../core/texts/risk.ts"
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { AttemptHold } from "../core/turn.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Outcome } from "../protocol/session.ts"
import type { Fact, Surface } from "../runtime/surface.ts"
import { type Address, formatAddress, TELEGRAM } from "./address.ts"
import { short } from "./commands/work.ts"
import { sendNamedFile } from "./files-out.ts"
import { composeFinal } from "./final.ts"
import type { Outgoing } from "./outgoing.ts"
import { clockTime, wordFailure } from "./owner-words.ts"
import type { Buttons } from "./payload.ts"
import { addressesOf, type Reach } from "./reach.ts"
import { bold, concat, type Rich } from "./rendering/rich.ts"
import { type CardContext, closedCard, openCard } from "./requests/card.ts"
import { NOT_BEGUN } from "./requests/questions.ts"

export interface NotifySpec {
  readonly reach: Reach
  readonly say: TelegramSay
  readonly sayRisk: RiskSay
  readonly out: Outgoing
  /** Directory of the files received for, and made for, a session. */
  readonly attachmentsOf: (session: Session) => string
}

/** Keys under which the messages of a turn or a request are found again. */
export const keys = {
  queued: (turn: Turn, to: Address) => `queued:${turn.id}:${formatAddress(to)}`,
  card: (turn: Turn, to: Address) => `card:${turn.id}:${formatAddress(to)}`,
  request: (request: Pick<StoredRequest, "id">, to: Address) => `request:${request.id}:${formatAddress(to)}`,
} as const

export class TelegramNotices implements Surface {
  readonly name = TELEGRAM
  readonly #spec: NotifySpec

  constructor(spec: NotifySpec) {
    this.#spec = spec
  }

  onFact(fact: Fact): void {
    if (fact.kind === "session.changed") return
    const session = this.#spec.reach.ledger.sessions.find(fact.turn.session)
    if (!session) return
    for (const to of addressesOf(this.#spec.reach, fact.turn)) this.#tell(fact, session, to)
  }

  #tell(fact: Exclude<Fact, { kind: "session.changed" }>, session: Session, to: Address): void {
    switch (fact.kind) {
      case "turn.queued":
        return this.#queued(fact.turn, fact.behind, to)
      case "turn.edited":
        return this.#updateQueued(fact.turn, to)
      case "turn.started":
        return this.#removeQueued(fact.turn, to)
      case "turn.steered":
        return this.#steered(fact.turn, fact.outcome, to)
      case "turn.held":
        return this.#held(fact.turn, fact.hold, to)
      case "turn.ended":
        return this.#ended({ turn: fact.turn, outcome: fact.outcome, session, to })
      case "request.opened":
        return this.#opened(fact.request, this.cardContext(session, to))
      case "request.closed":
        return this.#closed(fact.request, this.cardContext(session, to))
    }
  }

  cardContext(session: Session, to: Address): CardContext {
    const { say, sayRisk, out } = this.#spec
    return { say, sayRisk, out, session, to }
  }

  #queued(turn: Turn, behind: Turn | null, to: Address): void {
    if (behind === null && turn.hold === null) return
    const options = { key: keys.queued(turn, to), priority: "status", silent: true } as const
    const replyTo = turn.channel === null ? null : Number(turn.sourceMessage ?? Number.NaN)
    const about = { session: turn.session, turn: turn.id, replyTo: Number.isNaN(replyTo) ? null : replyTo }
    this.#spec.out.text(to, this.#queuedText(turn), {
      ...options,
      ...about,
      buttons: this.#queuedButtons(turn, to),
    })
  }

  #queuedText(turn: Turn): Rich {
    const { say, reach } = this.#spec
    const text = short(turn, 200)
    if (turn.hold?.kind === "confirm") {
      return concat(bold(say("queue.held", { when: clockTime(turn.hold.sentAt) })), `\n${text}`)
    }
    const ahead = reach.ledger.turns
      .open(turn.session)
      .filter((other) => other.position < turn.position).length
    return concat(bold(say("queue.card", { ahead })), `\n${text}`)
  }

  #queuedButtons(turn: Turn, to: Address): Buttons {
    const { say, out } = this.#spec
    const button = (
      label: string,
      kind: "turn.release" | "turn.drop" | "turn.next" | "turn.steer" | "turn.edit",
    ) => out.button(to, label, { kind, turn: turn.id }, kind === "turn.drop" ? "danger" : undefined)
    const edit = button(say("button.edit"), "turn.edit")
    if (turn.hold?.kind === "confirm") {
      return [[button(say("button.run"), "turn.release"), edit, button(say("button.skip"), "turn.drop")]]
    }
    const first = [edit, button(say("button.drop"), "turn.drop")]
    return [first, [button(say("button.steer"), "turn.steer"), button(say("button.run_next"), "turn.next")]]
  }

  #updateQueued(turn: Turn, to: Address): void {
    const key = keys.queued(turn, to)
    if (!this.#spec.reach.ledger.outbox.findByKey(key)) return
    const buttons = this.#queuedButtons(turn, to)
    this.#spec.out.edit(to, { key }, this.#queuedText(turn), { priority: "status", buttons, turn: turn.id })
  }

  #removeQueued(turn: Turn, to: Address): void {
    const key = keys.queued(turn, to)
    if (!this.#spec.reach.ledger.outbox.findByKey(key)) return
    this.#spec.out.owe(
      to,
      { kind: "delete", to, target: { key } },
      { key: `${key}:gone`, priority: "status" },
    )
  }

  #steered(turn: Turn, outcome: "steered" | "too_late" | "unsupported", to: Address): void {
    const { say, out } = this.#spec
    const key = keys.queued(turn, to)
    const hasCard = this.#spec.reach.ledger.outbox.findByKey(key) !== null
    const text = outcome === "steered" ? say("queue.steered") : say("queue.steer_unsupported")
    if (hasCard) out.edit(to, { key }, concat(text, `\n${short(turn, 200)}`), { priority: "status" })
    else out.text(to, text, { key: `steered:${turn.id}`, priority: "status", silent: true })
  }

  #held(turn: Turn, hold: AttemptHold, to: Address): void {
    const { say, out } = this.#spec
    const time = clockTime(hold.until)
    const text =
      hold.kind === "limit"
        ? say("status.limit", { time })
        : say("status.retry", {
            attempt: hold.attempt,
            of: hold.of,
            time,
            why: wordFailure(hold.failure, say),
          })
    const stop = out.button(
      to,
      say("button.stop"),
      { kind: "turn.stop", turn: turn.id, clearQueue: false },
      "danger",
    )
    const options = {
      key: `held:${turn.attempt}`,
      priority: "status",
      silent: hold.kind === "retry",
    } as const
    out.text(to, `⏳ ${text}`, { ...options, session: turn.session, turn: turn.id, buttons: [[stop]] })
  }

  #ended({
    turn,
    outcome,
    session,
    to,
  }: {
    turn: Turn
    outcome: Outcome
    session: Session
    to: Address
  }): void {
    this.#removeQueued(turn, to)
    // Dropped from the queue by the owner, who sees it happen: nothing ran, so nothing is answered.
    if (turn.startedAt === null && outcome.kind === "stopped") return
    const { say, out } = this.#spec
    const { text, paths } = takeFileLines(outcome.text)
    const final = composeFinal(turn, { ...outcome, text }, say)
    const place = formatAddress(to)
    const isElsewhere = this.#shownSession(to) !== session.id
    final.parts.forEach((part, index) => {
      const isLast = index === final.parts.length - 1
      const content =
        isElsewhere && index === 0 ? concat(bold(`${session.id} · ${session.title}`), "\n", part) : part
      out.text(to, content, {
        key: `final:${turn.id}:${place}:${index}`,
        priority: "final",
        session: session.id,
        turn: turn.id,
        replyTo:
          index === 0 && turn.sourceMessage !== null && turn.channel !== null
            ? Number(turn.sourceMessage)
            : null,
        buttons: isLast ? this.#offers(turn, final.offers, to) : [],
      })
    })
    const attachments = this.#spec.attachmentsOf(session)
    if (final.asFile) this.#sendWhole({ turn, text, session, to, attachments })
    for (const path of paths) sendNamedFile({ path, session, turn: turn.id, to }, { say, out, attachments })
  }

  #shownSession(to: Address): string | null {
    const { ledger } = this.#spec.reach
    return (
      ledger.channels.ofSurface(TELEGRAM).find((channel) => channel.address === formatAddress(to))?.session ??
      null
    )
  }

  #offers(turn: Turn, offers: readonly ("run_again" | "continue")[], to: Address): Buttons {
    if (offers.length === 0 || turn.origin === "provider") return []
    const { say, out } = this.#spec
    return [
      offers.map((offer) => {
        const how = offer === "continue" ? "continue" : "repeat"
        return out.button(to, say(`button.${offer}`), { kind: "turn.again", turn: turn.id, how })
      }),
    ]
  }

  #sendWhole(given: { turn: Turn; text: string; session: Session; to: Address; attachments: string }): void {
    const { turn, text, session, to, attachments } = given
    mkdirSync(attachments, { recursive: true, mode: 0o700 })
    const name = `answer-${turn.id.slice(0, 8)}.md`
    const path = joinPath(attachments, name)
    writeFileSync(path, text, { mode: 0o600 })
    const key = `final:${turn.id}:${formatAddress(to)}:file`
    const row = { key, priority: "final", session: session.id, turn: turn.id } as const
    this.#spec.out.owe(to, { kind: "file", to, path, name, as: "document" }, row)
  }

  #opened(request: StoredRequest, context: CardContext): void {
    const { rich, buttons } = openCard(request, NOT_BEGUN, context)
    const about = { session: request.session, turn: request.turn, request: request.id }
    this.#spec.out.text(context.to, rich, {
      key: keys.request(request, context.to),
      priority: "request",
      buttons,
      ...about,
    })
  }

  #closed(request: StoredRequest, context: CardContext): void {
    const key = keys.request(request, context.to)
    if (!this.#spec.reach.ledger.outbox.findByKey(key)) return
    this.#spec.out.edit(context.to, { key }, closedCard(request, context), {
      priority: "answer",
      request: request.id,
    })
  }
}
