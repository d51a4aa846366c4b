/** The real `claude`, from the owner's phone to a scripted model and back. */
import { afterAll, afterEach, beforeAll, describe, it } from "vitest"
import { work } from "./agent-scenarios.ts"
import { binaries, type ClaudeStage, startClaudeStage } from "./stage.ts"

describe.skipIf(binaries.claude === null)("claude through Telegram", () => {
  let stage: ClaudeStage
  beforeAll(async () => {
    stage = await startClaudeStage({ bots: 24, sessionIdleMinutes: 0.05 })
  })
  afterAll(() => stage[Symbol.asyncDispose]())
  afterEach(() => stage.world.telegram.assertClean())

  for (const { promise, play } of work) it(promise, () => play(stage))
})
