/** Commands of the one table, typed or tapped in Telegram. */
import type { Message } from "grammy/types"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Hold } from "../../core/turn.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Call, Command, Place, Reply } from "../../runtime/commands/command.ts"
import { type Effect, nothing } from "../../runtime/commands/effect.ts"
import { parseLine } from "../../runtime/commands/parse-line.ts"
import { runTapped, runTyped } from "../../runtime/commands/run.ts"
import { findCommand } from "../../runtime/commands/table.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import { providerLabel } from "../../runtime/provider-label.ts"
import type { Topics } from "../chats/topics.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Act, Tapped } from "../delivery/tapped.ts"
import { type Address, formatAddress, TELEGRAM } from "../places/address.ts"
import { sessionAddressed } from "../places/addressed.ts"
import { isForAgent } from "./for-agent.ts"
import { toButtons, toRich } from "./look.ts"

/** A prompt that a command makes of its words. */
export interface CommandPrompt {
  readonly session: SessionId
  readonly text: string
  readonly address: Address
  readonly clientId: string
  /** The typed message; null for a tap. */
  readonly message: Message | null
  /** Why it has to wait: it came while nobody was here. */
  readonly hold: Hold | null
}

export interface CommandLinesSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly topics: Topics
  readonly usernameOf: (bot: number) => string | null
  readonly submit: (prompt: CommandPrompt) => Turn
  /** Shows again what the owner is to decide. */
  readonly showRequests: (session: SessionId, to: Address) => void
}

interface LinePlace {
  readonly address: Address
  readonly clientId: string
  /** Why a prompt made of it has to wait. */
  readonly hold: Hold | null
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

  /** Null when the text is no command of ours, but a prompt. */
  prepare(
    text: string,
    { address, clientId, hold, message }: Omit<LinePlace, "card" | "message"> & { message: Message },
  ): Promise<Effect> | null {
    const { out, say, usernameOf } = this.#spec
    const line = parseLine(text)
    if (line === null) return null
    const isOthers =
      line.addressee !== null && line.addressee.toLowerCase() !== usernameOf(address.bot)?.toLowerCase()
    if (isOthers) return Promise.resolve(nothing)
    const command = findCommand(line.name)
    const isCaption = message.text === undefined
    // What is passed on keeps its file.
    if (!command || (isCaption && command.name === "steer"))
      return isCaption || isForAgent(line.name)
        ? null
        : this.#unknown(text, { address, clientId, hold, message })
    const call = this.#call({ address, clientId, hold, card: null, message }, null)
    const effect = this.#naming(address, runTyped(command, line.rest, call))
    if (!isCaption) return effect
    const key = `ignored:${clientId}`
    return effect.then((act) => () => {
      act()
      out.text(address, say("command.file_ignored", { command: line.name }), { key, priority: "answer" })
    })
  }

  /** It may be meant for the agent, which has commands of its own. */
  #unknown(text: string, at: Omit<LinePlace, "card">): Promise<Effect> {
    const { say, out } = this.#spec
    const call = this.#call({ ...at, card: null }, null)
    const name = parseLine(text)?.name ?? ""
    return Promise.resolve(() => {
      const { session } = call
      const offer = { of: "prompt", verb: "send", args: { text }, session: session?.id ?? null }
      const label = session && say("button.send_to", { agent: call.labelOf(session.provider) })
      out.text(at.address, say("help.unknown", { command: name }), {
        key: `reply:${at.clientId}`,
        priority: "answer",
        session: session?.id ?? null,
        buttons: label === null ? [] : [[out.button(at.address, label, offer)]],
      })
    })
  }

  /** Null when the action is no command's. */
  readonly tapped = (tapped: Tapped): Promise<Act> | null => {
    const command = findCommand(tapped.action.of)
    return command ? this.#tapped(command, tapped) : null
  }

  async #tapped(command: Command, { action, address, message, clientId }: Tapped): Promise<Act> {
    const { ledger } = this.#spec.kernel
    const about = action.session === null ? null : ledger.sessions.find(action.session)
    const call = this.#call({ address, clientId, hold: null, card: message, message: null }, about)
    const effect = await this.#naming(address, runTapped(command, action, call))
    return () => {
      effect()
      return undefined
    }
  }

  /** `about`: the session of a tapped card; else what the message answers, or what the chat shows. */
  #call(at: LinePlace, about: Session | null): Call {
    const { kernel, say } = this.#spec
    const { address, message } = at
    const channel = kernel.ledger.channels.ensure(TELEGRAM, formatAddress(address), kernel.clock.now())
    const session = about ?? sessionAddressed(kernel.ledger, message, { channel, address })
    return {
      kernel,
      say,
      place: this.#place(at, channel),
      session,
      page: 0,
      isConfirmed: false,
      labelOf: (provider) => providerLabel(kernel.ledger, provider),
      reply: (reply) => this.#reply(at, reply, session),
    }
  }

  #place(
    { address, clientId, message, hold }: LinePlace,
    channel: { id: number; session: SessionId | null },
  ): Place {
    const { kernel, topics, submit, showRequests } = this.#spec
    return {
      // Nobody but the owner gets here.
      isOwnersHand: true,
      shown: channel.session,
      show: (session) => kernel.sessions.bind(channel.id, session),
      openBeside: (session, title) => {
        if (address.thread === null) return false
        topics.open(session, address, title)
        return true
      },
      showRequests: (session) => showRequests(session, address),
      submit: (session, text) => submit({ session, text, address, clientId, message, hold }),
    }
  }

  /** The topic may show another session afterwards. */
  async #naming(address: Address, preparing: Promise<Effect>): Promise<Effect> {
    const effect = await preparing
    return () => {
      effect()
      const { kernel, topics } = this.#spec
      const shown =
        address.thread === null ? null : kernel.ledger.channels.at(TELEGRAM, formatAddress(address))?.session
      if (shown) topics.follow(shown)
    }
  }

  #reply(
    { address, card, clientId }: LinePlace,
    { words, choices = [] }: Reply,
    session: Session | null,
  ): void {
    const { out } = this.#spec
    const buttons = toButtons(choices, { out, to: address })
    const about = {
      priority: "answer",
      session: session?.id ?? null,
      ...(buttons.length > 0 ? { buttons } : {}),
    } as const
    const rich = toRich(words)
    if (card !== null) return out.edit(address, { message: card }, rich, about)
    out.text(address, rich, { key: `reply:${clientId}`, ...about })
  }
}
