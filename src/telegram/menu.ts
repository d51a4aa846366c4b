/** Telegram's own command menu, made of the command table. */
import type { Log } from "../core/log.ts"
import { telegramText } from "../core/texts/telegram.ts"
import type { Language } from "../core/texts/text.ts"
import type { Command } from "../runtime/commands/command.ts"
import type { BotApi } from "./wire/api.ts"
import { CallError } from "./wire/call-error.ts"

export interface Menu {
  readonly commands: readonly Command[]
  readonly owner: number
  readonly language: Language
  readonly log: Log
}

/**
 * Registers the menu for the owner's private chat alone: a stranger who opens the bot sees none (Bot API
 * `setMyCommands`, scope `chat`). False when it could not be registered now.
 */
export async function registerMenu(api: BotApi, { commands, owner, language, log }: Menu): Promise<boolean> {
  const say = telegramText(language)
  const entries = commands.map(({ name }) => ({ command: name, description: say(`command.${name}`) }))
  try {
    return await api.call("setMyCommands", { commands: entries, scope: { type: "chat", chat_id: owner } })
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    log.warn({ bot: api.bot, failure: error.failure }, "the command menu could not be registered")
    return false
  }
}
