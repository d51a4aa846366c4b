/** How full an agent's context is. */
import type { Usage } from "../protocol/session.ts"

/** `ctx 34 %`; undefined where the agent does not say. */
export function contextShare({ contextTokens, contextWindow }: Usage): string | undefined {
  if (contextTokens === undefined || contextWindow === undefined) return undefined
  return `ctx ${Math.round((100 * contextTokens) / contextWindow)} %`
}

/** Tokens in the context, with the share where the window is known; null when nothing was reported. */
export function sumOfContext(usage: Usage): string | null {
  if (usage.contextTokens === undefined) return null
  const share = contextShare(usage)
  const tokens = usage.contextTokens.toLocaleString("en-US")
  return share ? `${tokens} (${share.slice(4)})` : tokens
}
