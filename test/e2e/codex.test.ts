/** The real `codex`, from the owner's phone to a scripted model and back. */
import { afterAll, afterEach, beforeAll, describe, it } from "vitest"
import { work } from "./agent-scenarios.ts"
import { binaries, type Stage, startCodexStage } from "./stage.ts"

describe.skipIf(binaries.codex === null)("codex through Telegram", () => {
  let stage: Stage
  beforeAll(async () => {
    stage = await startCodexStage({ bots: 24, sessionIdleMinutes: 0.05 })
  })
  afterAll(() => stage[Symbol.asyncDispose]())
  afterEach(() => stage.world.telegram.assertClean())

  for (const { promise, play } of work) it(promise, () => play(stage))
})
