/** The goal of a thread, which Codex pursues by itself: while it is active, Codex begins one turn after another. */
import { isDeepStrictEqual } from "node:util"
import type { Notice } from "../../protocol/session.ts"
import type { Goal } from "./incoming.ts"

type GoalNotice = Extract<Notice, { code: "goal" }>

export class GoalWatch {
  #goal: Goal | null = null
  #told: GoalNotice | null = null

  get isActive(): boolean {
    return this.#goal?.status === "active"
  }

  update(goal: Goal | null): void {
    this.#goal = goal
  }

  /** What the owner has not been told yet; null when there is nothing. */
  news(): GoalNotice | null {
    if (this.#goal === null) return null
    const notice = noticeOf(this.#goal)
    if (isDeepStrictEqual(notice, this.#told)) return null
    this.#told = notice
    return notice
  }
}

/** Longer ones are the prompt once more. */
const OBJECTIVE_LENGTH = 300

function noticeOf({ objective, status, tokensUsed, tokenBudget }: Goal): GoalNotice {
  const line = objective.replaceAll(/\s+/gu, " ").trim()
  return {
    code: "goal",
    objective:
      line.length <= OBJECTIVE_LENGTH ? line : `${line.slice(0, OBJECTIVE_LENGTH - 1).toWellFormed()}…`,
    state: stateOf(status),
    tokens: tokensUsed,
    ...(tokenBudget === null ? {} : { budget: tokenBudget }),
  }
}

function stateOf(status: string): GoalNotice["state"] {
  switch (status) {
    case "active":
    case "paused":
    case "blocked":
      return status
    case "complete":
      return "reached"
    case "usageLimited":
    case "budgetLimited":
      return "limited"
    default:
      return "blocked"
  }
}
