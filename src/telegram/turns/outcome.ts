/** The last word on a turn: the answer or the reason why there is none, and the files that came with it. */
import { takeFileLines } from "../../core/outgoing-file.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { Outcome } from "../../protocol/session.ts"
import { promptLine } from "../../runtime/commands/prompt-line.ts"
import { turnOffer } from "../../runtime/commands/turn-offer.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Buttons } from "../delivery/payload.ts"
import { sendNamedFile } from "../files/named.ts"
import { type Address, formatAddress } from "../places/address.ts"
import { shownAt } from "../places/reach.ts"
import { bold, join, quote, type Rich } from "../rendering/rich.ts"
import { sourceOf } from "./card.ts"
import { composeFinal, type Final } from "./final.ts"

export interface AnswersSpec {
  readonly ledger: Ledger
  readonly say: TelegramSay
  readonly out: Outgoing
}

export interface Ended {
  readonly turn: Turn
  readonly outcome: Outcome
  readonly session: Session
}

const PROMPT_SHOWN = 120

export class Answers {
  readonly #spec: AnswersSpec

  constructor(spec: AnswersSpec) {
    this.#spec = spec
  }

  tell({ turn, outcome, session }: Ended, to: Address): void {
    const { say, out } = this.#spec
    const { text, paths, left } = takeFileLines(outcome.text)
    const onlyFiles = text.trim() === "" && paths.length > 0 && outcome.kind === "completed"
    const header = this.#header(turn, session, to)
    if (!onlyFiles) {
      const final = composeFinal(turn, { ...outcome, text }, { say, header })
      this.#sendParts(turn, final, to)
      if (final.asFile) this.#sendWhole(turn, text, to)
    }
    for (const path of paths)
      sendNamedFile({ path, session: session.id, turn: turn.id, to, allowed: null }, out)
    if (left > 0)
      out.text(to, say("file.too_many", { sent: paths.length, left }), {
        key: `file:${turn.id}:${formatAddress(to)}:left`,
        priority: "final",
        session: session.id,
        turn: turn.id,
        silent: true,
      })
  }

  /** Where the reader sees neither the session nor what was asked. */
  #header(turn: Turn, session: Session, to: Address): Rich | null {
    const isElsewhere = shownAt(this.#spec.ledger, to) !== session.id
    const isFromElsewhere = turn.channel === null && turn.origin === "owner"
    const parts = [
      isElsewhere ? bold(session.title ? `${session.id} · ${session.title}` : session.id) : null,
      isFromElsewhere ? quote(promptLine(turn, PROMPT_SHOWN)) : null,
    ].filter((part) => part !== null)
    return parts.length === 0 ? null : join(parts, "\n")
  }

  /** Only the first part notifies. */
  #sendParts(turn: Turn, { parts, offers }: Final, to: Address): void {
    const place = formatAddress(to)
    parts.forEach((part, index) => {
      const isFirst = index === 0
      this.#spec.out.text(to, part, {
        key: `final:${turn.id}:${place}:${index}`,
        priority: "final",
        session: turn.session,
        turn: turn.id,
        silent: !isFirst,
        replyTo: isFirst ? sourceOf(turn) : null,
        buttons: index === parts.length - 1 ? this.#offers(turn, offers, to) : [],
      })
    })
  }

  #offers(turn: Turn, offers: Final["offers"], to: Address): Buttons {
    if (offers.length === 0 || turn.origin === "provider") return []
    const { say, out } = this.#spec
    return [
      offers.map((offer) => {
        const how = offer === "continue" ? "continue" : "repeat"
        return out.button(to, say(`button.${offer}`), turnOffer(how, turn))
      }),
    ]
  }

  #sendWhole(turn: Turn, text: string, to: Address): void {
    const name = `answer-${turn.id.slice(0, 8)}.md`
    const key = `final:${turn.id}:${formatAddress(to)}:file`
    const row = { key, priority: "final", session: turn.session, turn: turn.id } as const
    this.#spec.out.owe(to, { kind: "file", to, text, name, as: "document", silent: true }, row)
  }
}
