/** The same content in a form that Telegram takes, after it refused the first one. Each step drops one ornament. */

import { concat, EMPTY, type Rich } from "../rendering/rich.ts"
import { CAPTION_LIMIT, TEXT_LIMIT } from "../wire/limits.ts"
import type { Buttons, FilePayload, Payload, TextPayload } from "./payload.ts"

export interface Refused {
  readonly description: string
  readonly topicGone: boolean
  readonly sessionTag: string
}

/** Null when nothing is left to drop. */
export function safer(payload: Payload, refused: Refused): Payload | null {
  switch (payload.kind) {
    case "text":
      return saferText(payload, refused)
    case "file":
      return saferFile(payload, refused)
    case "edit": {
      const buttons = saferButtons(payload.buttons, refused.description)
      if (buttons) return { ...payload, buttons }
      const rich = withoutEntities(payload.rich)
      return rich && { ...payload, rich }
    }
    case "buttons": {
      const buttons = saferButtons(payload.buttons, refused.description)
      return buttons && { ...payload, buttons }
    }
    case "named_file":
    case "reaction":
    case "delete":
    case "tap":
    case "topic_create":
    case "topic_edit":
    case "topic_delete":
      return null
  }
}

function saferText(
  payload: TextPayload,
  { description, topicGone, sessionTag }: Refused,
): TextPayload | null {
  if (topicGone) {
    if (payload.to.thread === null) return null
    const tagged = concat(sessionTag, payload.rich)
    const rich = tagged.text.length <= TEXT_LIMIT ? tagged : payload.rich
    return { ...payload, to: { ...payload.to, thread: null }, rich }
  }
  const buttons = saferButtons(payload.buttons, description)
  if (buttons) return { ...payload, buttons }
  const rich = withoutEntities(payload.rich)
  return rich && { ...payload, rich }
}

function saferFile(
  payload: FilePayload,
  { description, topicGone, sessionTag }: Refused,
): FilePayload | null {
  if (topicGone) {
    if (payload.to.thread === null) return null
    const tagged = concat(sessionTag, payload.caption ?? "")
    const caption = tagged.text.length <= CAPTION_LIMIT ? tagged : (payload.caption ?? EMPTY)
    return { ...payload, to: { ...payload.to, thread: null }, caption }
  }
  const buttons = saferButtons(payload.buttons, description)
  if (buttons) return { ...payload, buttons }
  if (payload.as === "photo" && /PHOTO|IMAGE|dimensions|too big/i.test(description)) {
    return { ...payload, as: "document" }
  }
  const caption = payload.caption && withoutEntities(payload.caption)
  return caption ? { ...payload, caption } : null
}

function withoutEntities(rich: Rich): Rich | null {
  return rich.entities.length > 0 ? { text: rich.text, entities: [] } : null
}

/** An address that Telegram dislikes must not cost the buttons that decide something. */
function saferButtons(buttons: Buttons | undefined, description: string): Buttons | null {
  if (!buttons || !/button|URL|web ?app/i.test(description)) return null
  const kept = buttons
    .map((row) => row.filter((button) => !("url" in button) && !("webApp" in button)))
    .filter((row) => row.length > 0)
  return kept.flat().length < buttons.flat().length ? kept : null
}
