/** Who may act: the owner, in their private chat and in groups they switched on. Everything else does nothing. */
import type {
  CallbackQuery,
  Chat,
  ChatMemberUpdated,
  Message,
  MessageGenerationStopped,
  Update,
  User,
} from "grammy/types"
import { type Address, intakeLaneOf, isPrivate } from "./address.ts"
import { type Migration, migrationOf } from "./groups.ts"

export interface Rules {
  /** Telegram's user id of the owner. */
  readonly owner: number
  /** The bot that received the update. */
  readonly bot: number
  readonly groupsOn: (chat: number) => boolean
}

export type Verdict =
  | { readonly kind: "accept"; readonly what: AcceptedKind; readonly address: Address; readonly lane: string }
  | { readonly kind: "ignore"; readonly why: Refusal }

/** Also what we ask Telegram for: `allowed_updates`. */
export const ACCEPTED_KINDS = [
  "message",
  "edited_message",
  "callback_query",
  "stopped_message_generation",
  "my_chat_member",
] as const
export type AcceptedKind = (typeof ACCEPTED_KINDS)[number]

export type Refusal =
  | "unknown_kind"
  | "not_owner"
  | "bot"
  | "anonymous"
  | "via_bot"
  | "business"
  | "guest"
  | "channel"
  | "foreign_chat"
  | "group_off"
  | "no_message"

/** Refuses whatever it does not know to be the owner's. */
export function authorise(update: Update, rules: Rules): Verdict {
  const kinds = Object.keys(update).filter((key) => key !== "update_id")
  if (kinds.length !== 1) return refuse("unknown_kind")
  if (update.message) return judgeMessage("message", update.message, rules)
  if (update.edited_message) return judgeMessage("edited_message", update.edited_message, rules)
  if (update.callback_query) return judgeTap(update.callback_query, rules)
  if (update.stopped_message_generation) return judgeStop(update.stopped_message_generation, rules)
  if (update.my_chat_member) return judgeMembership(update.my_chat_member, rules)
  return refuse("unknown_kind")
}

function judgeMessage(what: "message" | "edited_message", message: Message, rules: Rules): Verdict {
  const moved = what === "message" ? migrationOf(message) : null
  if (moved) return judgeMigration(message, moved, rules)
  const why = refusedMessage(message) ?? refusedUser(message.from, rules) ?? refusedChat(message.chat, rules)
  if (why) return refuse(why)
  return accept(what, { bot: rules.bot, chat: message.chat.id, thread: threadOf(message) })
}

/** Telegram's own news, whoever caused it: the chat keeps what the owner decided about it. Nothing else is read. */
function judgeMigration({ chat }: Message, { from }: Migration, rules: Rules): Verdict {
  if (!rules.groupsOn(from)) return refuse("group_off")
  return accept("message", { bot: rules.bot, chat: chat.id, thread: null })
}

function refusedMessage(message: Message): Refusal | null {
  if (message.business_connection_id !== undefined || message.sender_business_bot !== undefined)
    return "business"
  if (message.guest_query_id !== undefined || message.guest_bot_caller_user !== undefined) return "guest"
  if (message.sender_chat !== undefined || message.is_automatic_forward === true) return "anonymous"
  if (message.via_bot !== undefined) return "via_bot"
  return null
}

function judgeTap(tap: CallbackQuery, rules: Rules): Verdict {
  const { message } = tap
  if (!message) return refuse("no_message")
  // An old message comes without its sender; the id of the tapped button is checked by the action store anyway.
  const sender = "from" in message ? message.from : undefined
  const why = refusedUser(tap.from, rules) ?? refusedChat(message.chat, rules)
  if (why) return refuse(why)
  if (sender !== undefined && sender.id !== rules.bot) return refuse("bot")
  if ("business_connection_id" in message) return refuse("business")
  return accept("callback_query", { bot: rules.bot, chat: message.chat.id, thread: threadOf(message) })
}

/** Carries no user, and exists in private chats only: there the chat's id is the user's. */
function judgeStop(stop: MessageGenerationStopped, rules: Rules): Verdict {
  const { chat, message_thread_id: thread } = stop
  if (chat?.type !== "private") return refuse("foreign_chat")
  const why = refusedChat(chat, rules)
  if (why) return refuse(why)
  return accept("stopped_message_generation", { bot: rules.bot, chat: chat.id, thread: thread ?? null })
}

/** Also from groups that are off: that is how the owner learns that one can be switched on. */
function judgeMembership(change: ChatMemberUpdated, rules: Rules): Verdict {
  const why = refusedUser(change.from, rules)
  if (why) return refuse(why)
  if (change.chat.type === "channel") return refuse("channel")
  if (change.chat.type === "private" && change.chat.id !== rules.owner) return refuse("foreign_chat")
  return accept("my_chat_member", { bot: rules.bot, chat: change.chat.id, thread: null })
}

function refusedUser(user: User | undefined, { owner }: Rules): Refusal | null {
  if (user === undefined) return "not_owner"
  if (user.is_bot !== false) return "bot"
  return user.id === owner ? null : "not_owner"
}

function refusedChat(chat: Chat | undefined, { owner, groupsOn }: Rules): Refusal | null {
  switch (chat?.type) {
    case "private":
      return chat.id === owner && isPrivate(chat.id) ? null : "foreign_chat"
    case "group":
    case "supergroup":
      if (isPrivate(chat.id)) return "foreign_chat"
      return groupsOn(chat.id) ? null : "group_off"
    case "channel":
      return "channel"
    default:
      return "foreign_chat"
  }
}

/** A message in a group's comment thread has a thread id too; only a topic's is an address. */
function threadOf(message: NonNullable<CallbackQuery["message"]>): number | null {
  if (!("is_topic_message" in message) || message.is_topic_message !== true) return null
  return message.message_thread_id ?? null
}

function accept(what: AcceptedKind, address: Address): Verdict {
  return { kind: "accept", what, address, lane: intakeLaneOf(address) }
}

function refuse(why: Refusal): Verdict {
  return { kind: "ignore", why }
}
