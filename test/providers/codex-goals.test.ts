/** Goals of the real Codex, which its model may set by default: turn after turn, but one attempt and one answer. */
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { codexBinary } from "../agents/install.ts"
import { stream } from "../fakes/models/responses-steps.ts"
import { type CodexWorld, createCodexWorld, textPrompt } from "./codex-world.ts"
import { expectWholeAttempt, Recorder } from "./recorder.ts"

const binary = codexBinary()

describe.skipIf(binary === null)("a goal of Codex", () => {
  let world: CodexWorld
  beforeEach(async () => {
    world = await createCodexWorld(binary ?? "")
  })
  afterEach(async () => {
    await world.provider.close()
    await world.close()
  })

  const goals = (recorder: Recorder) =>
    recorder.events.flatMap((event) =>
      event.kind === "notice" && event.notice.code === "goal" ? [event.notice] : [],
    )
  const setGoal = () =>
    world.model.script.tool("create_goal", { objective: "Make the tests pass", token_budget: 90_000 })

  it("is one attempt with its last answer, however many turns it takes", async () => {
    const { model } = world
    setGoal()
    for (const step of ["one", "two", "three"]) model.script.reply(`Step ${step}.`)
    model.script.tool("update_goal", { status: "complete" })
    model.script.reply("All tests pass.")
    const { recorder, send } = await world.open()
    const attempt = await send("make the tests pass")
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "All tests pass." })
    expectWholeAttempt(recorder, attempt)
    expect(recorder.events.filter((event) => event.kind === "attempt.began")).toEqual([])
    expect(goals(recorder).at(0)).toMatchObject({
      objective: "Make the tests pass",
      state: "active",
      budget: 90_000,
    })
    expect(goals(recorder).at(-1)).toMatchObject({ state: "reached", tokens: expect.any(Number) })
    expect(goals(recorder).at(-1)?.tokens).toBeGreaterThan(0)

    model.script.reply("Nothing more.")
    const next = await send("anything else?")
    expect(await recorder.ended(next)).toEqual({ kind: "completed", text: "Nothing more." })
  })

  it("is paused by a stop, and the next prompt does not wake it", async () => {
    const { model } = world
    setGoal()
    model.script.reply("Step one.")
    model.script.reply("Second step, which takes long", { gated: true })
    const { session, recorder, send } = await world.open()
    const attempt = await send("make the tests pass")
    await recorder.until(() => recorder.streamed(attempt, "message").includes("Second") || undefined)
    model.script.reply("Only this.")
    await session.interrupt()
    expect(await recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
    expect(goals(recorder).at(-1)).toMatchObject({ state: "paused" })

    const next = await send("just say something")
    expect(await recorder.ended(next)).toEqual({ kind: "completed", text: "Only this." })
    expect(model.forgetUnscripted()).toBe(0)
  })

  it("takes a steer, whichever of its turns runs", async () => {
    const { model } = world
    setGoal()
    model.script.reply("Step one.")
    model.script.reply("Second step", { gated: true })
    model.script.tool("update_goal", { status: "complete" })
    model.script.reply("Done as you said.")
    const { session, recorder, send } = await world.open()
    const attempt = await send("make the tests pass")
    await recorder.until(() => recorder.streamed(attempt, "message").includes("Second") || undefined)
    expect(await session.steer(textPrompt("skip the slow ones"), attempt)).toBe("steered")
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "Done as you said." })
    expect(model.promptsContaining("skip the slow ones")).toBe(1)
  })

  it("that a failure ends is told as failed, with what was said before", async () => {
    const { model } = world
    setGoal()
    model.script.reply("Step one.")
    model.script.fail("server_error")
    const { recorder, send } = await world.open()
    expect(await recorder.ended(await send("make the tests pass"))).toMatchObject({
      kind: "failed",
      failure: { class: "capacity" },
      text: "Step one.",
    })
  })

  it("outlives its host: the next one takes it over in whichever turn it is", async () => {
    const { model } = world
    setGoal()
    model.script.reply("Step one.")
    const step = model.script.reply("Second step.", { gated: true })
    const { session, recorder, send } = await world.open()
    const attempt = await send("make the tests pass")
    await recorder.until(() => recorder.streamed(attempt, "message").includes("Second") || undefined)
    const later = new Recorder()
    const recovery = await world.create().recover(world.spec({ nativeId: session.nativeId }), attempt, later)
    expect(recovery.kind).toBe("live")
    model.script.tool("update_goal", { status: "complete" })
    model.script.reply("All tests pass.")
    step.release()
    expect(await later.ended(attempt)).toEqual({ kind: "completed", text: "All tests pass." })
  })

  it("that ended while no host was there is told with its last answer", async () => {
    const { model } = world
    setGoal()
    model.script.reply("Step one.")
    model.script.step(() => stream([{ kind: "tool", name: "update_goal", input: { status: "complete" } }]))
    model.script.reply("All tests pass.")
    const { session, recorder, send } = await world.open()
    const attempt = await send("make the tests pass")
    await recorder.ended(attempt)
    await world.killHostsAndAgents()
    const spec = world.spec({ nativeId: session.nativeId })
    expect(await world.create().recover(spec, attempt, new Recorder())).toMatchObject({
      kind: "ended",
      outcome: { kind: "completed", text: "All tests pass." },
    })
  })
})
