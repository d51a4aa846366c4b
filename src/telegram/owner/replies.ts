/** What the owner writes as a reply to a card: an answer of their own, the reason of a denial, a prompt's new text. */
import type { Message } from "grammy/types"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { TurnId } from "../../protocol/ids.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Address, formatAddress } from "../places/address.ts"
import { repliedTo, rowRepliedTo } from "../places/addressed.ts"
import { shownAt } from "../places/reach.ts"
import { pre } from "../rendering/rich.ts"
import type { RequestAnswers } from "../requests/answers.ts"

export interface RepliesSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly requestAnswers: RequestAnswers
}

export class Replies {
  readonly #spec: RepliesSpec

  constructor(spec: RepliesSpec) {
    this.#spec = spec
  }

  /** Null when the message is no such reply. */
  prepare(message: Message, address: Address): Effect | null {
    const { kernel, requestAnswers } = this.#spec
    const row = rowRepliedTo(kernel.ledger, message, address)
    const text = message.text ?? ""
    if (text === "") return null
    if (!row) return repliedTo(message) ? null : this.#typed(text, message, address)
    const tell = (said: string) => this.#tell(said, message, address)
    const request = row.request === null ? null : kernel.ledger.requests.find(row.request)
    // Once it is decided, a reply to its card is simply the next prompt of that session.
    if (request && (request.state === "open" || this.#isLate(request.closedAt))) {
      return () => {
        const notice = requestAnswers.reply(request.id, text, address)
        if (notice) tell(notice.text)
      }
    }
    if (!row.key?.startsWith(EDIT_KEY) || !row.turn) return null
    return this.#newText(row.turn, text, tell)
  }

  /** The agent waits for one answer, and nothing else is open here: these words are it. */
  #typed(text: string, message: Message, address: Address): Effect | null {
    const { kernel, requestAnswers } = this.#spec
    const session = shownAt(kernel.ledger, address)
    const [request, ...others] = session === null ? [] : kernel.ledger.requests.openOf(session)
    if (!request || others.length > 0 || !requestAnswers.takes(request, text)) return null
    return () => {
      const notice = requestAnswers.reply(request.id, text, address)
      if (notice) this.#tell(notice.text, message, address)
    }
  }

  /** Asks for the new text of a waiting prompt; the owner's reply is it. Only inside a transaction. */
  askForText(id: TurnId, to: Address): void {
    const { kernel, say, out } = this.#spec
    const turn = kernel.ledger.turns.find(id)
    if (turn?.prompt.text) out.text(to, pre(turn.prompt.text), quiet)
    const key = `${EDIT_KEY}${id}:${formatAddress(to)}:${kernel.clock.now()}`
    out.text(to, say("queue.edit_how"), { key, priority: "answer", turn: id, forceReply: true })
  }

  #newText(id: TurnId, text: string, tell: (text: string) => void): Effect {
    const { kernel, say } = this.#spec
    return () => {
      const turn = kernel.ledger.turns.find(id)
      if (turn?.state === "steering") return tell(say("error.turn_steering"))
      if (turn?.state !== "queued") return tell(say("queue.too_late"))
      if (turn.prompt.text === text) return tell(say("queue.unchanged"))
      kernel.turns.edit(id, { text, files: turn.prompt.files })
      tell(say("queue.edited"))
    }
  }

  /** Written while somebody else decided: meant for the card, so it must not become a prompt. */
  #isLate(closedAt: number | null): boolean {
    return closedAt !== null && this.#spec.kernel.clock.now() - closedAt < LATE_MS
  }

  #tell(text: string, message: Message, to: Address): void {
    const key = `reply:${formatAddress(to)}:${message.message_id}`
    this.#spec.out.text(to, text, { key, priority: "answer" })
  }
}

const EDIT_KEY = "edit:"
const LATE_MS = 60_000
const quiet = { key: null, priority: "answer", silent: true } as const
