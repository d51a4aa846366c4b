/** The owner's prompts. */
import type { Message } from "grammy/types"
import { z } from "zod"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Hold } from "../../core/turn.ts"
import type { Channel } from "../../ledger/channels.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { SessionId } from "../../protocol/ids.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import { wordError } from "../../runtime/commands/error-words.ts"
import { OwnerError } from "../../runtime/errors.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import { isLabelKnown, providerLabel } from "../../runtime/provider-label.ts"
import type { Topics } from "../chats/topics.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Act, type Notice, removeButtons, type Tapped } from "../delivery/tapped.ts"
import { carriesFile, type Fetched, type FetchPlace } from "../files/received.ts"
import { type Address, formatAddress, TELEGRAM } from "../places/address.ts"
import { rowRepliedTo, sessionAddressed } from "../places/addressed.ts"
import { bold } from "../rendering/rich.ts"
import { MissingFiles } from "./missing-files.ts"
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

export class Prompts {
  readonly #spec: PromptsSpec
  readonly #missing: MissingFiles

  constructor(spec: PromptsSpec) {
    this.#spec = spec
    const { say, out } = spec
    this.#missing = new MissingFiles({
      say,
      out,
      prepare: ({ messages, clientId, hold }, { address, ...how }) =>
        this.#prepare(messages, { address, clientId, hold }, how),
    })
  }

  /** `messages` are one prompt: a message, an album or a cut paste. */
  prepare(messages: readonly Message[], sent: Sent): Promise<Effect> {
    return this.#prepare(messages, sent, { without: false, attempt: sent.clientId })
  }

  /** The owner's word on a prompt whose files could not be had, or on words that were not taken for a prompt. */
  readonly tapped = (tapped: Tapped): Promise<Act> | Act | null => {
    if (tapped.action.of === "fetch") return this.#missing.tapped(tapped)
    const text = z.object({ text: z.string() }).safeParse(tapped.action.args).data?.text
    const { session } = tapped.action
    return text === undefined || session === null ? null : () => this.#sendTapped(session, text, tapped)
  }

  #sendTapped(session: SessionId, text: string, tapped: Tapped): Notice {
    const { kernel, say, out } = this.#spec
    const channel = kernel.ledger.channels.ensure(
      TELEGRAM,
      formatAddress(tapped.address),
      kernel.clock.now(),
    ).id
    const of = { session, channel, source: null, hold: null, clientId: tapped.clientId }
    submitOwnerPrompt(kernel, { ...of, prompt: { text, files: [] } })
    removeButtons(out, tapped)
    return { text: say("queue.released") }
  }

  async #prepare(
    messages: readonly Message[],
    sent: Sent,
    { without, attempt }: { without: boolean; attempt: string },
  ): Promise<Effect> {
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
    const { files, problems } = await this.#spec.fetchFiles(messages, { bot: address.bot, session })
    return () => {
      if (isFresh) this.#introduce(session, sent)
      const hasMore = text !== "" || files.length > 0
      if (problems.length > 0 && !without) {
        const about = { address, session: session.id, problems, attempt, hasMore }
        return this.#missing.ask({ messages, clientId, hold: sent.hold }, about)
      }
      if (!hasMore) return
      submitOwnerPrompt(kernel, {
        session: session.id,
        prompt: { text, files },
        channel: channel.id,
        source: String(first.message_id),
        hold: sent.hold,
        clientId,
      })
      this.#acknowledge(first, address)
    }
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
