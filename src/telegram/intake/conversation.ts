/** Decides what each of the owner's updates means, and prepares its effect. */

import type { Message, Update } from "grammy/types"
import { type Hold, isAtWork } from "../../core/turn.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Membership } from "../chats/membership.ts"
import type { Migrations } from "../chats/migrations.ts"
import type { Topics } from "../chats/topics.ts"
import type { CommandLines } from "../commands/lines.ts"
import type { Edits } from "../owner/edits.ts"
import type { Prompts } from "../owner/prompts.ts"
import type { Replies } from "../owner/replies.ts"
import type { Taps } from "../owner/taps.ts"
import type { Address } from "../places/address.ts"
import { migrationOf } from "../places/groups.ts"
import { shownAt } from "../places/reach.ts"
import type { Progress } from "../turns/progress.ts"

export interface Received {
  readonly update: Update
  readonly address: Address
  /** Identifies the update across redeliveries. */
  readonly clientId: string
  /** It came while nobody was here: a prompt made of it waits for the owner's word. */
  readonly hold: Hold | null
  /** What an edited message said before; null when that is not known, and for anything else. */
  readonly before: Message | null
}

export interface ConversationSpec {
  readonly kernel: Kernel
  readonly lines: CommandLines
  readonly prompts: Prompts
  readonly edits: Edits
  readonly replies: Replies
  readonly taps: Taps
  readonly topics: Topics
  readonly progress: Pick<Progress, "turnOfDraft">
  readonly membership: Pick<Membership, "prepare">
  readonly migrations: Pick<Migrations, "follow">
}

const STOP = /^\/stop(?:@\w+)?\s*$/i

export class Conversation {
  readonly #spec: ConversationSpec

  constructor(spec: ConversationSpec) {
    this.#spec = spec
  }

  /** `received` belongs together: one update, an album or a cut paste. */
  async prepare(received: readonly Received[]): Promise<Effect> {
    const [first] = received
    if (!first) return nothing
    const { update, address, clientId } = first
    if (address.thread !== null) this.#spec.topics.heard(address)
    const moved = update.message ? migrationOf(update.message) : null
    if (moved) return () => this.#spec.migrations.follow(moved)
    if (update.my_chat_member) return this.#spec.membership.prepare(update.my_chat_member, address)
    if (update.callback_query?.message) {
      const place = { address, message: update.callback_query.message.message_id, clientId }
      return this.#spec.taps.prepare(update.callback_query, place)
    }
    if (update.stopped_message_generation)
      return this.#stopDraft(address, update.stopped_message_generation.draft_id)
    if (update.edited_message) return this.#edited(update.edited_message, first)
    const messages = received.map((entry) => entry.update.message).filter((message) => message !== undefined)
    return this.#messages(messages, first)
  }

  /** What takes effect on work that is under way: it may overtake the owner's messages before it. */
  isUrgent({ update, address }: Received): boolean {
    if (update.callback_query ?? update.stopped_message_generation) return true
    return STOP.test(update.message?.text ?? "") && this.#isAtWork(address)
  }

  /** Where nothing runs yet, a stop is meant for the message before it and keeps its place. */
  #isAtWork(address: Address): boolean {
    const { ledger } = this.#spec.kernel
    const session = shownAt(ledger, address)
    return session !== null && ledger.turns.open(session).some(isAtWork)
  }

  async #messages(messages: readonly Message[], received: Received): Promise<Effect> {
    const { replies, prompts, topics } = this.#spec
    const { address, clientId, hold } = received
    const [first] = messages
    if (!first) return nothing
    const news = topics.onMessage(first, address)
    if (news) return news
    // Words of others are never commands or answers, whatever they say.
    const isOwn = messages.every((message) => message.forward_origin === undefined)
    const own = isOwn ? (this.#command(messages, received) ?? replies.prepare(first, address)) : null
    return own ?? prompts.prepare(messages, { address, clientId, hold })
  }

  /** What Telegram cut into pieces is one command all the same. */
  #command(messages: readonly Message[], received: Received): Promise<Effect> | null {
    const [first] = messages
    const isPaste = messages.every(({ text }) => text !== undefined)
    if (!first) return null
    const text = isPaste
      ? messages.map((message) => message.text).join("")
      : (first.text ?? first.caption ?? "")
    return this.#spec.lines.prepare(text, { ...received, message: first })
  }

  #edited(message: Message, received: Received): Effect | Promise<Effect> {
    const { edits } = this.#spec
    const { address, before } = received
    return edits.prepare(message, { address, before }) ?? this.#messages([message], received)
  }

  #stopDraft(address: Address, draftId: number): Effect {
    const { kernel, progress } = this.#spec
    const id = progress.turnOfDraft(address, draftId)
    const turn = id === null ? null : kernel.ledger.turns.find(id)
    if (!turn || turn.endedAt !== null) return nothing
    return () => {
      kernel.turns.stop(turn.session, { clearQueue: false })
    }
  }
}
