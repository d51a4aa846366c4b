import type { BotAnswer } from "../ops/bots.ts"
import { type BotApi, createBotApi } from "../telegram/wire/api.ts"
import { CallError, describeFailure } from "../telegram/wire/call-error.ts"

const patienceMs = 8000

/** Asks Telegram who a token belongs to (getMe); unreachable when aborted. What is returned never carries the token. */
export async function identifyBot(token: string, apiRoot: string, signal?: AbortSignal): Promise<BotAnswer> {
  const api = connectBot(token, apiRoot)
  try {
    const me = await api.call("getMe", {}, { timeoutMs: patienceMs, ...(signal ? { signal } : {}) })
    return { kind: "ok", username: me.username }
  } catch (error) {
    if (!(error instanceof CallError)) throw error
    if (error.failure.kind === "revoked") return { kind: "revoked" }
    return { kind: "unreachable", detail: describeFailure(error.failure) }
  } finally {
    api.close()
  }
}

export function connectBot(token: string, apiRoot: string): BotApi {
  return createBotApi({ bot: Number(token.split(":")[0]), token, apiRoot })
}
