import type { BotCommandScope } from "@grammyjs/types/settings.js"
import { badRequest } from "../api-error.ts"
import { checkWebAppUrl } from "../keyboards.ts"
import { findChat } from "./chat-access.ts"
import { type Call, type Method, method } from "./method.ts"

export const commandMethods: readonly Method[] = [
  method("setMyCommands", (call, args) => {
    for (const { command, description } of args.commands) {
      if (!/^[a-z0-9_]{1,32}$/.test(command)) throw badRequest("BOT_COMMAND_INVALID")
      const length = [...description].length
      if (length < 1 || length > 256) throw badRequest("BOT_COMMAND_DESCRIPTION_INVALID")
    }
    call.bot.commands.set(scopeKey(call, args), args.commands)
    return true
  }),

  method("getMyCommands", (call, args) => [...(call.bot.commands.get(scopeKey(call, args)) ?? [])]),

  method("deleteMyCommands", (call, args) => {
    call.bot.commands.delete(scopeKey(call, args))
    return true
  }),

  method("setChatMenuButton", (call, args) => {
    if (args.chat_id !== undefined) findChat(call, args.chat_id)
    const button = args.menu_button ?? { type: "default" }
    if (button.type === "web_app") {
      if (button.text.trim() === "") throw badRequest("emulator: menu button text must be non-empty")
      checkWebAppUrl(button.web_app.url, call.world.formatter, "menu button Web App URL")
    }
    call.bot.menuButtons.set(args.chat_id ?? "default", button)
    return true
  }),

  method("getChatMenuButton", (call, args) => {
    const { menuButtons } = call.bot
    return menuButtons.get(args.chat_id ?? "default") ?? menuButtons.get("default") ?? { type: "default" }
  }),
]

interface Scoped {
  readonly scope?: BotCommandScope
  readonly language_code?: string
}

/** Commands are kept by exact scope and language; nothing falls back when asked for. */
function scopeKey(call: Call, { scope, language_code }: Scoped): string {
  const chat = scope && "chat_id" in scope ? `:${findChat(call, scope.chat_id).chat.id}` : ""
  const user = scope && "user_id" in scope ? `:${scope.user_id}` : ""
  return `${scope?.type ?? "default"}${chat}${user}/${language_code ?? ""}`
}
