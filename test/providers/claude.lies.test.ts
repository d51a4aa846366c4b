/** Claude Code that says what no version says, or not yet. */
import { randomUUID } from "node:crypto"
import { fileURLToPath } from "node:url"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { ProviderError } from "../../src/core/provider-error.ts"
import { AttemptId, SessionId } from "../../src/protocol/ids.ts"
import { createClaudeProvider } from "../../src/providers/claude/provider.ts"
import type { Provider, ProviderConfig } from "../../src/providers/provider.ts"
import { describeLies } from "./lies.ts"
import { createSurroundings, type Surroundings } from "./local-context.ts"
import { expectWholeAttempt, Recorder } from "./recorder.ts"

const LIAR = fileURLToPath(new URL("../fakes/lying-claude.ts", import.meta.url))

function liar(surroundings: Surroundings, config: ProviderConfig = {}): Provider {
  return createClaudeProvider(surroundings.context({ command: LIAR, ...config }))
}

describeLies("claude", async () => {
  const surroundings = createSurroundings()
  return {
    provider: liar(surroundings),
    workspace: surroundings.workspace,
    prompt: (lie) => `LIE:${lie}`,
    close: () => surroundings.close(),
  }
})

describe("a claude of another form", () => {
  let surroundings: Surroundings
  beforeEach(() => {
    surroundings = createSurroundings()
  })
  afterEach(async () => {
    await surroundings.close()
  })

  async function open(config?: ProviderConfig) {
    const provider = liar(surroundings, config)
    const recorder = new Recorder()
    const spec = {
      ...{ session: SessionId.parse("S001"), provider: provider.id, workspace: surroundings.workspace },
      ...{ nativeId: null, settings: {} },
    }
    const session = await provider.open(spec, recorder)
    const attempt = AttemptId.parse(randomUUID())
    const send = (lie: string) => session.send({ text: `LIE:${lie}`, files: [] }, attempt)
    return { session, recorder, attempt, send }
  }

  it.each([
    ["odd_item_id", "done"],
    ["no_result", "done"],
    ["no_end", "done"],
    ["no_lifecycle", "done"],
    ["local_output", "half full"],
  ])("loses no answer: %s", { timeout: 20_000 }, async (lie, text) => {
    const { recorder, attempt, send } = await open()
    await send(lie)
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text })
    expectWholeAttempt(recorder, attempt)
  })

  it("is ended when it never takes up a prompt, which may then be sent again", async () => {
    const { recorder, attempt, send } = await open({ silentNoticeMs: 100, silentLimitMs: 400 })
    await expect(send("never_taken_up")).rejects.toMatchObject({ failure: { class: "timeout" } })
    expect(recorder.of(attempt)).toEqual([])
  })

  it("can be stopped before it has taken up a prompt", { timeout: 20_000 }, async () => {
    const { session, recorder, attempt, send } = await open()
    const sending = send("never_taken_up")
    await session.interrupt()
    await sending
    expect(await recorder.ended(attempt)).toEqual({ kind: "stopped", text: "" })
    expectWholeAttempt(recorder, attempt)
  })

  it("is denied what cannot be shown, and both sides are told why", async () => {
    const { recorder, attempt, send } = await open()
    await send("tool_without_name")
    const outcome = await recorder.ended(attempt)
    expect(outcome).toMatchObject({
      kind: "completed",
      text: expect.stringContaining("RemoteAgent denied this"),
    })
    const told = recorder.of(attempt).flatMap((event) => (event.kind === "notice" ? [event.notice] : []))
    expect(told).toMatchObject([{ code: "warning", reason: { code: "approval_empty" } }])
    expect(recorder.of(attempt).some((event) => event.kind === "request.opened")).toBe(false)
  })

  it("is offered no lasting rule where it says that there should be none", async () => {
    const { recorder, attempt, send, session } = await open()
    await send("standing_rule")
    const { body } = await recorder.request(attempt)
    expect(body.kind === "approval" && body.options.map((option) => option.effect)).toEqual([
      ...["allow_once", "deny", "deny_stop"],
    ])
    await session.close()
  })

  it("that fails at its start is a ProviderError", async () => {
    const provider = liar(surroundings, { args: ["--version"] })
    const spec = {
      ...{ session: SessionId.parse("S001"), provider: provider.id, workspace: surroundings.workspace },
      ...{ nativeId: null, settings: {} },
    }
    await expect(provider.open(spec, new Recorder())).rejects.toBeInstanceOf(ProviderError)
  })
})
