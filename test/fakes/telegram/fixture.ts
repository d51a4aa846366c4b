/** What the tests of this folder start with. */
import { Api, GrammyError } from "grammy"
import type { FakeBot } from "./bot.ts"
import type { Conversation } from "./conversation.ts"
import { type BotSpec, startTelegram, type TelegramOptions, type TelegramServer } from "./server.ts"

export const ownerId = 42

export interface Fixture extends AsyncDisposable {
  readonly telegram: TelegramServer
  readonly bot: FakeBot
  readonly api: Api
  readonly owner: Conversation
}

/** One bot with one owner, and grammY's client for the bot. */
export async function open(options: TelegramOptions & { readonly bot?: BotSpec } = {}): Promise<Fixture> {
  const telegram = await startTelegram(options)
  const bot = telegram.addBot(options.bot)
  return {
    telegram,
    bot,
    api: new Api(bot.token, { apiRoot: telegram.apiRoot }),
    owner: telegram.user({ id: ownerId, first_name: "Olive" }).chatWith(bot),
    [Symbol.asyncDispose]: () => telegram.close(),
  }
}

/** The refusal that a call ran into; fails when the call was accepted. */
export async function refusalOf(call: Promise<unknown>): Promise<GrammyError> {
  const outcome = await call.then(
    (value) => ({ value }),
    (error: unknown) => error,
  )
  if (outcome instanceof GrammyError) return outcome
  throw new Error(`Expected Telegram to refuse the call, got ${JSON.stringify(outcome)}`, { cause: outcome })
}
