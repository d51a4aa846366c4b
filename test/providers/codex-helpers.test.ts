/** Sub-agents of the real Codex, which may start them by default: what they ask, the owner is asked. */
import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { RequestBody } from "../../src/protocol/session.ts"
import { codexBinary } from "../agents/install.ts"
import { stream } from "../fakes/models/responses-steps.ts"
import { type CodexWorld, createCodexWorld } from "./codex-world.ts"
import { expectWholeAttempt, Recorder } from "./recorder.ts"

const binary = codexBinary()
const TASK = "look after the sub-task"

describe.skipIf(binary === null)("a sub-agent of Codex", () => {
  let world: CodexWorld
  beforeEach(async () => {
    world = await createCodexWorld(binary ?? "")
  })
  afterEach(async () => {
    await world.provider.close()
    await world.close()
  })

  const outside = (name: string) => join(world.surroundings.root, name)

  /** The parent starts it and is done; `after` is what the parent does then. */
  function script(child: readonly ("command" | "patch")[]): void {
    const { model } = world
    model.script.step(() =>
      stream([
        {
          ...{ kind: "tool", name: "spawn_agent", namespace: "multi_agent_v1" },
          input: { message: TASK, agent_type: "default" },
        },
      ]),
    )
    model.script.reply("I have started it.")
    const sub = model.scriptFor(TASK)
    for (const act of child) {
      if (act === "command")
        sub.command(`touch ${outside("made")}`, { escalated: true, justification: "Needed." })
      else sub.addFile(outside("written.txt"), "its content")
    }
    sub.reply("The sub-task is done.")
  }

  const own = (recorder: Recorder) =>
    recorder.until(() => recorder.events.find((event) => event.kind === "attempt.began")?.attempt)

  it("asks for a command and for a change, named and shown, also when its parent is done", async () => {
    script(["command", "patch"])
    const { session, recorder, send } = await world.open()
    const attempt = await send("start a sub-agent")
    const answered: RequestBody[] = []
    for (const at of [0, 1]) {
      const opened = await recorder.until(
        () =>
          recorder.events.filter(
            (event) => event.kind === "request.opened" && isOpen(recorder, event.request),
          )[0],
      )
      if (opened.kind !== "request.opened") throw new Error(`${at}: ${opened.kind}`)
      answered.push(opened.body)
      await session.answer(opened.request, { kind: "option", option: "accept" })
    }
    expect(answered).toMatchObject([
      {
        ...{ subject: "command", command: `touch ${outside("made")}`, reason: "Needed." },
        origin: { subagent: expect.stringMatching(/^\w+$/) },
      },
      {
        subject: "file_change",
        changes: [{ path: outside("written.txt"), change: "add", diff: "@@ -0,0 +1,1 @@\n+its content\n" }],
        origin: { subagent: expect.stringMatching(/^\w+$/) },
      },
    ])
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "I have started it." })
    const helper = await own(recorder)
    expect(await recorder.ended(helper)).toEqual({ kind: "completed", text: "The sub-task is done." })
    expect([existsSync(outside("made")), existsSync(outside("written.txt"))]).toEqual([true, true])
    expectWholeAttempt(recorder, attempt)
  })

  it("is stopped with the session, and does nothing that was not allowed", async () => {
    script(["command"])
    const { session, recorder, send } = await world.open()
    await recorder.ended(await send("start a sub-agent"))
    const helper = await own(recorder)
    const { request } = await recorder.request(helper)
    await session.interrupt()
    expect(await recorder.ended(helper)).toMatchObject({ kind: "stopped" })
    expect(await session.answer(request, { kind: "option", option: "accept" })).toBe("gone")
    world.model.script.reply("Still here.")
    const next = await send("go on")
    expect(await recorder.ended(next)).toEqual({ kind: "completed", text: "Still here." })
    expect(existsSync(outside("made"))).toBe(false)
  })

  it("still asks when its host died and another one came", async () => {
    script(["command"])
    const { session, recorder, send } = await world.open()
    await recorder.ended(await send("start a sub-agent"))
    await recorder.request(await own(recorder))

    const later = new Recorder()
    const next = await world.create().open(world.spec({ nativeId: session.nativeId }), later)
    const helper = await own(later)
    const { request, body } = await later.request(helper)
    expect(body).toMatchObject({ command: `touch ${outside("made")}` })
    await next.answer(request, { kind: "option", option: "accept" })
    expect(await later.ended(helper)).toMatchObject({ kind: "completed", text: "The sub-task is done." })
    expect(existsSync(outside("made"))).toBe(true)
  })
})

function isOpen(recorder: Recorder, request: string): boolean {
  return !recorder.events.some((event) => event.kind === "request.closed" && event.request === request)
}
