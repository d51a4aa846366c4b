/** Decides what each of the owner's updates means, and prepares its effect. */
import type { Message, Update } from "grammy/types"
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { Hold } from "../core/turn.ts"
import type { Channel } from "../ledger/channels.ts"
import type { Session } from "../ledger/sessions.ts"
import type { TurnId } from "../protocol/ids.ts"
import type { PromptFile } from "../protocol/session.ts"
import type { Kernel } from "../runtime/kernel.ts"
import { type Address, formatAddress, laneOf, TELEGRAM } from "./address.ts"
import type { Call, Command } from "./commands/command.ts"
import { commands, parseLine } from "./commands/table.ts"
import { type Effect, nothing } from "./effect.ts"
import type { Outgoing } from "./outgoing.ts"
import { wordError } from "./owner-words.ts"
import type { Progress } from "./progress.ts"
import { joinTexts } from "./prompt-text.ts"
import { bold, concat, type RichPart } from "./rendering/rich.ts"
import type { TapPlace, Taps } from "./taps.ts"

export interface Received {
  readonly update: Update
  readonly address: Address
  /** Identifies the update across redeliveries. */
  readonly clientId: string
}

export interface ConversationSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly taps: Taps
  readonly progress: Progress
  readonly usernameOf: (bot: number) => string | null
  /** Fetches what the messages carry into the session's store; says which files could not be had and why. */
  readonly fetchFiles: (messages: readonly Message[], at: FetchPlace) => Promise<Fetched>
}

export interface FetchPlace {
  readonly bot: number
  readonly session: Session
}

export interface Fetched {
  readonly files: readonly PromptFile[]
  /** For the owner. */
  readonly problems: readonly string[]
}

/** A message that waited longer than this, in ms, met nobody when it was sent: it is offered, not run. */
const OFFLINE_AFTER_MS = 5 * 60_000

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
    if (update.callback_query?.message) {
      const place = { address, message: update.callback_query.message.message_id, clientId }
      return this.#spec.taps.prepare(update.callback_query, place)
    }
    if (update.stopped_message_generation)
      return this.#stopDraft(address, update.stopped_message_generation.draft_id)
    if (update.edited_message) return this.#edited(update.edited_message, address)
    const messages = received.map((entry) => entry.update.message).filter((message) => message !== undefined)
    return messages.length > 0 ? this.#message(messages, first) : nothing
  }

  /** Runs a command line for a tapped button: the card with the button is edited. */
  runLine(line: string, { address, message, clientId }: TapPlace): Promise<Effect> {
    return (
      this.#command(line, { address, clientId, card: message, replyTo: null }) ?? Promise.resolve(nothing)
    )
  }

  async #message(messages: readonly Message[], { address, clientId }: Received): Promise<Effect> {
    const [first] = messages
    if (!first) return nothing
    const command = this.#command(first.text ?? "", { address, clientId, card: null, replyTo: first })
    if (command) return command
    const answered = this.#repliedTo(first, address)
    if (answered) return answered
    return this.#prompt(messages, { address, clientId })
  }

  #command(
    text: string,
    at: { address: Address; clientId: string; card: number | null; replyTo: Message | null },
  ): Promise<Effect> | null {
    const { kernel, say, usernameOf } = this.#spec
    const line = parseLine(text, usernameOf(at.address.bot))
    if (line === null) return null
    if (line === "other_bot") return Promise.resolve(nothing)
    const command = commands.find((entry) => entry.name === line.name)
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(at.address), kernel.clock.now())
    const session = this.#sessionFor(channel, at.replyTo, at.address)
    const { out } = this.#spec
    const call: Call = {
      kernel,
      say,
      address: at.address,
      channel,
      session,
      rest: line.rest,
      words: line.rest === "" ? [] : line.rest.split(/\s+/),
      clientId: at.clientId,
      reply: (content, buttons) => this.#reply(at, content, { session, ...(buttons ? { buttons } : {}) }),
      button: (label, body, style) => out.button(at.address, label, body, style),
    }
    if (!command) return Promise.resolve(() => call.reply(say("help.unknown", { command: line.name })))
    return this.#carefully(command, call)
  }

  /** What the owner can mend is said; it must not look like a fault of ours, nor be swallowed. */
  async #carefully(command: Command, call: Call): Promise<Effect> {
    const words = (error: unknown) => {
      const text = wordError(error, call.say)
      if (text === null) throw error
      call.reply(text)
    }
    try {
      const effect = await command.prepare(call)
      return () => {
        try {
          effect()
        } catch (error) {
          words(error)
        }
      }
    } catch (error) {
      if (wordError(error, call.say) === null) throw error
      return () => words(error)
    }
  }

  #reply(
    at: { address: Address; card: number | null; clientId: string },
    content: RichPart,
    { session, buttons }: { session: Session | null; buttons?: Parameters<Call["reply"]>[1] },
  ): void {
    const { out } = this.#spec
    const shown = buttons && buttons.length > 0 ? { buttons } : {}
    const about = { priority: "answer", session: session?.id ?? null, ...shown } as const
    if (at.card !== null) return out.edit(at.address, { message: at.card }, content, about)
    out.text(at.address, content, { key: `reply:${at.clientId}`, ...about })
  }

  #repliedTo(message: Message, address: Address): Effect | null {
    const { kernel, taps, out, say } = this.#spec
    const row = this.#rowOf(message, address)
    const text = message.text ?? ""
    if (!row || text === "") return null
    if (row.request) {
      const request = kernel.ledger.requests.find(row.request)
      if (!request) return null
      return () => {
        const notice = taps.reply(request, text, address)
        if (notice) out.text(address, notice.text, { key: `reply:${message.message_id}`, priority: "answer" })
      }
    }
    const isEdit = row.key?.startsWith("edit:") && row.turn
    if (!isEdit || !row.turn) return null
    return this.#editTurn(row.turn, text, (said) => {
      out.text(address, said, {
        key: `reply:${formatAddress(address)}:${message.message_id}`,
        priority: "answer",
      })
    })(say)
  }

  #editTurn(id: TurnId, text: string, tell: (text: string) => void): (say: TelegramSay) => Effect {
    const { kernel } = this.#spec
    return (say) => () => {
      const turn = kernel.ledger.turns.find(id)
      if (turn?.state !== "queued") return tell(say("queue.too_late"))
      kernel.turns.edit(id, { text, files: turn.prompt.files })
      tell(say("queue.edited"))
    }
  }

  /** Editing the original message changes the prompt while it waits; afterwards it is history. */
  #edited(message: Message, address: Address): Effect {
    const { kernel } = this.#spec
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(address), kernel.clock.now())
    const turn = kernel.ledger.turns.findByMessage(channel.id, String(message.message_id))
    const text = joinTexts([message])
    if (turn?.state !== "queued" || text === "" || text === turn.prompt.text) return nothing
    return () => {
      const current = kernel.ledger.turns.find(turn.id)
      if (current?.state === "queued") kernel.turns.edit(turn.id, { text, files: current.prompt.files })
    }
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

  async #prompt(messages: readonly Message[], at: { address: Address; clientId: string }): Promise<Effect> {
    const { kernel, say, out } = this.#spec
    const { address, clientId } = at
    const [first] = messages
    if (!first) return nothing
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(address), kernel.clock.now())
    const prepared = await this.#sessionOrFresh(channel, first, address)
    if (typeof prepared === "string")
      return () => out.text(address, prepared, { key: `reply:${clientId}`, priority: "answer" })
    const { session, isFresh } = prepared
    const { files, problems } = await this.#spec.fetchFiles(messages, { bot: address.bot, session })
    const text = joinTexts(messages)
    return () => {
      if (isFresh) this.#introduce(session, { address, clientId })
      for (const [index, problem] of problems.entries()) {
        out.text(address, problem, { key: `problem:${clientId}:${index}`, priority: "answer" })
      }
      if (text === "" && files.length === 0) {
        if (problems.length === 0)
          out.text(address, say("unsupported"), { key: `reply:${clientId}`, priority: "answer" })
        return
      }
      kernel.turns.submit({
        session: session.id,
        origin: "owner",
        channel: channel.id,
        sourceMessage: String(first.message_id),
        clientId,
        prompt: { text, files },
        hold: this.#offlineHold(first),
      })
      this.#acknowledge(first, address)
    }
  }

  /** The session to use, made when the chat has none yet; a text when that is not possible. */
  async #sessionOrFresh(
    channel: Channel,
    message: Message,
    address: Address,
  ): Promise<{ session: Session; isFresh: boolean } | string> {
    const { kernel, say } = this.#spec
    const session = this.#sessionFor(channel, message, address)
    if (session) return { session, isFresh: false }
    try {
      const provider = await kernel.providers.choose()
      return kernel.ledger.transact(() => {
        const fresh = kernel.sessions.create({ provider })
        kernel.sessions.bind(channel.id, fresh.id)
        return { session: fresh, isFresh: true }
      })
    } catch (error) {
      const text = wordError(error, say)
      if (text === null) throw error
      return text
    }
  }

  #introduce(session: Session, { address, clientId }: { address: Address; clientId: string }): void {
    const { say, out } = this.#spec
    const text = bold(say("session.auto", { session: session.id, provider: session.provider }))
    out.text(address, concat(text), {
      key: `fresh:${clientId}`,
      priority: "answer",
      session: session.id,
      silent: true,
    })
  }

  #acknowledge(message: Message, to: Address): void {
    const payload = { kind: "reaction", to, message: message.message_id, emoji: "👀" } as const
    const key = `seen:${formatAddress(to)}:${message.message_id}`
    this.#spec.out.owe(to, payload, { key, priority: "status" })
  }

  #offlineHold(message: Message): Hold | null {
    const sentAt = message.date * 1000
    return sentAt < this.#spec.kernel.clock.now() - OFFLINE_AFTER_MS ? { kind: "confirm", sentAt } : null
  }

  /** Replying to a message addresses its session; otherwise the chat's. */
  #sessionFor(channel: Channel, message: Message | null, address: Address): Session | null {
    const { ledger } = this.#spec.kernel
    const row = message ? this.#rowOf(message, address) : null
    const id = row?.session ?? channel.session
    return id ? ledger.sessions.find(id as Session["id"]) : null
  }

  #rowOf(message: Message, address: Address) {
    const replied = message.reply_to_message?.message_id
    if (replied === undefined) return null
    return this.#spec.kernel.ledger.outbox.findByMessage(laneOf(address), String(replied))
  }
}
