/** The words of messages as an agent should read them. Pure. */
import type { Message, MessageOrigin } from "grammy/types"
import { cutAt, shortText } from "../../core/short-text.ts"
import { withMarks } from "./entity-marks.ts"
import { specialWords } from "./special-content.ts"

/** So much of what is answered is repeated. */
const EXCERPT = 600
const NAME = 64

export interface Reading {
  /** Whether the agent has in mind already what a message of ours says: its own last answer. */
  readonly knows: (replied: NonNullable<Message["reply_to_message"]>) => boolean
}

const KNOWS_NOTHING: Reading = { knows: () => false }

/** Text or caption with what it quotes and where it was forwarded from; empty when the message has no words. */
function promptText(message: Message, reading: Reading): string {
  const own = ownWords(message)
  if (message.forward_origin) return forwarded(message.forward_origin, own)
  return [...quoted(message, reading), own].filter((part) => part !== "").join("\n\n")
}

/** What the owner wrote into it, without what it refers to. */
export function ownWords(message: Message): string {
  const { text, caption } = message
  if (text !== undefined) return withMarks(text, message.entities)
  if (caption !== undefined) return withMarks(caption, message.caption_entities)
  return specialWords(message) ?? ""
}

/** Pieces that Telegram cut from one paste are joined as they were; parts of an album line by line. */
export function joinTexts(messages: readonly Message[], reading: Reading = KNOWS_NOTHING): string {
  const isPaste = messages.every(
    ({ media_group_id: album, forward_origin: from }) => album === undefined && from === undefined,
  )
  const texts = messages.map((message) => promptText(message, reading))
  if (!isPaste) return texts.filter((text) => text !== "").join(hasForward(messages) ? "\n\n" : "\n")
  return texts.reduce((joined, text, index) => {
    const before = messages[index - 1]?.text ?? ""
    return index === 0 ? text : joined + seam(before) + text
  }, "")
}

const hasForward = (messages: readonly Message[]): boolean =>
  messages.some((message) => message.forward_origin !== undefined)

/** Clients cut at a line's end when there is one, and drop that line break. */
function seam(before: string): string {
  return before.length >= 4096 ? "" : "\n"
}

function quoted(message: Message, { knows }: Reading): readonly string[] {
  const { quote, external_reply: external, reply_to_message: replied } = message
  if (external) {
    const from = `[In reply to a message ${originName(external.origin)}]`
    return [quote ? `${from}\n${asQuote(quote.text)}` : from]
  }
  if (quote) return [asQuote(quote.text)]
  if (!replied || replied.forum_topic_created || replied.from === undefined) return []
  if (replied.from.is_bot && knows(replied)) return []
  const words = replied.text ?? replied.caption ?? ""
  const shown = replied.from.is_bot && words.length > EXCERPT ? `${cutAt(words, EXCERPT)}…` : words
  return words === "" ? [] : [asQuote(shown)]
}

const asQuote = (text: string): string =>
  text
    .split(/\r\n?|[\n\u0085\u2028\u2029]/)
    .map((line) => `> ${line}`)
    .join("\n")

/** Somebody else's words: none of their lines can be taken for the owner's, or for a quote's end. */
function forwarded(origin: MessageOrigin, words: string): string {
  const from = `[Forwarded ${originName(origin)}]`
  return words === "" ? from : `${from}\n${asQuote(words)}`
}

function originName(origin: MessageOrigin): string {
  switch (origin.type) {
    case "user":
      return `from ${shortText(origin.sender_user.first_name, NAME)}`
    case "hidden_user":
      return `from ${shortText(origin.sender_user_name, NAME)}`
    case "chat":
      return `from ${"title" in origin.sender_chat ? shortText(origin.sender_chat.title ?? "", NAME) : "a chat"}`
    case "channel":
      return `from ${"title" in origin.chat ? shortText(origin.chat.title ?? "", NAME) : "a channel"}`
  }
}
