/** The words of a message as an agent should read them. Pure. */
import type { Message, MessageOrigin } from "grammy/types"

/** Text or caption with what it quotes and where it was forwarded from; empty when the message has no words. */
function promptText(message: Message): string {
  const own = message.text ?? message.caption ?? special(message) ?? ""
  const parts = [forwardedFrom(message.forward_origin), quoted(message), own]
  return parts.filter((part) => part !== "").join("\n\n")
}

/** Pieces that Telegram cut from one paste are joined as they were; parts of an album line by line. */
export function joinTexts(messages: readonly Message[]): string {
  const isPaste = messages.every((message) => message.media_group_id === undefined)
  const texts = messages.map(promptText)
  if (!isPaste) return texts.filter((text) => text !== "").join("\n")
  return texts.reduce((joined, text, index) => {
    const before = messages[index - 1]?.text ?? ""
    return index === 0 ? text : joined + seam(before) + text
  }, "")
}

/** Clients cut at a line's end when there is one, and drop that line break. */
function seam(before: string): string {
  return before.length >= 4096 ? "" : "\n"
}

function quoted(message: Message): string {
  const quote = message.quote?.text ?? message.reply_to_message?.text ?? message.reply_to_message?.caption
  if (!quote || message.reply_to_message?.from?.is_bot === undefined) return ""
  const isOurs = message.reply_to_message.from.is_bot && message.quote === undefined
  if (isOurs) return ""
  return quote
    .split("\n")
    .map((line) => `> ${line}`)
    .join("\n")
}

function forwardedFrom(origin: MessageOrigin | undefined): string {
  if (!origin) return ""
  switch (origin.type) {
    case "user":
      return `[Forwarded from ${origin.sender_user.first_name}]`
    case "hidden_user":
      return `[Forwarded from ${origin.sender_user_name}]`
    case "chat":
      return `[Forwarded from ${"title" in origin.sender_chat ? origin.sender_chat.title : "a chat"}]`
    case "channel":
      return `[Forwarded from ${"title" in origin.chat ? origin.chat.title : "a channel"}]`
  }
}

function special(message: Message): string | null {
  if (message.venue) {
    const { title, address, location } = message.venue
    return `[Venue: ${title}, ${address} (${location.latitude}, ${location.longitude})]`
  }
  if (message.location) return `[Location: ${message.location.latitude}, ${message.location.longitude}]`
  if (message.contact) return `[Contact: ${message.contact.first_name} ${message.contact.phone_number}]`
  if (message.poll) return `[Poll: ${message.poll.question}]`
  return null
}
