/** Which of our messages the owner answers, and which session they mean. */
import type { Message } from "grammy/types"
import type { Channel } from "../../ledger/channels.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { Session } from "../../ledger/sessions.ts"
import { type Address, laneOf } from "./address.ts"

/** What a message answers. Telegram lets every message of a topic answer the news that the topic was opened. */
export function repliedTo({ reply_to_message: replied }: Message): Message["reply_to_message"] {
  return replied?.forum_topic_created ? undefined : replied
}

/** The row that became the message which this one answers. */
export function rowRepliedTo(ledger: Ledger, message: Message, address: Address): OutboxRow | null {
  const replied = repliedTo(message)?.message_id
  if (replied === undefined) return null
  return ledger.outbox.findByMessage(laneOf(address), String(replied))
}

export interface Place {
  readonly channel: Channel
  readonly address: Address
}

/** Answering a message of a session, ours or the owner's own, addresses that session; otherwise the chat's. */
export function sessionAddressed(
  ledger: Ledger,
  message: Message | null,
  { channel, address }: Place,
): Session | null {
  const replied = message ? repliedTo(message)?.message_id : undefined
  const ofRow = message ? rowRepliedTo(ledger, message, address)?.session : null
  const ofTurn =
    replied === undefined ? null : ledger.turns.findByMessage(channel.id, String(replied))?.session
  const id = ofRow ?? ofTurn ?? channel.session
  return id ? ledger.sessions.find(id as Session["id"]) : null
}
