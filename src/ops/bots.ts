import type { OpsSay } from "../core/texts/ops.ts"
import type { Finding } from "./finding.ts"

/** What Telegram says of a token. */
export type BotAnswer =
  | { readonly kind: "ok"; readonly username: string }
  | { readonly kind: "revoked" }
  | { readonly kind: "unreachable"; readonly detail: string }

export interface BotChecks {
  readonly bots: readonly { readonly id: number; readonly token: string }[]
  readonly apiRoot: string
  /** Asks Telegram who the bot is (getMe); null leaves the network alone. */
  readonly ask: ((token: string) => Promise<BotAnswer>) | null
}

export async function checkBots({ bots, apiRoot, ask }: BotChecks, say: OpsSay): Promise<readonly Finding[]> {
  if (bots.length === 0) {
    return [{ id: "bots", state: "warn", what: say("bots.none"), remedy: say("bots.none_remedy") }]
  }
  return await Promise.all(
    bots.map(async ({ id, token }): Promise<Finding> => {
      const key = `bot:${id}`
      if (ask === null) return { id: key, state: "ok", what: say("bot.skipped", { id }), remedy: null }
      const answer = await ask(token)
      switch (answer.kind) {
        case "ok":
          return { id: key, state: "ok", what: say("bot.ok", { username: answer.username }), remedy: null }
        case "revoked":
          return {
            id: key,
            state: "fail",
            what: say("bot.revoked", { id }),
            remedy: say("bot.revoked_remedy"),
          }
        case "unreachable": {
          const what = say("bot.unreachable", { id, apiRoot, detail: answer.detail })
          return { id: key, state: "fail", what, remedy: say("bot.unreachable_remedy") }
        }
      }
    }),
  )
}
