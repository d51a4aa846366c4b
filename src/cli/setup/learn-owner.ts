/** Who may act: learnt from the first private message to the bot that contains a code shown in this terminal. */
import { randomInt } from "node:crypto"
import { setTimeout as pause } from "node:timers/promises"
import { log, note } from "@clack/prompts"
import { type PairedUser, pairedBy, pairingCode } from "../../ops/pairing.ts"
import type { BotApi } from "../../telegram/wire/api.ts"
import { CallError, describeFailure } from "../../telegram/wire/call-error.ts"
import { connectBot } from "../ask-telegram.ts"
import { harmless } from "../harmless.ts"
import type { ChosenBot } from "./choose-bots.ts"
import { askYesOrNo, type Setup } from "./setup-context.ts"

const pollSeconds = 25
const retryMs = 1000

/** The owner's Telegram user id; `unknown` when Telegram stood in the way, `cancelled` when the owner did. */
export type LearntOwner = number | "unknown" | "cancelled"

export async function learnOwner(setup: Setup, bot: ChosenBot): Promise<LearntOwner> {
  const { config, say, io } = setup
  const { ownerId, apiRoot } = config.telegram
  if (ownerId !== null) {
    const isSame = await askYesOrNo(setup, say("setup.owner_keep", { owner: ownerId }))
    if (isSame === null) return "cancelled"
    if (isSame) return ownerId
  }
  const api = connectBot(bot.token, apiRoot)
  try {
    return await pair(setup, api, bot.username ?? String(bot.id))
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    const detail = describeFailure(error.failure)
    if (error.failure.kind === "conflict") {
      log.error(say("setup.owner_conflict", { username: bot.username ?? bot.id, detail }), io)
    } else log.error(say("setup.token_unreachable", { apiRoot, detail }), io)
    return "unknown"
  } finally {
    api.close()
  }
}

async function pair(setup: Setup, api: BotApi, username: string): Promise<number | "cancelled"> {
  const { say, io, signal } = setup
  for (;;) {
    const code = pairingCode((limit) => randomInt(limit))
    note(code, say("setup.owner_code", { username }), io)
    log.step(say("setup.owner_waiting"), io)
    const user = await waitForCode(api, code, signal)
    if (user === null) return "cancelled"
    log.success(say("setup.owner_found", { name: harmless(user.name), id: user.id }), io)
    const isOwner = await askYesOrNo(setup, say("setup.owner_confirm"))
    if (isOwner === null) return "cancelled"
    if (isOwner) {
      await greet(api, user, say("setup.owner_reply"))
      return user.id
    }
    log.info(say("setup.owner_other"), io)
  }
}

/** Null: Ctrl-C. Reads on after each batch, and tells Telegram that the last one arrived too. */
async function waitForCode(api: BotApi, code: string, signal: AbortSignal): Promise<PairedUser | null> {
  let offset = 0
  while (!signal.aborted) {
    const updates = await poll(api, offset, signal)
    for (const update of updates) {
      offset = update.update_id + 1
      const user = pairedBy(update, code)
      if (user === null) continue
      await poll(api, offset, AbortSignal.timeout(retryMs), 0)
      return user
    }
  }
  return null
}

/** Waits out what passes by itself. @throws CallError for what does not: another reader, a dead token. */
async function poll(api: BotApi, offset: number, signal: AbortSignal, timeout = pollSeconds) {
  try {
    const args = { offset, timeout, allowed_updates: ["message"] as const }
    return await api.call("getUpdates", args, { timeoutMs: (timeout + 10) * 1000, signal })
  } catch (error) {
    if (signal.aborted) return []
    if (!(error instanceof CallError) || !isPassing(error)) throw error
    await pause(retryMs)
    return []
  }
}

function isPassing({ failure }: CallError): boolean {
  return failure.kind === "ambiguous" || failure.kind === "unreachable" || failure.kind === "flood"
}

/** A courtesy; the set-up does not depend on it. */
async function greet(api: BotApi, user: PairedUser, text: string): Promise<void> {
  try {
    await api.call("sendMessage", { chat_id: user.id, text })
  } catch (error) {
    if (!(error instanceof CallError)) throw error
  }
}
