/** What a command is, and what it is given. Neutral to the surface on which it was typed or tapped. */
import type { CommandSay } from "../../core/texts/command.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Turn } from "../../ledger/turns.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Kernel } from "../kernel.ts"
import type { Offer } from "./action.ts"
import type { Argument, Arguments, Values } from "./arguments.ts"
import type { Effect } from "./effect.ts"
import type { Words } from "./words.ts"

/** Where a command was given, as far as commands care. What changes something only inside an effect. */
export interface Place {
  /** The owner's own hand was there, as far as the surface can know. */
  readonly isOwnersHand: boolean
  /** The session it shows, whatever the command is about. */
  readonly shown: SessionId | null
  show(session: SessionId | null): void
  /** A place of its own for a session, where this one keeps the session it has; false where that is not possible. */
  openBeside(session: Session, title: string): boolean
  /** Shows again what the owner is to decide in a session. */
  showRequests(session: SessionId): void
  /** Queues a prompt of the owner's. */
  submit(session: SessionId, text: string): Turn
}

export interface Call {
  readonly kernel: Kernel
  readonly say: CommandSay
  readonly place: Place
  /** What the command is about: of the button, of the message replied to, or what the place shows; null if none. */
  readonly session: Session | null
  /** Which part of a long list; from 0. */
  readonly page: number
  /** The owner has tapped the button that says they are sure. */
  readonly isConfirmed: boolean
  /** What the owner calls an agent. */
  labelOf(provider: string): string
  /** Answers the owner. Only inside an effect. */
  reply(reply: Reply): void
}

/** A call of a command that needs a session. */
export type SessionCall = Call & { readonly session: Session }

export interface Reply {
  readonly words: Words | string
  /** Rows of buttons. */
  readonly choices?: readonly (readonly Choice[])[]
}

export interface Choice {
  readonly label: string
  readonly does: Offer | { readonly copy: string }
  readonly style?: "danger" | "success" | "primary"
}

/**
 * `session`: is about one. `machine`: asks the agents' host and waits for it. `hand`: changes what an agent does or may
 * do, so it must be the owner's own act.
 */
export type Need = "session" | "machine" | "hand"

export interface Command {
  readonly name: CommandName
  readonly aliases: readonly string[]
  readonly arguments: Arguments
  readonly needs: readonly Need[]
  /** Reads and asks; the effect it returns writes. @throws OwnerError for what the owner can mend */
  prepare(call: Call, values: Values<Arguments>): Promise<Effect> | Effect
}

type CallOf<N extends readonly Need[]> = "session" extends N[number] ? SessionCall : Call

interface CommandSpec<A extends Arguments, N extends readonly Need[]> {
  readonly name: CommandName
  readonly aliases?: readonly string[]
  readonly arguments: A
  readonly needs: N
  prepare(call: CallOf<N>, values: Values<A>): Promise<Effect> | Effect
}

/** Whoever runs it reads its arguments and sees to what it needs before, so it is given what it says. */
export function command<const A extends Arguments, const N extends readonly Need[]>({
  aliases = [],
  ...spec
}: CommandSpec<A, N>): Command {
  return {
    ...spec,
    aliases,
    prepare: (call, values) => spec.prepare(call as CallOf<N>, values as Values<A>),
  }
}

/** `/new [agent] [path]` */
export function usageOf({ name, arguments: all }: Pick<Command, "name" | "arguments">): string {
  return [`/${name}`, ...Object.entries(all).map(([key, argument]) => shape(key, argument))].join(" ")
}

function shape(key: string, argument: Argument): string {
  if (argument.kind === "flag") return `[${argument.flag}]`
  const shown = argument.shown ?? key
  return argument.isRequired ? `<${shown}>` : `[${shown}]`
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
