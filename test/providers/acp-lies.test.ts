/** The ACP adapter with an agent that tells odd things, on odd ways. */
import { randomUUID } from "node:crypto"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { AttemptId, ProviderId, SessionId } from "../../src/protocol/ids.ts"
import type { AcpProfile } from "../../src/providers/acp/profile.ts"
import { profileFor } from "../../src/providers/acp/profiles.ts"
import { createAcpProvider } from "../../src/providers/acp/provider.ts"
import type { Provider, ProviderConfig } from "../../src/providers/provider.ts"
import { describeLies } from "./lies.ts"
import { createSurroundings, type Surroundings } from "./local-context.ts"
import { expectWholeAttempt, Recorder } from "./recorder.ts"

const LIAR = join(import.meta.dirname, "../fakes/acp-liar.ts")
const id = ProviderId.parse("acp:liar")

function providerOf(
  surroundings: Surroundings,
  { args = [], profile = {}, ...config }: ProviderConfig & { readonly profile?: Partial<AcpProfile> } = {},
): Provider {
  const context = surroundings.context({ command: process.execPath, args: [LIAR, ...args], ...config })
  return createAcpProvider(
    id,
    { ...profileFor("liar"), label: "Liar", loadIsLenient: false, ...profile },
    context,
  )
}

describeLies("an ACP session", async () => {
  const surroundings = createSurroundings({ hosted: true })
  const provider = providerOf(surroundings)
  return {
    provider,
    workspace: surroundings.workspace,
    // JSON-RPC's own ids are the library's to match.
    prompt: (lie) => (lie === "same_request_id" ? null : `LIE:${lie}`),
    async close() {
      await provider.close()
      await surroundings.close()
    },
  }
})

describe("an ACP agent", () => {
  let surroundings: Surroundings
  beforeEach(() => {
    surroundings = createSurroundings({ hosted: true })
  })
  afterEach(async () => {
    await surroundings.close()
  })

  async function open(options: Parameters<typeof providerOf>[1] = {}, nativeId: string | null = null) {
    const recorder = new Recorder()
    const { workspace } = surroundings
    const spec = { session: SessionId.parse("S001"), provider: id, workspace, nativeId, settings: {} }
    const provider = providerOf(surroundings, options)
    const session = await provider.open(spec, recorder)
    const send = async (text: string) => {
      const attempt = AttemptId.parse(randomUUID())
      await session.send({ text, files: [] }, attempt)
      return attempt
    }
    return { provider, session, recorder, send }
  }

  it.each([
    "byte_order_mark",
    "window_title",
    "cursor_codes",
    "words_before",
    "words_after",
    "no_result",
    "new_stop_reason",
  ])("is understood: %s", async (lie) => {
    const { recorder, send } = await open()
    const attempt = await send(`LIE:${lie}`)
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "done" })
    expectWholeAttempt(recorder, attempt)
    expect(await recorder.ended(await send("and?"))).toEqual({ kind: "completed", text: "honest" })
  })

  it("may say separators that end lines elsewhere", async () => {
    const { recorder, send } = await open()
    const outcome = await recorder.ended(await send("LIE:separators"))
    expect(outcome).toEqual({ kind: "completed", text: "one\u2028two\u2029three\u0085four" })
  })

  it("that offers no way to deny is denied by ours", async () => {
    const { session, recorder, send } = await open()
    const attempt = await send("LIE:only_always")
    const { request, body } = await recorder.request(attempt)
    if (body.kind !== "approval") throw new Error(body.kind)
    expect(body.options.map((option) => option.effect)).toEqual(["allow_always", "deny"])
    await session.answer(request, { kind: "option", option: body.options[1]?.id ?? "" })
    expect(await recorder.ended(attempt)).toMatchObject({ text: '{"outcome":{"outcome":"cancelled"}}' })
  })

  it.each<[string, string]>([
    ["no_options", '{"outcome":{"outcome":"cancelled"}}'],
    ["nothing_to_show", '{"outcome":{"outcome":"selected","optionId":"no"}}'],
  ])("that asks with %s is denied, and the owner told", async (lie, text) => {
    const { recorder, send } = await open()
    const attempt = await send(`LIE:${lie}`)
    expect(await recorder.ended(attempt)).toMatchObject({ text })
    expect(recorder.of(attempt)).toContainEqual(
      expect.objectContaining({ kind: "notice", notice: expect.objectContaining({ code: "warning" }) }),
    )
  })

  it("that asks for a session of its own making asks the owner", async () => {
    const { session, recorder, send } = await open()
    const attempt = await send("LIE:child_session")
    const { request, body } = await recorder.request(attempt)
    expect(body).toMatchObject({ command: "touch it", origin: { subagent: "child-of-it" } })
    await session.answer(request, { kind: "option", option: "once" })
    expect(await recorder.ended(attempt)).toMatchObject({
      text: '{"outcome":{"outcome":"selected","optionId":"once"}}',
    })
    expectWholeAttempt(recorder, attempt)
  })

  it("that asks after the end asks the owner all the same, in an attempt of its own", async () => {
    const { session, recorder, send } = await open()
    const attempt = await send("LIE:after_end")
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "done" })
    const own = await recorder.until(
      () => recorder.events.find((event) => event.kind === "attempt.began")?.attempt,
    )
    const { request } = await recorder.request(own)
    const next = send("and?")
    await session.answer(request, { kind: "option", option: "no" })
    expect(await recorder.ended(own)).toEqual({
      kind: "completed",
      text: '{"outcome":{"outcome":"selected","optionId":"no"}}',
    })
    expect(await recorder.ended(await next)).toEqual({ kind: "completed", text: "honest" })
  })

  it("that gives an error as its answer has failed, and its payload stays in the log", async () => {
    const profile = { errorsAsText: profileFor("goose").errorsAsText ?? /never/ }
    const { recorder, send } = await open({ profile })
    expect(await recorder.ended(await send("LIE:error_as_answer"))).toMatchObject({
      kind: "failed",
      failure: { class: "auth", logId: expect.any(String) },
      text: "",
    })
  })

  it("that replays after it has loaded has nothing old in its next answer", async () => {
    const { recorder, send } = await open({ profile: { replaysLate: true } }, "late-1")
    expect(await recorder.ended(await send("hi"))).toEqual({ kind: "completed", text: "honest" })
  })

  describe("that wants to be told how to sign in", () => {
    it("is told the method that it names itself", async () => {
      const { recorder, send } = await open({ args: ["--auth", "--default=api-key"] })
      expect(await recorder.ended(await send("hi"))).toEqual({ kind: "completed", text: "honest" })
    })

    it("is told the configured method", async () => {
      const { recorder, send } = await open({ args: ["--auth"], authMethod: "api-key" })
      expect(await recorder.ended(await send("hi"))).toEqual({ kind: "completed", text: "honest" })
    })

    it.each([["--auth"], ["--auth", "--default=login-with-browser"]])(
      "is never made to open a browser, and its methods are named: %s %s",
      async (...args) => {
        await expect(open({ args: args.filter(Boolean) })).rejects.toMatchObject({
          failure: {
            class: "auth",
            reason: { code: "sign_in_offered", agent: "Liar", methods: "Sign in with a browser, API key" },
          },
        })
      },
    )
  })
})
