/** Tells the owner, past the ledger, that the ledger cannot be written: the only message that is owed to nobody. */
import type { Config } from "../core/config.ts"
import type { Log } from "../core/log.ts"
import { cliText } from "../core/texts/cli.ts"
import { connectBot } from "./ask-telegram.ts"

const PATIENCE_MS = 8_000

/** Never rejects; what Telegram does not take is left to the log and the terminal. */
export async function tellOfStorage(config: Config, log: Log, isStuck: boolean): Promise<void> {
  const text = cliText(config.language)(isStuck ? "storage.stuck" : "storage.freed")
  console.error(text)
  log[isStuck ? "error" : "info"]({ dataDir: config.dataDir }, text)
  const { bots, ownerId, apiRoot } = config.telegram
  const [bot] = bots
  if (!bot || ownerId === null) return
  const api = connectBot(bot.token, apiRoot)
  try {
    await api.call("sendMessage", { chat_id: ownerId, text }, { timeoutMs: PATIENCE_MS })
  } catch (error) {
    log.warn({ err: error }, "the owner could not be told about the disk")
  } finally {
    api.close()
  }
}
