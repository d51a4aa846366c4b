/** The real `codex`, from the owner's phone to a scripted model and back. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { hostDeaths, hungCall, runtimeDeaths, telegramFaults } from "./agent-crashes.ts"
import { handOver, work } from "./agent-scenarios.ts"
import { troubles } from "./agent-troubles.ts"
import type { CodexBrain } from "./brain.ts"
import { binaries, decides, type Stage, startCodexStage } from "./stage.ts"

describe.skipIf(binaries.codex === null)("codex through Telegram", () => {
  let stage: Stage<CodexBrain>
  beforeAll(async () => {
    stage = await startCodexStage({ bots: 40, sessionIdleMinutes: 0.05 })
  })
  afterAll(() => stage?.[Symbol.asyncDispose]())
  afterEach(() => stage.assertClean())

  for (const { promise, play } of [...work, handOver]) it(promise, () => play(stage))

  it("sends the plan that it proposes, and carries it out when told", async () => {
    const owner = stage.newChat()
    await owner.says("/new")
    await owner.says("/mode plan")
    await owner.sees(/works in mode/)
    stage.brain.say("Here it is.\n<proposed_plan>\n# Paint it\n\n1. Buy paint\n</proposed_plan>")
    await owner.says("how would you do it?")
    const plan = await owner.sees(/Buy paint/)
    expect(plan.text).toContain("Here it is.")
    await owner.says("/mode ask")
    stage.brain.say("Painted.")
    await owner.says("do it")
    await owner.sees("Painted.")
  })

  it("pursues a goal of its own in one turn of the owner's, with one answer", async () => {
    const owner = stage.newChat()
    const { brain } = stage
    brain.calls("create_goal", { objective: "Paint the house", token_budget: 90_000 })
    for (let step = 1; step <= 12; step++) brain.say(`Step ${step}.`)
    brain.calls("update_goal", { status: "complete" })
    brain.say("The house is painted.")
    await owner.says("paint the house")
    await owner.sees("The house is painted.")
    brain.say("Nothing else.")
    await owner.says("anything else?")
    await owner.sees("Nothing else.")
    const finals = owner
      .messages()
      .filter(({ text }) => /^(Step \d+\.|The house|Nothing else)/.test(text ?? ""))
    expect(finals.map(({ text }) => text?.split("\n")[0])).toEqual(["The house is painted.", "Nothing else."])
  })

  it("asks the owner for its sub-agents, and says that it is one", async () => {
    const owner = stage.newChat()
    const { brain, world } = stage
    const task = "look after the gate"
    const file = join(world.directory, "gate.txt")
    brain.calls("spawn_agent", { message: task, agent_type: "default" }, "multi_agent_v1")
    brain.say("It is being looked after.")
    brain.run(`touch ${file}`, { during: task })
    brain.say("The gate is closed.", { during: task })
    await owner.says("see to the gate")
    const card = await owner.sees(/sub-agent/)
    expect(card.text).toContain(`touch ${file}`)
    // With the end of the turn that began it, it asks anew, under a turn of its own.
    await owner.sees("It is being looked after.")
    await decides(owner, "Allow once")
    await owner.sees(/The gate is closed\./)
    expect(existsSync(file)).toBe(true)
  })

  it("reaches no further than the sandbox that the owner chose", async () => {
    const { brain, world } = stage
    const owner = stage.newChat()
    const outside = join(world.directory, "outside.txt")
    await owner.says("/new")
    const inside = join(await stage.workspace(owner), "inside.txt")
    const runs = async (prompt: string) => {
      brain.runInside(`touch ${inside}; touch ${outside}`)
      brain.say(`After ${prompt}.`)
      await owner.says(prompt)
      await owner.sees(`After ${prompt}.`)
      return [existsSync(inside), existsSync(outside)]
    }
    await owner.says("/sandbox read-only")
    await owner.sees(/works in read-only/)
    expect(await runs("read-only")).toEqual([false, false])
    await owner.says("/sandbox workspace-write")
    await owner.sees(/works in workspace-write/)
    expect(await runs("workspace-write")).toEqual([true, false])
    await owner.says("/sandbox danger-full-access")
    await decides(owner, "Yes, I am sure")
    await owner.sees(/works in danger-full-access/)
    expect(await runs("danger-full-access")).toEqual([true, true])
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
    for (const { promise, play } of [...telegramFaults, hungCall]) it(promise, () => play(stage))
  })
})
