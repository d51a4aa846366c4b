/** What a command is, and what it is given. */
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Channel } from "../../ledger/channels.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { ActionBody } from "../delivery/actions.ts"
import type { Button, Buttons } from "../delivery/payload.ts"
import type { Address } from "../places/address.ts"
import type { RichPart } from "../rendering/rich.ts"

export interface Call {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly address: Address
  readonly channel: Channel
  /** The session that this chat, or the message replied to, shows; null when there is none. */
  readonly session: Session | null
  /** What follows the command's name, trimmed; `words` split at white space. */
  readonly rest: string
  readonly words: readonly string[]
  /** Identifies this call across redeliveries. */
  readonly clientId: string
  /** Telegram's number of the typed message; null for a tapped button. */
  readonly message: number | null
  /** What the owner calls an agent. */
  labelOf(provider: string): string
  /** Answers the owner: a new message, or, when a button was tapped, an edit of the message with the button. */
  reply(content: RichPart, buttons?: Buttons): void
  /** A button of this chat. Only inside an effect. */
  button(label: string, body: ActionBody, style?: Button["style"]): Button
  /** A topic of its own for a session, next to this one. Only inside an effect. */
  openTopic(session: Session, name: string): void
}

export interface Command {
  readonly name: CommandName
  /** Arguments as shown to the owner, for instance `[provider] [path]`; empty when it takes none. */
  readonly usage: string
  /** Reads and asks; the effect it returns writes. @throws OwnerError for what the owner can mend */
  prepare(call: Call): Promise<Effect> | Effect
}

/** Every command has a line of help under `command.<name>` in the texts. */
export type CommandName =
  | "start"
  | "new"
  | "list"
  | "switch"
  | "status"
  | "attach"
  | "detach"
  | "model"
  | "effort"
  | "mode"
  | "sandbox"
  | "stop"
  | "queue"
  | "steer"
  | "help"
