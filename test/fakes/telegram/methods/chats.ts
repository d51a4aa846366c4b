import type { ChatFullInfo } from "@grammyjs/types/manage.js"
import { badRequest } from "../api-error.ts"
import type { BotProfile } from "../bot.ts"
import type { ChatState } from "../chats.ts"
import { findChat } from "./chat-access.ts"
import { type Call, type Method, method } from "./method.ts"

const noGifts = {
  unlimited_gifts: false,
  limited_gifts: false,
  unique_gifts: false,
  premium_subscription: false,
  gifts_from_channels: false,
}

export const chatMethods: readonly Method[] = [
  method("getChat", (call, args) => fullInfo(findChat(call, args.chat_id))),

  method("leaveChat", (call, args) => {
    const chat = findChat(call, args.chat_id)
    if (chat.chat.type === "private") throw badRequest("chat member status can't be changed in private chats")
    chat.bots.delete(call.bot.id)
    return true
  }),

  method("setMyName", (call, args) => {
    // Guessed wordings here and below; the limits are documented.
    if ([...(args.name ?? "")].length > 64) throw badRequest("BOT_NAME_INVALID")
    return setProfile(call, args.language_code, { name: args.name ?? "" })
  }),
  method("setMyDescription", (call, args) => {
    if ([...(args.description ?? "")].length > 512) throw badRequest("BOT_DESCRIPTION_INVALID")
    return setProfile(call, args.language_code, { description: args.description ?? "" })
  }),
  method("setMyShortDescription", (call, args) => {
    if ([...(args.short_description ?? "")].length > 120) throw badRequest("BOT_SHORT_DESCRIPTION_INVALID")
    return setProfile(call, args.language_code, { shortDescription: args.short_description ?? "" })
  }),
  method("getMyName", (call, args) => ({
    name: profileOf(call, args.language_code).name || call.bot.me.first_name,
  })),
  method("getMyDescription", (call, args) => ({
    description: profileOf(call, args.language_code).description ?? "",
  })),
  method("getMyShortDescription", (call, args) => ({
    short_description: profileOf(call, args.language_code).shortDescription ?? "",
  })),
]

function profileOf(call: Call, language: string | undefined): BotProfile {
  return call.bot.profile.get(language ?? "") ?? {}
}

function setProfile(call: Call, language: string | undefined, change: BotProfile): true {
  call.bot.profile.set(language ?? "", { ...profileOf(call, language), ...change })
  return true
}

function fullInfo(state: ChatState): ChatFullInfo {
  const pinned = [...state.pinned]
    .map((id) => state.messages.get(id))
    .findLast((message) => message !== undefined)
  const common = {
    accent_color_id: 0,
    max_reaction_count: 11,
    accepted_gift_types: noGifts,
    ...(pinned ? { pinned_message: pinned } : {}),
  }
  const { chat } = state
  if (chat.type === "private") return { ...chat, ...common }
  if (chat.type === "group") throw badRequest("group chat was upgraded to a supergroup chat")
  return { ...chat, ...common }
}
