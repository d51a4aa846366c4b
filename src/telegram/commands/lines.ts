/** Commands, typed or tapped. */
import type { Message } from "grammy/types"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Session } from "../../ledger/sessions.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Topics } from "../chats/topics.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import { type Address, formatAddress, TELEGRAM } from "../places/address.ts"
import { sessionAddressed } from "../places/addressed.ts"
import type { RichPart } from "../rendering/rich.ts"
import { wordError } from "../words/owner-words.ts"
import { providerLabel } from "../words/provider-label.ts"
import type { Call, Command } from "./command.ts"
import { commands, parseLine } from "./table.ts"

export interface CommandLinesSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly topics: Topics
  readonly usernameOf: (bot: number) => string | null
}

export interface LinePlace {
  readonly address: Address
  readonly clientId: string
  /** The message whose button was tapped: it is edited instead of a new one sent. */
  readonly card: number | null
  /** The typed message. */
  readonly message: Message | null
}

export class CommandLines {
  readonly #spec: CommandLinesSpec

  constructor(spec: CommandLinesSpec) {
    this.#spec = spec
  }

  /** Null when the text is no command. */
  prepare(text: string, at: LinePlace): Promise<Effect> | null {
    const { say, usernameOf } = this.#spec
    const line = parseLine(text, usernameOf(at.address.bot))
    if (line === null) return null
    if (line === "other_bot") return Promise.resolve(nothing)
    const command = commands.find((entry) => entry.name === line.name)
    const call = this.#call(line.rest, at)
    if (!command) return Promise.resolve(() => call.reply(say("help.unknown", { command: line.name })))
    return this.#carefully(command, call)
  }

  #call(rest: string, at: LinePlace): Call {
    const { kernel, say, out, topics } = this.#spec
    const { address, message } = at
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(address), kernel.clock.now())
    const session = sessionAddressed(kernel.ledger, message, { channel, address })
    return {
      kernel,
      say,
      address,
      channel,
      session,
      rest,
      words: rest === "" ? [] : rest.split(/\s+/),
      clientId: at.clientId,
      message: message?.message_id ?? null,
      labelOf: (provider) => providerLabel(kernel.ledger, provider),
      reply: (content, buttons) => this.#reply(at, content, { session, ...(buttons ? { buttons } : {}) }),
      button: (label, body, style) => out.button(address, label, body, style),
      openTopic: (fresh, name) => topics.open(fresh, address, name),
    }
  }

  /** What the owner can mend is said; it must not look like a fault of ours, nor be swallowed. */
  async #carefully(command: Command, call: Call): Promise<Effect> {
    const words = (error: unknown) => {
      const text = wordError(error, call.say, (provider) => call.labelOf(provider))
      if (text === null) throw error
      call.reply(text)
    }
    try {
      const effect = await command.prepare(call)
      return () => {
        try {
          effect()
          this.#nameTopic(call)
        } catch (error) {
          words(error)
        }
      }
    } catch (error) {
      if (wordError(error, call.say) === null) throw error
      return () => words(error)
    }
  }

  /** The topic may show another session now. */
  #nameTopic({ address, channel }: Call): void {
    const { kernel, topics } = this.#spec
    const shown = address.thread === null ? null : kernel.ledger.channels.find(channel.id)?.session
    if (shown) topics.follow(shown)
  }

  #reply(
    { address, card, clientId }: LinePlace,
    content: RichPart,
    { session, buttons }: { session: Session | null; buttons?: Parameters<Call["reply"]>[1] },
  ): void {
    const { out } = this.#spec
    const shown = buttons && buttons.length > 0 ? { buttons } : {}
    const about = { priority: "answer", session: session?.id ?? null, ...shown } as const
    if (card !== null) return out.edit(address, { message: card }, content, about)
    out.text(address, content, { key: `reply:${clientId}`, ...about })
  }
}
