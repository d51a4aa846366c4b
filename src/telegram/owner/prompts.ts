/** The owner's prompts: new ones, and changes of those that still wait. */
import type { Message } from "grammy/types"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Hold } from "../../core/turn.ts"
import type { Channel } from "../../ledger/channels.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Turn } from "../../ledger/turns.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import { wordError } from "../../runtime/commands/error-words.ts"
import { OwnerError } from "../../runtime/errors.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Topics } from "../chats/topics.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { carriesFile, type Fetched, type FetchPlace } from "../files/received.ts"
import { type Address, formatAddress, TELEGRAM } from "../places/address.ts"
import { rowRepliedTo, sessionAddressed } from "../places/addressed.ts"
import { bold } from "../rendering/rich.ts"
import { TEXT_LIMIT } from "../wire/limits.ts"
import { isLabelKnown, providerLabel } from "../words/provider-label.ts"
import { joinTexts } from "./prompt-text.ts"
import { isNews } from "./special-content.ts"
import { submitOwnerPrompt } from "./submit.ts"

export interface PromptsSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly topics: Topics
  /** Fetches what the messages carry into the session's store; says which files could not be had and why. */
  readonly fetchFiles: (messages: readonly Message[], at: FetchPlace) => Promise<Fetched>
}

export interface Sent {
  readonly address: Address
  /** Identifies the update across redeliveries. */
  readonly clientId: string
  /** Why a prompt made of it has to wait: it came while nobody was here. */
  readonly hold: Hold | null
}

/** Among so many turns of a session is the last that has ended. */
const RECENT = 20
/** What is passed on by a command is what follows it. */
const STEER = /^\/steer(?:@\w+)?\s+/i

export class Prompts {
  readonly #spec: PromptsSpec

  constructor(spec: PromptsSpec) {
    this.#spec = spec
  }

  /** `messages` are one prompt: a message, an album or a cut paste. */
  async prepare(messages: readonly Message[], sent: Sent): Promise<Effect> {
    const { kernel, out } = this.#spec
    const { address, clientId } = sent
    const [first] = messages
    if (!first) return nothing
    const text = joinTexts(messages, { knows: () => this.#isLastAnswer(first, address) })
    if (text === "" && !messages.some(carriesFile)) return this.#unreadable(first, sent)
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(address), kernel.clock.now())
    const prepared = await this.#sessionOrFresh(channel, first, address)
    if (typeof prepared === "string")
      return () => out.text(address, prepared, { key: `reply:${clientId}`, priority: "answer" })
    const { session, isFresh } = prepared
    const fetched = await this.#spec.fetchFiles(messages, { bot: address.bot, session })
    return () => {
      if (isFresh) this.#introduce(session, sent)
      for (const [index, problem] of fetched.problems.entries()) {
        out.text(address, problem, { key: `problem:${clientId}:${index}`, priority: "answer" })
      }
      if (text === "" && fetched.files.length === 0) return
      submitOwnerPrompt(kernel, {
        session: session.id,
        prompt: { text, files: fetched.files },
        channel: channel.id,
        source: String(first.message_id),
        hold: sent.hold,
        clientId,
      })
      this.#acknowledge(first, address)
    }
  }

  /** Editing the original message changes the prompt while it waits. Later it changes nothing, and that is said. */
  edited(message: Message, address: Address): Effect {
    const { kernel } = this.#spec
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(address), kernel.clock.now())
    const turn = kernel.ledger.turns.findByMessage(channel.id, String(message.message_id))
    // A live location is edited by moving about.
    if (message.location) return nothing
    const text = joinTexts([message]).replace(STEER, "")
    if (!turn || text === "" || text === turn.prompt.text) return nothing
    return () => this.#applyEdit(turn, text, { message, address })
  }

  #applyEdit(turn: Turn, text: string, { message, address }: { message: Message; address: Address }): void {
    const { kernel, say, out } = this.#spec
    const current = kernel.ledger.turns.find(turn.id)
    const isWaiting = current?.state === "queued"
    // One piece of a cut paste says nothing of the others.
    const isWhole = (current?.prompt.text.length ?? 0) <= TEXT_LIMIT
    if (isWaiting && isWhole) {
      kernel.turns.edit(turn.id, { text, files: current.prompt.files })
      return
    }
    const key = `edit_late:${formatAddress(address)}:${message.message_id}:${message.edit_date ?? 0}`
    const late = say(current?.state === "steering" ? "error.turn_steering" : "queue.edit_late")
    out.text(address, isWaiting ? say("queue.edit_pieces") : late, {
      key,
      priority: "answer",
      session: turn.session,
      replyTo: message.message_id,
      silent: true,
    })
  }

  /** What the agent said last, it has in mind; of anything before, it must be told what is meant. */
  #isLastAnswer(message: Message, address: Address): boolean {
    const { ledger } = this.#spec.kernel
    const row = rowRepliedTo(ledger, message, address)
    if (row === null || row.session === null) return false
    if (row.request !== null || row.turn === null) return true
    const last = ledger.turns.recent(row.session, RECENT).find(({ endedAt }) => endedAt !== null)
    return last === undefined || last.id === row.turn
  }

  #unreadable(message: Message, { address, clientId }: Sent): Effect {
    if (isNews(message)) return nothing
    const { say, out } = this.#spec
    return () => out.text(address, say("unsupported"), { key: `reply:${clientId}`, priority: "answer" })
  }

  /** The session to use, made when the chat has none yet; a text when that is not possible. */
  async #sessionOrFresh(
    channel: Channel,
    message: Message,
    address: Address,
  ): Promise<{ session: Session; isFresh: boolean } | string> {
    const { kernel, say, topics } = this.#spec
    const session = sessionAddressed(kernel.ledger, message, { channel, address })
    if (session) return { session, isFresh: false }
    try {
      const provider = await kernel.providers.choose()
      await this.#learnNames(provider)
      return kernel.ledger.transact(() => {
        const fresh = kernel.sessions.create({ provider })
        kernel.sessions.bind(channel.id, fresh.id)
        const title = topics.givenTitle(address)
        const named = title === null ? fresh : kernel.sessions.rename(fresh.id, title)
        return { session: named, isFresh: true }
      })
    } catch (error) {
      const text = wordError(error, say)
      if (text === null) throw error
      return text
    }
  }

  /** So that the very first session is introduced by its agent's name. Not worth failing for. */
  async #learnNames(provider: string): Promise<void> {
    const { kernel } = this.#spec
    if (isLabelKnown(kernel.ledger, provider)) return
    try {
      await kernel.providers.list()
    } catch (error) {
      if (!(error instanceof OwnerError)) throw error
      kernel.log.debug({ err: error }, "the agents' names are not known yet")
    }
  }

  #introduce(session: Session, { address, clientId }: Sent): void {
    const { kernel, say, out } = this.#spec
    const provider = providerLabel(kernel.ledger, session.provider)
    out.text(address, bold(say("session.auto", { session: session.id, provider })), {
      key: `fresh:${clientId}`,
      priority: "answer",
      session: session.id,
      silent: true,
    })
  }

  #acknowledge(message: Message, to: Address): void {
    const payload = { kind: "reaction", to, message: message.message_id, emoji: "👀" } as const
    const key = `seen:${formatAddress(to)}:${message.message_id}`
    // Behind status traffic it would come seconds late, and it is what says that the message has arrived.
    this.#spec.out.owe(to, payload, { key, priority: "answer" })
  }
}
