/** The model's service fails: the owner reads why in plain words, and what can be repeated is, with an end. */
import { expect } from "vitest"
import type { Scenario } from "./agent-scenarios.ts"
import { labelsOf, type Stage, timesSaid } from "./stage.ts"

export const troubles: readonly Scenario[] = [
  {
    promise: "says that the agent is not signed in, and runs it again at a tap",
    async play({ brain, newChat }) {
      const owner = newChat()
      brain.fail("auth")
      await owner.says("let me in")
      const failed = await owner.sees(/not signed in/)
      expect(failed.text).not.toMatch(/[{}]|https?:|\/\w+\/\w+/)
      brain.clear()
      brain.say("Welcome.")
      await owner.taps(failed, "Run again")
      await owner.sees("Welcome.")
    },
  },
  {
    promise: "holds a prompt until a used up limit is reset, then runs it",
    async play({ brain, newChat }) {
      const owner = newChat()
      brain.fail({ limitUntil: Date.now() + 4_000 })
      await owner.says("one more thing")
      const held = await owner.sees(/Usage limit reached; goes on by itself at \d\d:\d\d/)
      expect(labelsOf(held)).toContain("Stop")
      brain.clear()
      brain.say("There it is.")
      await owner.sees("There it is.")
      expect(timesSaid(owner, "There it is.")).toBe(1)
    },
  },
  {
    promise: "lets go of a prompt that waits for a limit when the owner says stop",
    async play({ brain, newChat }) {
      const owner = newChat()
      brain.fail({ limitUntil: Date.now() + 3 * 3_600_000 })
      await owner.says("never mind the limit")
      await owner.sees(/Usage limit reached/)
      await owner.says("/stop")
      await owner.sees(/^Stopped\./)
      brain.clear()
      brain.say("A new one.")
      await owner.says("something else")
      await owner.sees("A new one.")
    },
  },
  {
    promise: "repeats after a failure of the service, and says so",
    async play(stage) {
      const { brain } = stage
      const owner = stage.newChat()
      brain.fail("server")
      await owner.says("hold on")
      await owner.sees(/Attempt 2 of 6 at \d\d:\d\d: The model is at capacity/)
      brain.clear()
      brain.say("At last.")
      await owner.sees("At last.")
    },
  },
  {
    promise: "gives up in the end, and says how often it was tried",
    async play({ brain, newChat }: Stage) {
      const owner = newChat()
      brain.fail("empty")
      await owner.says("say something")
      await owner.sees(/Attempt 2 of 3/)
      const failed = await owner.sees(/The model answered nothing[\s\S]*Tried 3 times/)
      expect(labelsOf(failed)).toContain("Run again")
    },
  },
]
