import type { Notice } from "../protocol/session.ts"
import type { GoalSay } from "./texts/goal.ts"

type Goal = Extract<Notice, { code: "goal" }>

/** One line: what the agent works towards by itself, and what it has cost so far. */
export function goalLine({ objective, state, tokens, budget }: Goal, say: GoalSay): string {
  const spent = { tokens: grouped(tokens) }
  const cost =
    budget === undefined
      ? say("goal.spent", spent)
      : say("goal.spent_of", { ...spent, budget: grouped(budget) })
  return `${say(`goal.${state}`, { objective })} · ${cost}`
}

/** The same in both languages: 12,345. */
function grouped(count: number): string {
  return Math.round(count).toLocaleString("en-US")
}
