import type {
  ForceReply,
  InlineKeyboardButton,
  InlineKeyboardMarkup,
  ReplyKeyboardMarkup,
  ReplyKeyboardRemove,
} from "@grammyjs/types/markup.js"
import { badRequest } from "./api-error.ts"
import type { Formatter } from "./formatting.ts"

export type ReplyMarkup = InlineKeyboardMarkup | ReplyKeyboardMarkup | ReplyKeyboardRemove | ForceReply

interface Place {
  readonly formatter: Formatter
  readonly isPrivate: boolean
}

const maxPerRow = 8
const maxButtons = 100
/** Of all that is in one keyboard, as it is sent; Telegram documents no number, bots met it at some 10 KB. */
const maxBytes = 10_000

/** Throws what Telegram says against a keyboard; returns the one to attach to the message, if it is an inline one with buttons. */
export function checkedMarkup(
  markup: ReplyMarkup | undefined,
  place: Place,
): InlineKeyboardMarkup | undefined {
  if (!markup || !("inline_keyboard" in markup)) return undefined
  const rows = markup.inline_keyboard.filter((row) => row.length > 0)
  const buttons = rows.flat()
  // Guessed wordings: Telegram documents neither number, clients show no more.
  if (buttons.length > maxButtons) throw badRequest("REPLY_MARKUP_TOO_LONG")
  if (rows.some((row) => row.length > maxPerRow))
    throw badRequest(`emulator: more than ${maxPerRow} buttons in a row`)
  if (Buffer.byteLength(JSON.stringify(rows)) > maxBytes) throw badRequest("REPLY_MARKUP_TOO_LONG")
  for (const button of buttons) checkButton(button, place)
  return rows.length > 0 ? { ...markup, inline_keyboard: rows } : undefined
}

function checkButton(button: InlineKeyboardButton, place: Place): void {
  if (button.text.trim() === "") throw badRequest("emulator: inline keyboard button text must be non-empty")
  if (!button.text.isWellFormed()) throw badRequest("inline keyboard button text must be encoded in UTF-8")
  if ("callback_data" in button) checkCallbackData(button.callback_data)
  if ("url" in button) {
    const complaint = place.formatter.linkComplaint(button.url)
    if (complaint) throw badRequest(`inline keyboard button URL '${button.url}' is invalid: ${complaint}`)
  }
  if ("web_app" in button) {
    if (!place.isPrivate) throw badRequest("BUTTON_TYPE_INVALID")
    checkWebAppUrl(button.web_app.url, place.formatter, "inline keyboard button Web App URL")
  }
  // Guessed wording.
  if ("copy_text" in button && (button.copy_text.text.length < 1 || button.copy_text.text.length > 256)) {
    throw badRequest("BUTTON_COPY_TEXT_INVALID")
  }
}

function checkCallbackData(data: string): void {
  const bytes = Buffer.byteLength(data)
  if (bytes < 1 || bytes > 64) throw badRequest("BUTTON_DATA_INVALID")
}

/** Mini Apps are opened over HTTPS only. */
export function checkWebAppUrl(url: string, formatter: Formatter, what: string): void {
  const complaint = formatter.linkComplaint(url)
  if (complaint) throw badRequest(`${what} '${url}' is invalid: ${complaint}`)
  if (!url.startsWith("https://"))
    throw badRequest(`${what} '${url}' is invalid: Only HTTPS links are allowed`)
}
