/** What the ACP adapter does beyond the conformance suite: rules learned from real agents, each with the echo agent. */
import { randomUUID } from "node:crypto"
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterEach, describe, expect, it } from "vitest"
import { ProviderError } from "../../src/core/provider-error.ts"
import { AttemptId } from "../../src/protocol/ids.ts"
import type { Outcome } from "../../src/protocol/session.ts"
import type { Clock, ProviderSession } from "../../src/providers/provider.ts"
import { createEchoWorld, type EchoWorld, echoProfile } from "./echo-world.ts"
import { realClock } from "./local-context.ts"
import { expectWholeAttempt, Recorder } from "./recorder.ts"

/** Ten seconds of an agent's grace pass in a fifth of a second. */
const hurried: Clock = { ...realClock, after: (ms, run) => realClock.after(ms / 50, run) }

const worlds: EchoWorld[] = []
afterEach(async () => {
  await Promise.all(worlds.splice(0).map(({ surroundings }) => surroundings.close()))
})

function world(options: Parameters<typeof createEchoWorld>[0] = {}): EchoWorld {
  const made = createEchoWorld(options)
  worlds.push(made)
  return made
}

async function open({ provider, spec }: EchoWorld, nativeId?: string) {
  const recorder = new Recorder()
  return { session: await provider.open(spec(nativeId), recorder), recorder }
}

async function send(session: ProviderSession, text: string): Promise<AttemptId> {
  const attempt = AttemptId.parse(randomUUID())
  await session.send({ text, files: [] }, attempt)
  return attempt
}

async function run(prompt: string, options: Parameters<typeof createEchoWorld>[0] = {}) {
  const echo = world(options)
  const { session, recorder } = await open(echo)
  const attempt = await send(session, prompt)
  const outcome = await recorder.ended(attempt)
  expectWholeAttempt(recorder, attempt)
  return { echo, session, recorder, attempt, outcome }
}

describe("the end of a turn", () => {
  it.each<[string, Partial<Extract<Outcome, { kind: "failed" }>["failure"]>]>([
    ["[[empty]]", { class: "empty_response" }],
    ["[[stop refusal]]", { class: "refused" }],
    ["[[stop max_tokens]]", { class: "unknown", reason: { code: "answer_cut_off" } }],
    ["[[error 429 slow down]]", { class: "rate_limit" }],
  ])("%s fails as %j", async (prompt, failure) => {
    expect((await run(prompt)).outcome).toMatchObject({ kind: "failed", failure })
  })

  it("without words after a tool has worked is no failure: running it again could do harm", async () => {
    const { outcome } = await run("[[tool echo hi]] [[stop end_turn]]")
    expect(outcome).toEqual({ kind: "completed", text: "" })
  })

  it("by an agent that cancelled by itself is a stop", async () => {
    expect((await run("[[stop cancelled]]")).outcome.kind).toBe("stopped")
  })
})

describe("what an agent tells", () => {
  it("becomes items in their order", async () => {
    const { recorder, attempt } = await run("hi [[think]] [[plan]] [[tool echo out && exit 3]]")
    expect(recorder.items(attempt).map(({ id, ...item }) => item)).toEqual([
      { kind: "reasoning", status: "completed", text: "thinking" },
      { kind: "plan", status: "completed", steps: [{ text: "one step", status: "running" }] },
      { kind: "command", status: "failed", command: "echo out && exit 3", output: "out\n", exitCode: 3 },
      { kind: "message", status: "completed", text: "echo: hi" },
    ])
  })

  it("of a kind nobody knows is kept in the log and costs nothing else", async () => {
    const { echo, outcome } = await run("hi [[unknown]]")
    expect(outcome).toEqual({ kind: "completed", text: "echo: hi" })
    expect(echo.surroundings.kept).toContainEqual({
      what: "acp update",
      payload: { sessionUpdate: "brand_new_kind", surprise: true },
    })
  })

  it("may hold what some take for the end of a line", async () => {
    const { echo, outcome, attempt } = await run("one\u2028two\u2029three")
    expect(outcome).toEqual({ kind: "completed", text: "echo: one\u2028two\u2029three" })
    expect(echo.consumed()).toMatchObject([{ text: "one\u2028two\u2029three", attempt }])
  })

  it("may be long", async () => {
    const { outcome } = await run("[[big 300000]]")
    expect(outcome.kind === "completed" && outcome.text.length).toBe(300_000)
  })
})

describe("a prompt", () => {
  it("carries our attempt id and is consumed once", async () => {
    const { echo, attempt } = await run("hello")
    expect(echo.consumed()).toMatchObject([{ text: "hello", attempt }])
  })

  it("stopped on its way never reaches the agent", async () => {
    const echo = world()
    const { session, recorder } = await open(echo)
    const attempt = AttemptId.parse(randomUUID())
    const sending = session.send({ text: "never", files: [] }, attempt)
    await session.interrupt()
    await expect(sending).rejects.toMatchObject({ failure: { class: "stopped" } })
    expect(recorder.of(attempt)).toEqual([])
    await recorder.ended(await send(session, "after"))
    expect(echo.consumed().map((one) => one.text)).toEqual(["after"])
  })

  it("is found though its session's id was never learned", async () => {
    const { echo, attempt, recorder } = await run("hello")
    const found = await echo.create().recover(echo.spec(), attempt, recorder)
    expect(found).toEqual({ kind: "ended", outcome: { kind: "completed", text: "echo: hello" } })
    const other = await echo.create().recover(echo.spec(), AttemptId.parse(randomUUID()), recorder)
    expect(other).toEqual({ kind: "not_consumed" })
  })

  it("that failed is not told as open after the host has died", async () => {
    const { echo, attempt, session, recorder } = await run("[[error]]")
    const found = await echo.create().recover(echo.spec(session.nativeId), attempt, recorder)
    expect(found).toMatchObject({ kind: "ended", outcome: { kind: "failed" } })
  })

  it("cut off by a crash leaves its partial answer and no tool call running", async () => {
    const echo = world()
    const { session, recorder } = await open(echo)
    const attempt = await send(session, "[[tool echo done]] [[hold forever]]")
    await recorder.streaming(attempt)
    for (const pid of echo.surroundings.supervisor.running()) process.kill(-pid, "SIGKILL")
    await recorder.ended(attempt)
    const again = new Recorder()
    const recovery = await echo.create().recover(echo.spec(session.nativeId), attempt, again)
    expect(recovery).toMatchObject({
      kind: "ended",
      outcome: { kind: "indeterminate", consumed: "yes", text: "holding forever " },
    })
    expect(again.items(attempt).map((item) => item.status)).toEqual(["completed", "completed"])
  })
})

describe("silence", () => {
  it("is told, and given up at the limit", async () => {
    const config = { silentNoticeMs: 150, silentLimitMs: 400 }
    const { recorder, attempt, outcome } = await run("[[silent]]", { config })
    expect(outcome).toMatchObject({
      kind: "failed",
      failure: { class: "timeout" },
      text: "silent from now on ",
    })
    const notices = recorder.of(attempt).filter((event) => event.kind === "notice")
    expect(notices.map((event) => event.notice.code)).toEqual(["silent"])
  })

  it("of an owner who is being asked is nobody's fault", async () => {
    const echo = world({ config: { silentNoticeMs: 50, silentLimitMs: 150 } })
    const { session, recorder } = await open(echo)
    const attempt = await send(session, "hi [[perm]]")
    const { request, body } = await recorder.request(attempt)
    // Time itself is what is tested here: well beyond the limit.
    await new Promise((resolve) => setTimeout(resolve, 400))
    if (body.kind !== "approval") throw new Error("expected an approval")
    await session.answer(request, { kind: "option", option: body.options[0]?.id ?? "" })
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "echo: hi (allowed)" })
  })
})

describe("an agent that ignores a cancellation", () => {
  it("is replaced, but not before the other sessions' prompts in it have ended", async () => {
    const echo = world({ clock: hurried, config: { silentLimitMs: 1e9, silentNoticeMs: 1e9 } })
    const [deaf, busy] = [await open(echo), await open(echo)]
    const holding = await send(busy.session, "busy [[hold gate]]")
    await busy.recorder.streaming(holding)
    const stuck = await send(deaf.session, "[[deaf]]")
    await deaf.recorder.streaming(stuck)
    await deaf.session.interrupt()
    expect(await deaf.recorder.ended(stuck)).toMatchObject({ kind: "stopped" })
    expect(busy.recorder.of(holding).at(-1)?.kind).not.toBe("attempt.ended")

    const next = await send(deaf.session, "again")
    expect(await deaf.recorder.ended(next)).toEqual({ kind: "completed", text: "echo: again" })
    writeFileSync(join(echo.holds, "gate"), "")
    expect(await busy.recorder.ended(holding)).toMatchObject({ kind: "completed" })
    const [first, second, third] = echo.consumed().map((one) => one.pid)
    expect(first).toBe(second)
    expect(third).not.toBe(first)
    await echo.surroundings.supervisor.ended([first ?? 0])
    expect(await busy.recorder.ended(await send(busy.session, "on"))).toEqual({
      kind: "completed",
      text: "echo: on",
    })
  })
})

describe("approvals", () => {
  it("are forced before the first prompt, and a session is refused when they cannot be", async () => {
    const { recorder } = await open(world())
    expect(recorder.settings()).toMatchObject({ mode: "ask" })
    const profile = { ...echoProfile, approvals: { kind: "mode", ask: "no-such-mode" } as const }
    await expect(open(world({ profile }))).rejects.toBeInstanceOf(ProviderError)
  })

  it("are forced again when the agent comes back", async () => {
    const { echo, session } = await run("hello")
    for (const pid of echo.surroundings.supervisor.running()) process.kill(-pid, "SIGKILL")
    const again = await open(echo, session.nativeId)
    expect(again.recorder.settings()).toMatchObject({ mode: "ask" })
  })

  it("are not claimed for an agent nobody has seen asking", async () => {
    const profile = { ...echoProfile, approvals: { kind: "unknown" } as const }
    const echo = world({ profile })
    expect((await echo.provider.probe()).capabilities.approvals).toBe(false)
    const { session, recorder } = await open(echo)
    const attempt = await send(session, "[[perm]]")
    await recorder.request(attempt)
    expect((await echo.provider.probe()).capabilities.approvals).toBe(true)
  })
})

describe("a probe", () => {
  it("says that the program is missing, and how to get it", async () => {
    const profile = { ...echoProfile, install: "npm install -g echo" }
    const { provider } = world({ profile, config: { command: "no-such-program-anywhere" } })
    expect(await provider.probe()).toMatchObject({
      state: "not_installed",
      remedies: [{ kind: "install", command: "npm install -g echo" }],
    })
  })

  it("says that a program that does not speak the protocol is broken", async () => {
    const { provider } = world({ config: { command: "/bin/false", args: [] } })
    expect(await provider.probe()).toMatchObject({ state: "broken" })
  })
})
