/** What is owed to a chat, as the outbox stores it, and how each kind may be repeated. */

import type { ReactionTypeEmoji } from "grammy/types"
import type { SessionId } from "../../protocol/ids.ts"
import type { Address } from "../places/address.ts"
import type { Rich } from "../rendering/rich.ts"

/** Exactly one of the optional fields after `style`; the id of a stored action is at most 64 bytes. */
export type Button = { readonly label: string; readonly style?: "danger" | "success" | "primary" } & (
  | { readonly action: string }
  | { readonly url: string }
  | { readonly copy: string }
  /** HTTPS address of the Mini App; in private chats only. */
  | { readonly webApp: string }
  | { readonly disabled: true }
)
export type Buttons = readonly (readonly Button[])[]

/** A message of ours: by the outbox key that became it, or by Telegram's number. */
export type Target = { readonly key: string } | { readonly message: number }

export type Emoji = ReactionTypeEmoji["emoji"]

export interface TextPayload {
  readonly kind: "text"
  readonly to: Address
  readonly rich: Rich
  readonly buttons?: Buttons
  readonly replyTo?: number
  readonly silent?: boolean
  /** The owner's keyboard opens as a reply to this message. Not together with buttons. */
  readonly forceReply?: boolean
}

/** Replaces text and buttons; without `buttons` they go. */
export interface EditPayload {
  readonly kind: "edit"
  readonly to: Address
  readonly target: Target
  readonly rich: Rich
  readonly buttons?: Buttons
}

/** Replaces the buttons alone. */
export interface ButtonsPayload {
  readonly kind: "buttons"
  readonly to: Address
  readonly target: Target
  readonly buttons: Buttons
}

interface FileMessage {
  readonly kind: "file"
  readonly to: Address
  /** What the owner sees; made safe on the way out. */
  readonly name: string
  readonly as: "document" | "photo"
  readonly caption?: Rich
  readonly buttons?: Buttons
  readonly replyTo?: number
  readonly silent?: boolean
}

/** `path`: absolute, of our own copy. `text`: the file's content, which is no file before. */
export type FilePayload = FileMessage &
  ({ readonly path: string; readonly size?: number } | { readonly text: string })

/** A file of a session, by the name its agent gave it: it is fetched first, and becomes what can be sent. */
export interface NamedFilePayload {
  readonly kind: "named_file"
  readonly to: Address
  readonly session: SessionId
  readonly path: string
  /** Which file the owner said may go, as the host told it; null: nobody was asked. */
  readonly allowed: string | null
}

/** Null takes the reaction back. */
export interface ReactionPayload {
  readonly kind: "reaction"
  readonly to: Address
  readonly message: number
  readonly emoji: Emoji | null
}

export interface DeletePayload {
  readonly kind: "delete"
  readonly to: Address
  readonly target: Target
}

/** The answer to a tap: ends the button's spinner, with a notice or an alert. */
export interface TapPayload {
  readonly kind: "tap"
  readonly bot: number
  readonly queryId: string
  readonly text?: string
  readonly alert?: boolean
}

/** Opens a topic; the outbox row's `message` becomes its thread id. */
export interface TopicCreatePayload {
  readonly kind: "topic_create"
  readonly to: Address
  readonly name: string
  readonly iconEmojiId?: string
}

/** Changes name or icon of the topic `to.thread`. An empty icon id takes the icon away. */
export interface TopicEditPayload {
  readonly kind: "topic_edit"
  readonly to: Address
  readonly name?: string
  readonly iconEmojiId?: string
}

export interface TopicDeletePayload {
  readonly kind: "topic_delete"
  readonly to: Address
}

export type Payload =
  | TextPayload
  | EditPayload
  | ButtonsPayload
  | FilePayload
  | NamedFilePayload
  | ReactionPayload
  | DeletePayload
  | TapPayload
  | TopicCreatePayload
  | TopicEditPayload
  | TopicDeletePayload

/** What a call can be made of. */
export type Sendable = Exclude<Payload, NamedFilePayload>

/**
 * `repeatable`: doing it twice is doing it once. `once`: each time makes something new, and the Bot API has no key
 * to tell a repeat by.
 */
export function repeatability(payload: Payload): "repeatable" | "once" {
  switch (payload.kind) {
    case "text":
    case "file":
    case "named_file":
    case "topic_create":
      return "once"
    case "edit":
    case "buttons":
    case "reaction":
    case "delete":
    case "tap":
    case "topic_edit":
    case "topic_delete":
      return "repeatable"
  }
}

const KINDS: ReadonlySet<string> = new Set<Payload["kind"]>([
  "text",
  "edit",
  "buttons",
  "file",
  "named_file",
  "reaction",
  "delete",
  "tap",
  "topic_create",
  "topic_edit",
  "topic_delete",
])

/** Null when the stored value is none of ours, for instance one that a newer version left. */
export function readPayload(stored: unknown): Payload | null {
  if (typeof stored !== "object" || stored === null || !("kind" in stored)) return null
  return typeof stored.kind === "string" && KINDS.has(stored.kind) ? (stored as Payload) : null
}

/** The stored actions of its buttons. */
export function actionsOf(payload: Payload): readonly string[] {
  const buttons: Buttons = "buttons" in payload ? (payload.buttons ?? []) : []
  return buttons.flat().flatMap((button) => ("action" in button ? [button.action] : []))
}

/** The message of ours that a payload changes, if it does. */
export function targetOf(payload: Payload): Target | null {
  return "target" in payload ? payload.target : null
}
