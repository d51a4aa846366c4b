/** Makes the Bot API call that a payload means. */
import { constants } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import type { InlineKeyboardButton, InlineKeyboardMarkup } from "grammy/types"
import { InputFile } from "grammy/web"
import { concat, EMPTY, type Rich } from "../rendering/rich.ts"
import type { BotApi, CallOptions } from "../wire/api.ts"
import { CallError, classify, type SendFailure } from "../wire/call-error.ts"
import { safeFileName } from "../wire/file-name.ts"
import { CAPTION_LIMIT, LOCAL_LIMIT, TEXT_LIMIT, UPLOAD_LIMIT } from "../wire/limits.ts"
import type { Button, Buttons, FilePayload, Payload, Sendable, TextPayload } from "./payload.ts"

export interface Sending {
  readonly payload: Sendable
  /** Telegram's number of the message that the payload changes; 0 when it changes none. */
  readonly target: number
  /** Added to what may arrive twice; null otherwise. */
  readonly mark: string | null
}

/** 50 MB at 1 Mbit/s. */
const UPLOAD_TIMEOUT_MS = 7 * 60_000

/**
 * Resolves with the new message's (or topic's) number, null when the call makes none.
 * @throws CallError
 */
export async function send(api: BotApi, sending: Sending, options: CallOptions): Promise<string | null> {
  const { payload, target, mark } = sending
  switch (payload.kind) {
    case "text":
      return sendText(api, withMark(payload, mark), options)
    case "file":
      return sendFile(api, withMark(payload, mark), options)
    case "edit": {
      const { text, entities } = payload.rich
      await api.call(
        "editMessageText",
        {
          chat_id: payload.to.chat,
          message_id: target,
          text,
          entities: [...entities],
          link_preview_options: { is_disabled: true },
          ...markup(payload.buttons),
        },
        options,
      )
      return null
    }
    case "buttons":
      await api.call(
        "editMessageReplyMarkup",
        { chat_id: payload.to.chat, message_id: target, reply_markup: keyboard(payload.buttons) },
        options,
      )
      return null
    case "reaction":
      await api.call(
        "setMessageReaction",
        {
          chat_id: payload.to.chat,
          message_id: payload.message,
          reaction: payload.emoji === null ? [] : [{ type: "emoji", emoji: payload.emoji }],
        },
        options,
      )
      return null
    case "delete":
      await api.call("deleteMessage", { chat_id: payload.to.chat, message_id: target }, options)
      return null
    case "tap":
      await api.call(
        "answerCallbackQuery",
        {
          callback_query_id: payload.queryId,
          ...(payload.text === undefined ? {} : { text: payload.text }),
          ...(payload.alert === undefined ? {} : { show_alert: payload.alert }),
        },
        options,
      )
      return null
    case "topic_create":
    case "topic_edit":
    case "topic_delete":
      return changeTopic(api, payload, options)
  }
}

async function sendText(api: BotApi, payload: TextPayload, options: CallOptions): Promise<string> {
  const { rich, buttons, forceReply } = payload
  const asked = forceReply ? { reply_markup: { force_reply: true as const } } : {}
  const message = await api.call(
    "sendMessage",
    {
      ...addressing(payload),
      text: rich.text,
      entities: [...rich.entities],
      link_preview_options: { is_disabled: true },
      ...asked,
      ...markup(buttons),
    },
    options,
  )
  return String(message.message_id)
}

async function sendFile(api: BotApi, payload: FilePayload, options: CallOptions): Promise<string> {
  await using opened = "path" in payload ? await openSendable(api, payload.path) : null
  const content = "path" in payload ? opened && contentOf(opened) : Buffer.from(payload.text)
  const file = new InputFile(content ?? Buffer.alloc(0), safeFileName(payload.name))
  const caption = payload.caption
    ? { caption: payload.caption.text, caption_entities: [...payload.caption.entities] }
    : {}
  const common = { ...addressing(payload), ...caption, ...markup(payload.buttons) }
  const patient = { ...options, timeoutMs: UPLOAD_TIMEOUT_MS }
  const message =
    payload.as === "photo"
      ? await api.call("sendPhoto", { ...common, photo: file }, patient)
      : await api.call("sendDocument", { ...common, document: file }, patient)
  return String(message.message_id)
}

/** Refused before a byte is sent: a refusal in the middle of an upload would look like a broken connection. */
async function openSendable(api: BotApi, path: string): Promise<FileHandle> {
  const refuse = (failure: SendFailure) => new CallError("sendDocument", failure, "")
  // Opening a pipe would wait for somebody to write into it.
  const flags = constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW
  const file = await open(path, flags).catch((error: unknown) => {
    throw refuse(classify(error))
  })
  const found = await file.stat()
  const limit = api.isLocal ? LOCAL_LIMIT : UPLOAD_LIMIT
  const description = !found.isFile()
    ? "it is no file"
    : found.size > limit && `the file is larger than ${limit} bytes`
  if (!description) return file
  await file.close()
  throw refuse({ kind: "rejected", description })
}

const PIECE_BYTES = 64 * 1024

async function* contentOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (;;) {
    const { bytesRead, buffer } = await file.read({ buffer: Buffer.allocUnsafe(PIECE_BYTES) })
    if (bytesRead === 0) return
    yield buffer.subarray(0, bytesRead)
  }
}

type TopicPayload = Extract<Payload, { kind: "topic_create" | "topic_edit" | "topic_delete" }>

async function changeTopic(api: BotApi, payload: TopicPayload, options: CallOptions): Promise<string | null> {
  const { chat, thread } = payload.to
  const topic = { chat_id: chat, message_thread_id: thread ?? 0 }
  if (payload.kind === "topic_delete") {
    await api.call("deleteForumTopic", topic, options)
    return null
  }
  const icon = payload.iconEmojiId === undefined ? {} : { icon_custom_emoji_id: payload.iconEmojiId }
  if (payload.kind === "topic_create") {
    const created = await api.call(
      "createForumTopic",
      { chat_id: chat, name: payload.name, ...icon },
      options,
    )
    return String(created.message_thread_id)
  }
  const name = payload.name === undefined ? {} : { name: payload.name }
  await api.call("editForumTopic", { ...topic, ...name, ...icon }, options)
  return null
}

function addressing({ to, replyTo, silent }: TextPayload | FilePayload) {
  return {
    chat_id: to.chat,
    ...(to.thread === null ? {} : { message_thread_id: to.thread }),
    ...(silent === true ? { disable_notification: true } : {}),
    ...(replyTo === undefined
      ? {}
      : { reply_parameters: { message_id: replyTo, allow_sending_without_reply: true } }),
  }
}

function withMark<P extends TextPayload | FilePayload>(payload: P, mark: string | null): P {
  if (mark === null) return payload
  if (payload.kind === "text") return { ...payload, rich: marked(payload.rich, mark, TEXT_LIMIT) }
  return { ...payload, caption: marked(payload.caption ?? EMPTY, mark, CAPTION_LIMIT) }
}

/** A full message keeps its content rather than the mark. */
function marked(rich: Rich, mark: string, limit: number): Rich {
  const separator = rich.text === "" ? "" : "\n"
  const whole = concat(rich, separator + mark)
  return whole.text.length <= limit ? whole : rich
}

function markup(buttons: Buttons | undefined): { reply_markup?: InlineKeyboardMarkup } {
  return buttons === undefined ? {} : { reply_markup: keyboard(buttons) }
}

/** Telegram's form of our buttons. */
export function keyboard(buttons: Buttons): InlineKeyboardMarkup {
  return { inline_keyboard: buttons.map((row) => row.map(toKey)) }
}

function toKey(button: Button): InlineKeyboardButton {
  const face = { text: button.label, ...(button.style === undefined ? {} : { style: button.style }) }
  if ("action" in button) return { ...face, callback_data: button.action }
  if ("url" in button) return { ...face, url: button.url }
  if ("copy" in button) return { ...face, copy_text: { text: button.copy } }
  if ("webApp" in button) return { ...face, web_app: { url: button.webApp } }
  return { ...face, disabled: {} }
}
