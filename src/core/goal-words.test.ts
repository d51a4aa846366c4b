import { expect, it } from "vitest"
import { goalLine } from "./goal-words.ts"
import { chatText } from "./texts/chat.ts"

it("says a goal with what it has cost", () => {
  const goal = { code: "goal", objective: "Make the tests pass", state: "active", tokens: 1170 } as const
  expect(goalLine(goal, chatText("en"))).toBe("Works towards its goal: Make the tests pass · 1,170 tokens")
  expect(goalLine({ ...goal, state: "reached", budget: 9000 }, chatText("ko"))).toBe(
    "목표 달성: Make the tests pass · 토큰 9,000개 중 1,170개",
  )
})
