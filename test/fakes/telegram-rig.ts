/** The strict Telegram, a real ledger in a directory of its own, and our clients between them. */
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import type { Log } from "../../src/core/log.ts"
import { type Ledger, openLedger } from "../../src/ledger/ledger.ts"
import { type BotApi, createBotApi } from "../../src/telegram/wire/api.ts"
import type { FakeBot } from "./telegram/bot.ts"
import { type BotSpec, startTelegram, type TelegramOptions, type TelegramServer } from "./telegram/server.ts"

export const OWNER = 4242

/** Everything logged, as text; what a log line of the product would show of an error. */
export class CollectedLog implements Log {
  readonly lines: string[] = []
  debug = (fields: object, message: string): void => this.#add(fields, message)
  info = (fields: object, message: string): void => this.#add(fields, message)
  warn = (fields: object, message: string): void => this.#add(fields, message)
  error = (fields: object, message: string): void => this.#add(fields, message)
  keep = (what: string, payload: unknown): string => {
    this.#add({ payload }, what)
    return "kept"
  }

  #add(fields: object, message: string): void {
    const shown = Object.entries(fields).map(([key, value]) =>
      value instanceof Error ? `${key}=${value.stack}` : `${key}=${JSON.stringify(value)}`,
    )
    this.lines.push(`${message} ${shown.join(" ")}`)
  }
}

export class TelegramRig implements AsyncDisposable {
  readonly telegram: TelegramServer
  readonly directory: string
  readonly log = new CollectedLog()
  ledger: Ledger
  readonly #onEnd: (() => Promise<void> | void)[] = []

  constructor(telegram: TelegramServer, directory: string, ledger: Ledger) {
    this.telegram = telegram
    this.directory = directory
    this.ledger = ledger
  }

  addBot(spec: BotSpec = {}): FakeBot {
    return this.telegram.addBot(spec)
  }

  connect(bot: FakeBot): BotApi {
    const { id, token } = bot
    const api = createBotApi({ bot: id, token, apiRoot: this.telegram.apiRoot })
    this.onEnd(() => api.close())
    return api
  }

  /** The chat of the owner with a bot. */
  owner(bot: FakeBot) {
    return this.telegram.user({ id: OWNER }).chatWith(bot)
  }

  /** As after a crash of the process: what was not committed is gone. */
  async reopenLedger(): Promise<void> {
    this.ledger.close()
    this.ledger = await openLedger(this.directory, Date.now())
  }

  onEnd(run: () => Promise<void> | void): void {
    this.#onEnd.push(run)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.#onEnd.reverse()) await run()
    await this.telegram.close()
    this.ledger.close()
    await rm(this.directory, { recursive: true, force: true })
  }
}

export async function startRig(options?: TelegramOptions): Promise<TelegramRig> {
  const directory = await mkdtemp(join(tmpdir(), "telegram-rig-"))
  const telegram = await startTelegram(options)
  return new TelegramRig(telegram, directory, await openLedger(directory, Date.now()))
}
