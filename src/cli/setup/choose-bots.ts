/** Which bots there are to be: those there stay, come or go; a new token is checked with Telegram before it counts. */
import { isCancel, log, password, select } from "@clack/prompts"
import { botIdOf, type ConfiguredBot } from "../../core/config.ts"
import { identifyBot } from "../ask-telegram.ts"
import { askYesOrNo, type Setup } from "./setup-context.ts"

/** A bot whose token Telegram has just confirmed, or that was there before. */
export interface ChosenBot extends ConfiguredBot {
  /** Null when Telegram was not asked or could not be reached. */
  readonly username: string | null
}

type Choice = "keep" | "add" | "replace" | "none"

/** Null: the owner gave up. An empty list: no Telegram. */
export async function chooseBots(setup: Setup): Promise<readonly ChosenBot[] | null> {
  const { config, say, io, signal } = setup
  const present = await Promise.all(config.telegram.bots.map((bot) => nameBot(setup, bot)))
  if (signal.aborted) return null
  const bots = present.map(({ id, username }) => (username === null ? String(id) : `@${username}`)).join(", ")
  const keep =
    present.length === 0 ? [] : [{ value: "keep" as const, label: say("setup.bots_keep", { bots }) }]
  const replace =
    present.length === 0 ? [] : [{ value: "replace" as const, label: say("setup.bots_replace") }]
  const choice = await select<Choice>({
    message: say("setup.bots_question"),
    options: [
      ...keep,
      { value: "add", label: say("setup.bots_add") },
      ...replace,
      { value: "none", label: say("setup.bots_none") },
    ],
    ...io,
  })
  if (isCancel(choice)) return null
  switch (choice) {
    case "keep":
      return present
    case "none":
      return []
    case "add":
    case "replace": {
      const kept = choice === "add" ? present : []
      const added = await askBot(setup, kept)
      return added === null ? null : [...kept, added]
    }
  }
}

async function nameBot({ config, signal }: Setup, bot: ConfiguredBot): Promise<ChosenBot> {
  const answer = await identifyBot(bot.token, config.telegram.apiRoot, signal)
  return { ...bot, username: answer.kind === "ok" ? answer.username : null }
}

async function askBot(setup: Setup, present: readonly ChosenBot[]): Promise<ChosenBot | null> {
  const { say, io } = setup
  for (;;) {
    const token = await password({
      message: say("setup.token_question"),
      validate: (value) => (botIdOf(value?.trim() ?? "") === null ? say("setup.token_malformed") : undefined),
      ...io,
    })
    if (isCancel(token)) return null
    const bot = await checkToken(setup, token.trim())
    if (setup.signal.aborted) return null
    if (bot && !present.some(({ id }) => id === bot.id)) return bot
    if (bot) log.warn(say("setup.token_taken"), io)
    if (!(await askYesOrNo(setup, say("setup.again")))) return null
  }
}

/** Says what Telegram thinks of the token; null when it cannot be used now. */
async function checkToken({ say, io, config, signal }: Setup, token: string): Promise<ChosenBot | null> {
  const { apiRoot } = config.telegram
  // Not a spinner of clack's: that ends the process at Ctrl-C, and as if all had gone well.
  log.step(say("setup.token_checking"), io)
  const answer = await identifyBot(token, apiRoot, signal)
  if (signal.aborted) return null
  switch (answer.kind) {
    case "ok":
      log.success(say("setup.token_ok", { username: answer.username }), io)
      return { id: Number(token.split(":")[0]), token, username: answer.username }
    case "revoked":
      log.error(say("setup.token_revoked"), io)
      return null
    case "unreachable":
      log.error(say("setup.token_unreachable", { apiRoot, detail: answer.detail }), io)
      return null
  }
}
