import type { InlineKeyboardButton } from "@grammyjs/types/markup.js"
import type { Message } from "@grammyjs/types/message.js"
import type { ChatState, Sight } from "./chats.ts"
import { textOf } from "./rich-message.ts"

/** A chat as text, for the failure messages of tests: everything that was ever on the screen, in order. */
export function transcript(chat: ChatState, threadId?: number): string {
  const lines = chat.sights.filter((sight) => isIn(sight, threadId)).map(describeSight)
  return lines.length > 0 ? lines.join("\n") : "(nothing was said)"
}

/** What a message says, whatever its kind. */
export function wordsOf(message: Message): string {
  return message.text ?? message.caption ?? textOf(message.rich_message?.blocks)
}

function isIn(sight: Sight, threadId: number | undefined): boolean {
  if (threadId === undefined || sight.kind === "deleted") return true
  return (sight.kind === "draft" ? sight.draft.threadId : sight.message.message_thread_id) === threadId
}

function describeSight(sight: Sight): string {
  const time = new Date(sight.at).toISOString().slice(11, 23)
  switch (sight.kind) {
    case "draft": {
      const { draftId, text, threadId, canStop } = sight.draft
      return `${time} ~draft ${draftId}${inThread(threadId)} ${JSON.stringify(text)}${canStop ? " [Stop]" : ""}`
    }
    case "deleted":
      return `${time} x #${sight.messageId} deleted`
    case "message":
    case "edit": {
      const { message } = sight
      const mark = sight.kind === "edit" ? "*" : " "
      const who = message.from?.is_bot ? "bot" : `user ${message.from?.id}`
      const id = `#${message.message_id}${inThread(message.message_thread_id)}`
      return `${time} ${mark}${who} ${id} ${JSON.stringify(wordsOf(message))}${describeMedia(message)}${describeButtons(message)}`
    }
  }
}

function inThread(threadId: number | undefined): string {
  return threadId === undefined ? "" : ` (topic ${threadId})`
}

function describeMedia(message: Message): string {
  if (message.document) return ` <document ${message.document.file_name}>`
  const kinds = ["photo", "video", "audio", "voice", "animation", "forum_topic_created"] as const
  const kind = kinds.find((name) => message[name] !== undefined)
  return kind ? ` <${kind}>` : ""
}

function describeButtons(message: Message): string {
  const rows = message.reply_markup?.inline_keyboard ?? []
  return rows.flat().map(describeButton).join("")
}

function describeButton(button: InlineKeyboardButton): string {
  return "disabled" in button ? ` (${button.text})` : ` [${button.text}]`
}
