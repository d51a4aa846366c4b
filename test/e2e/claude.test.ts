/** The real `claude`, from the owner's phone to a scripted model and back. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { hostDeaths, runtimeDeaths, telegramFaults } from "./agent-crashes.ts"
import { handOver, work } from "./agent-scenarios.ts"
import { troubles } from "./agent-troubles.ts"
import type { ClaudeBrain } from "./brain.ts"
import { binaries, decides, labelsOf, type Stage, seesButton, startClaudeStage } from "./stage.ts"

describe.skipIf(binaries.claude === null)("claude through Telegram", () => {
  let stage: Stage<ClaudeBrain>
  beforeAll(async () => {
    stage = await startClaudeStage({ bots: 40, sessionIdleMinutes: 0.05 })
  })
  afterAll(() => stage?.[Symbol.asyncDispose]())
  afterEach(() => stage.assertClean())

  for (const { promise, play } of [...work, handOver]) it(promise, () => play(stage))

  it("puts a plan to the owner, improves it when told why, and leaves plan mode with the approval", async () => {
    const { brain } = stage
    const owner = stage.newChat()
    await owner.says("/new")
    await owner.says("/mode plan")
    await owner.sees(/works in mode/)
    brain.proposePlan("# Paint it\n\n1. **Buy** paint")
    brain.proposePlan("# Paint it\n\n1. Buy *blue* paint")
    brain.say("Painting.")
    await owner.says("paint the house")
    const first = await owner.sees(/proposes a plan[\s\S]*Buy paint/)
    await owner.replies(first, "which colour?")
    await owner.taps(await owner.sees(/^Keep planning with this in mind\?/), "Keep planning")
    await owner.sees(/proposes a plan[\s\S]*Buy blue paint/)
    expect(brain.newest()).toContain("which colour?")
    const card = await seesButton(owner, "Approve the plan")
    expect(labelsOf(card)).toEqual([
      "Approve the plan",
      "Approve, and ask less from then on",
      "Keep planning",
    ])
    await decides(owner, "Approve the plan")
    await owner.sees("Painting.")
    await owner.says("/status")
    await owner.sees(/Mode: default/)
  })

  it("says that it has no sandbox of its own", async () => {
    const owner = stage.newChat()
    await owner.says("/new")
    await owner.says("/sandbox read-only")
    await owner.sees(/has no sandbox of its own/)
  })

  describe("when the model's service fails", () => {
    for (const { promise, play } of troubles) it(promise, () => play(stage))
  })

  describe("when the runtime dies", () => {
    for (const { promise, play } of runtimeDeaths) it(promise, () => play(stage))
  })

  describe("when the host dies", () => {
    for (const { promise, play } of hostDeaths) it(promise, () => play(stage))
  })

  describe("when Telegram fails", () => {
    for (const { promise, play } of telegramFaults) it(promise, () => play(stage))
  })
})
