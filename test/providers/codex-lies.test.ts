/** The Codex adapter with an app-server that tells odd things: they cost that attempt at most, and nothing is allowed unseen. */
import { join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Outcome } from "../../src/protocol/session.ts"
import { type CodexWorld, createCodexWorld } from "./codex-world.ts"
import { describeLies } from "./lies.ts"
import { expectWholeAttempt } from "./recorder.ts"

const LIAR = join(import.meta.dirname, "../fakes/codex-liar.ts")

describeLies("codex", async () => {
  const { provider, workspace, close } = await createCodexWorld(LIAR)
  return { provider, workspace, prompt: (lie) => `LIE:${lie}`, close }
})

describe("a Codex that tells odd things", () => {
  let world: CodexWorld
  beforeAll(async () => {
    world = await createCodexWorld(LIAR)
  })
  afterAll(async () => {
    await world.provider.close()
    await world.close()
  })

  const completed = (text: string): Partial<Outcome> => ({ kind: "completed", text })

  it.each<[string, object]>([
    ["unknown_status", completed("all done")],
    ["unknown_status_with_error", { kind: "failed", failure: { class: "unknown" } }],
    ["error_as_text", { kind: "failed", failure: { class: "unknown" } }],
    ["error_as_number", { kind: "failed", failure: { class: "unknown" } }],
    ["new_error_word", { kind: "failed", failure: { class: "refused" } }],
    ["odd_usage", completed("counted")],
    ["odd_items", completed("the answer")],
    ["two_ends", completed("one")],
  ])("%s ends the turn as what it was, and the session goes on", async (lie, outcome) => {
    const { recorder, send } = await world.open()
    const attempt = await send(`LIE:${lie}`)
    expect(await recorder.ended(attempt)).toMatchObject(outcome)
    expectWholeAttempt(recorder, attempt)
    expect(await recorder.ended(await send("and now?"))).toEqual(completed("honest"))
  })

  it("asks for a command whose item has no name", async () => {
    const { session, recorder, send } = await world.open()
    const attempt = await send("LIE:empty_item_in_request")
    const { request, body } = await recorder.request(attempt)
    expect(body).toMatchObject({ kind: "approval", subject: "command", command: "touch it" })
    expect(await session.answer(request, { kind: "option", option: "accept" })).toBe("answered")
    expect(await recorder.ended(attempt)).toEqual(completed('{"decision":"accept"}'))
    expectWholeAttempt(recorder, attempt)
  })

  it("opens a thread that is just being closed", async () => {
    const { recorder, send } = await world.open({ nativeId: "closing" })
    expect(await recorder.ended(await send("hi"))).toEqual(completed("honest"))
  })

  it("shows a change of another form all the same", async () => {
    const { session, recorder, send } = await world.open()
    const attempt = await send("LIE:change_of_another_form")
    const { request, body } = await recorder.request(attempt)
    expect(body).toMatchObject({
      subject: "file_change",
      changes: [{ path: "/x", change: "add", diff: "@@ -0,0 +1,1 @@\n+hi\n" }],
    })
    await session.answer(request, { kind: "option", option: "decline" })
    expect(await recorder.ended(attempt)).toEqual(completed('{"decision":"decline"}'))
  })

  it.each<[string, string]>([
    ["change_without_item", '{"decision":"decline"}'],
    ["command_without_words", '{"decision":"decline"}'],
    ["command_as_list", '"refused"'],
    ["permission_for_nothing", '{"permissions":{},"scope":"turn"}'],
    ["new_request", '"refused"'],
  ])("%s is denied, and the owner is told", async (lie, answer) => {
    const { recorder, send } = await world.open()
    const attempt = await send(`LIE:${lie}`)
    expect(await recorder.ended(attempt)).toEqual(completed(answer))
    const told = recorder.of(attempt)
    expect(told.some((event) => event.kind === "request.opened")).toBe(false)
    expect(told).toContainEqual(
      expect.objectContaining({ kind: "notice", notice: expect.objectContaining({ code: "warning" }) }),
    )
  })
})
