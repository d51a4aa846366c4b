/** What in the configuration must never be shown. */
import type { Config } from "./config.ts"

/** Shorter values in an agent's environment are switches and numbers. */
const SHORTEST_VALUE = 12

/** Tokens of the bots, and what the owner gives agents in their environment, which is mostly keys. */
export function secretsOf({
  telegram,
  providers,
}: Pick<Config, "telegram" | "providers">): readonly string[] {
  const tokens = telegram.bots.flatMap(({ token }) => [token, token.slice(token.indexOf(":") + 1)])
  const values = Object.values(providers).flatMap(environmentValues)
  return [...tokens, ...values].filter((value) => value.length >= SHORTEST_VALUE)
}

function environmentValues(agents: object | undefined): readonly string[] {
  if (!agents) return []
  const configs: readonly unknown[] = "env" in agents ? [agents] : Object.values(agents)
  return configs.flatMap((agent) => {
    if (typeof agent !== "object" || agent === null || !("env" in agent)) return []
    return Object.values(agent.env ?? {}).filter(
      (value): value is string => typeof value === "string" && !isPath(value),
    )
  })
}

/** Where an agent finds its things is no secret, and stands in much of what it says. */
function isPath(value: string): boolean {
  return /^(?:~|\.{0,2})\/|^[a-z]+:\/\/[^@]*$/i.test(value)
}
