/** Decides what each of the owner's updates means, and prepares its effect. */

import type { Message, Update } from "grammy/types"
import { type Hold, isAtWork } from "../../core/turn.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Membership } from "../chats/membership.ts"
import type { Migrations } from "../chats/migrations.ts"
import type { Topics } from "../chats/topics.ts"
import type { CommandLines } from "../commands/lines.ts"
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
}

export interface ConversationSpec {
  readonly kernel: Kernel
  readonly lines: CommandLines
  readonly prompts: Prompts
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
    if (update.edited_message) return this.#spec.prompts.edited(update.edited_message, address)
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

  async #messages(messages: readonly Message[], { address, clientId, hold }: Received): Promise<Effect> {
    const { lines, replies, prompts, topics } = this.#spec
    const [first] = messages
    if (!first) return nothing
    return (
      topics.onMessage(first, address) ??
      lines.prepare(first, { address, clientId, hold }) ??
      replies.prepare(first, address) ??
      prompts.prepare(messages, { address, clientId, hold })
    )
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
