import { badRequest } from "../api-error.ts"
import { type FormattedText, textLimit } from "../formatting.ts"
import { readRichMessage, textOf } from "../rich-message.ts"
import { findChat } from "./chat-access.ts"
import { type Call, type Method, method } from "./method.ts"

/** A draft stays on the owner's screen so long unless it is sent again. */
const draftLifetimeMs = 30_000

export const draftMethods: readonly Method[] = [
  method("sendRichMessageDraft", (call, args) => {
    const rich = readRichMessage(args.rich_message, "draft")
    return showDraft(call, args, { text: textOf(rich.blocks), entities: [] })
  }),

  method("sendMessageDraft", (call, args) => {
    const markup = { text: args.text ?? "", parseMode: args.parse_mode, entities: args.entities }
    return showDraft(call, args, call.world.formatter.format(markup, textLimit))
  }),
]

interface DraftArgs {
  readonly chat_id: number
  readonly message_thread_id?: number
  readonly draft_id: number
  readonly can_stop?: boolean
  readonly keep_on_stop?: boolean
}

function showDraft(call: Call, args: DraftArgs, { text, entities }: FormattedText): true {
  const chat = findChat(call, args.chat_id)
  // Guessed wordings: the server's sources that we have end before drafts.
  if (chat.chat.type !== "private") throw badRequest("PEER_ID_INVALID")
  if (args.draft_id === 0) throw badRequest("DRAFT_ID_INVALID")
  chat.requireThread(args.message_thread_id)
  const now = call.world.clock.now()
  chat.showDraft({
    draftId: args.draft_id,
    threadId: args.message_thread_id,
    text,
    entities,
    canStop: args.can_stop ?? false,
    keepOnStop: args.keep_on_stop ?? false,
    shownAt: now,
    expiresAt: now + draftLifetimeMs,
  })
  return true
}
