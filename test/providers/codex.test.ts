/** The Codex adapter with the real `codex`, beyond what the conformance suite asks of every adapter. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import { describeFailure } from "../../src/core/failure-words.ts"
import { failureText } from "../../src/core/texts/failure.ts"
import type { AttemptId } from "../../src/protocol/ids.ts"
import type { Answer, Item, Notice, RequestBody } from "../../src/protocol/session.ts"
import { codexBinary } from "../agents/install.ts"
import { textOf } from "../fakes/models/responses.ts"
import { type FailureKind, USAGE_RESETS_AT } from "../fakes/models/responses-steps.ts"
import { API_KEY, type CodexWorld, createCodexWorld, newAttempt, textPrompt } from "./codex-world.ts"
import { expectWholeAttempt, type Recorder } from "./recorder.ts"

const binary = codexBinary()

describe.skipIf(binary === null)("codex", () => {
  let world: CodexWorld
  beforeAll(async () => {
    world = await createCodexWorld(binary ?? "")
  })
  afterAll(async () => {
    await world.provider.close()
    await world.close()
  })
  afterEach(() => {
    world.model.script.clear()
    expect(world.model.forgetUnscripted()).toBe(0)
  })

  describe("an answer", () => {
    it("streams in pieces, with its thoughts and its cost", async () => {
      const { recorder, send } = await world.open()
      world.model.script.reply("Grüße an 世界 👩‍👩‍👧 und mehr", { reasoning: "Thinking hard" })
      const attempt = await send("unicode: ñ 🙂")
      expect(await recorder.ended(attempt)).toEqual({
        kind: "completed",
        text: "Grüße an 世界 👩‍👩‍👧 und mehr",
      })
      expect(recorder.streamed(attempt, "message")).toBe("Grüße an 世界 👩‍👩‍👧 und mehr")
      expect(recorder.streamed(attempt, "reasoning")).toBe("Thinking hard")
      expect(recorder.items(attempt).map((item) => item.kind)).toEqual(["reasoning", "message"])
      expect(recorder.of(attempt).find((event) => event.kind === "usage")?.usage).toEqual({
        inputTokens: 1200,
        cachedInputTokens: 1000,
        outputTokens: 34,
        contextTokens: 1234,
        contextWindow: expect.any(Number),
      })
      expect(world.model.promptsContaining("unicode: ñ 🙂")).toBe(1)
      expectWholeAttempt(recorder, attempt)
    })

    it("that is empty is a failure", async () => {
      const { recorder, send } = await world.open()
      world.model.script.fail("no_output")
      expect(await recorder.ended(await send("say nothing"))).toMatchObject({
        kind: "failed",
        failure: { class: "empty_response" },
      })
    })

    it("interrupted by a steer is dropped, and the steered one counts", async () => {
      const { session, recorder, send } = await world.open()
      world.model.script.reply("the long way round", { gated: true })
      world.model.script.reply("the short way")
      const attempt = await send("go")
      await recorder.streaming(attempt)
      expect(await session.steer(textPrompt("take the short way"), attempt)).toBe("steered")
      expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "the short way" })
      expect(messages(recorder.items(attempt))).toEqual([
        ["dropped", "the "],
        ["completed", "the short way"],
      ])
      expect(await session.steer(textPrompt("too late"), attempt)).toBe("too_late")
      expect(world.model.promptsContaining("too late")).toBe(0)
    })
  })

  describe("a command", () => {
    it("shows what was typed, its output and how it ended", async () => {
      const { recorder, send } = await world.open()
      world.model.script.command("echo first; sleep 0.2; echo second; exit 3")
      world.model.script.reply("done")
      const attempt = await send("run")
      await recorder.ended(attempt)
      expect(commands(recorder.items(attempt))).toMatchObject([
        {
          status: "failed",
          command: "echo first; sleep 0.2; echo second; exit 3",
          cwd: world.workspace,
          output: "first\nsecond\n",
          truncated: false,
          exitCode: 3,
        },
      ])
    })

    it("with endless output is kept within bounds, its beginning and its end", async () => {
      const { recorder, send } = await world.open()
      world.model.script.command("echo begin; seq 1 40000; echo end", { yieldMs: 10_000 })
      world.model.script.reply("done")
      const attempt = await send("run")
      await recorder.ended(attempt)
      const [command] = commands(recorder.items(attempt))
      expect(command?.truncated).toBe(true)
      expect(command?.output?.length).toBeLessThan(70_000)
      expect(command?.output).toMatch(/^begin\n1\n/)
      expect(command?.output).toMatch(/40000\nend\n$/)
    })

    it("sees no key, no token and nothing of the host", async () => {
      const { recorder, send } = await world.open()
      world.model.script.command("env")
      world.model.script.reply("done")
      const attempt = await send("env")
      await recorder.ended(attempt)
      const [command] = commands(recorder.items(attempt))
      expect(command?.output).toContain("PATH=")
      expect(command?.output).not.toContain(API_KEY)
      expect(command?.output).not.toMatch(/KEY=|TOKEN=|SECRET=|TELEGRAM|VITEST/)
    })
  })

  describe("an approval of a command", () => {
    const file = (name: string) => join(world.workspace, name)

    it("says what is asked and why, and offers a standing rule", async () => {
      const { session, recorder, send } = await world.open()
      world.model.script.command("git --version", {
        escalated: true,
        justification: "I need git.",
        prefixRule: ["git", "--version"],
      })
      world.model.script.reply("done")
      const attempt = await send("git")
      const { request, body } = await recorder.request(attempt)
      expect(body).toMatchObject({
        kind: "approval",
        subject: "command",
        title: "git --version",
        command: "git --version",
        cwd: world.workspace,
        reason: "I need git.",
        acceptsReason: true,
        item: commands(recorder.items(attempt))[0]?.id,
      })
      expect(effects(body)).toEqual(["allow_once", "allow_session", "allow_always", "deny", "deny_stop"])
      expect(option(body, "allow_always")).toMatchObject({ scope: "git --version" })
      await session.answer(request, { kind: "option", option: option(body, "allow_always").id })
      expect(await recorder.ended(attempt)).toMatchObject({ kind: "completed" })

      world.model.script.command("git --version", { escalated: true })
      world.model.script.reply("again")
      const next = await send("git again")
      expect(await recorder.ended(next)).toEqual({ kind: "completed", text: "again" })
      expect(recorder.of(next).some((event) => event.kind === "request.opened")).toBe(false)
    })

    it("denied with a reason takes the reason to the model", async () => {
      const { session, recorder, send } = await world.open()
      world.model.script.command(`touch ${file("denied")}`, { escalated: true })
      const after = world.model.script.reply("Understood.")
      const attempt = await send("touch it")
      const { request, body } = await recorder.request(attempt)
      await session.answer(request, choose(body, "deny", "Not there, use the other folder."))
      expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "Understood." })
      const told = (await after.requested).body.input.map((item) => textOf(item.content)).join("\n")
      expect(told).toContain("Not there, use the other folder.")
      expect(commands(recorder.items(attempt))).toMatchObject([{ status: "declined" }])
      expect(existsSync(file("denied"))).toBe(false)
    })

    it("denied to the end stops the turn", async () => {
      const { session, recorder, send } = await world.open()
      world.model.script.command(`touch ${file("stopped")}`, { escalated: true })
      const attempt = await send("touch it")
      const { request, body } = await recorder.request(attempt)
      await session.answer(request, choose(body, "deny_stop"))
      expect(await recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
      expect(existsSync(file("stopped"))).toBe(false)
      expectWholeAttempt(recorder, attempt)
    })

    it("is not needed inside the sandbox, and is for everything when the owner says so", async () => {
      const { session, recorder, send } = await world.open({ settings: { mode: "ask_untrusted" } })
      world.model.script.command("touch plain")
      world.model.script.reply("done")
      const asked = await send("touch")
      const { request, body } = await recorder.request(asked)
      await session.answer(request, choose(body, "allow_once"))
      await recorder.ended(asked)

      await session.configure({ mode: "ask" })
      world.model.script.command("touch plain2")
      world.model.script.reply("done")
      const free = await send("touch again")
      await recorder.ended(free)
      expect(recorder.of(free).some((event) => event.kind === "request.opened")).toBe(false)
      expect(existsSync(file("plain2"))).toBe(true)
    })
  })

  describe("a file edit", () => {
    const edit = "*** Begin Patch\n*** Update File: notes.txt\n@@\n-old\n+new\n*** End Patch"

    it.each([
      ["allow_once", "completed", "new\n"],
      ["deny", "declined", "old\n"],
    ] as const)("answered with %s is %s, and shows its diff", async (effect, status, content) => {
      const workspace = world.makeWorkspace(`edit-${effect}`)
      const notes = join(workspace, "notes.txt")
      writeFileSync(notes, "old\n")
      const { session, recorder, send } = await world.open({ workspace, settings: { sandbox: "read-only" } })
      world.model.script.patch(edit)
      world.model.script.reply("done")
      const attempt = await send("edit")
      const { request, body } = await recorder.request(attempt)
      const change = { path: notes, change: "update", diff: "@@ -1 +1 @@\n-old\n+new\n" }
      expect(body).toMatchObject({ subject: "file_change", title: notes, changes: [change] })
      await session.answer(request, choose(body, effect))
      await recorder.ended(attempt)
      expect(recorder.items(attempt)).toContainEqual(
        expect.objectContaining({ kind: "file_change", status, changes: [change] }),
      )
      expect(readFileSync(notes, "utf8")).toBe(content)
    })

    it("of a new file shows all of it", async () => {
      const { recorder, send } = await world.open()
      world.model.script.addFile("fresh.txt", "hello")
      world.model.script.reply("done")
      const attempt = await send("add")
      await recorder.ended(attempt)
      expect(recorder.items(attempt).find((item) => item.kind === "file_change")?.changes).toEqual([
        { path: join(world.workspace, "fresh.txt"), change: "add", diff: "@@ -0,0 +1,1 @@\n+hello\n" },
      ])
    })
  })

  it("plans: asks its question, proposes a plan, and goes back to work when told", async () => {
    const { session, recorder, send } = await world.open({ settings: { mode: "plan" } })
    world.model.script.ask([
      {
        id: "color",
        header: "Colour",
        question: "Which colour?",
        options: [
          { label: "Red", description: "warm" },
          { label: "Blue", description: "cold" },
        ],
      },
    ])
    const planning = world.model.script.reply("Here it is.\n<proposed_plan>\n# Paint it\n</proposed_plan>")
    const attempt = await send("plan it")
    const { request, body } = await recorder.request(attempt)
    expect(body).toMatchObject({
      kind: "question",
      questions: [{ id: "color", header: "Colour", text: "Which colour?", freeText: true, multiple: false }],
    })
    await session.answer(request, { kind: "answers", answers: { color: ["Blue"] } })
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "Here it is.\n\n# Paint it\n" })
    expect(JSON.stringify((await planning.requested).body.input.at(-1)?.output)).toContain("Blue")
    expect(recorder.items(attempt)).toContainEqual(
      expect.objectContaining({ kind: "plan", status: "completed", text: "# Paint it\n" }),
    )
    expect(recorder.settings()).toMatchObject({ mode: "plan" })

    await session.configure({ mode: "never_ask" })
    world.model.script.reply("painted")
    await recorder.ended(await send("do it"))
    expect(recorder.settings()).toMatchObject({ mode: "never_ask" })
  })

  describe("a stop", () => {
    it("in the middle of an answer keeps what was said", async () => {
      const { session, recorder, send } = await world.open()
      const step = world.model.script.reply("half of it", { gated: true })
      const attempt = await send("talk")
      await recorder.streaming(attempt)
      await session.interrupt()
      expect(await recorder.ended(attempt)).toEqual({ kind: "stopped", text: "half " })
      await step.aborted
      expectWholeAttempt(recorder, attempt)
    })

    it("in the middle of a command ends the command and leaves nothing behind", async () => {
      const workspace = world.makeWorkspace("stop")
      const { session, recorder, send } = await world.open({ workspace })
      world.model.script.command("echo $$ > pid; echo ready; sleep 61", { yieldMs: 30_000 })
      const attempt = await send("sleep")
      await vi.waitUntil(() => existsSync(join(workspace, "pid")))
      await recorder.until(() => commands(recorder.items(attempt)).at(0))
      const thread = session.nativeId
      expect(processesOf(thread)).not.toEqual([])
      const asked = performance.now()
      await session.interrupt()
      expect(await recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
      expect(performance.now() - asked).toBeLessThan(2_000)
      expect(processesOf(thread)).toEqual([])
      expect(readdirSync(workspace)).toEqual(["pid"])
      expect(commands(recorder.items(attempt))).toMatchObject([{ status: "interrupted" }])
      expectWholeAttempt(recorder, attempt)
    })

    it("right after the prompt is not lost", async () => {
      const { session, recorder, send } = await world.open()
      const held = world.model.script.hold()
      const attempt = await send("never mind")
      await session.interrupt()
      expect(await recorder.ended(attempt)).toEqual({ kind: "stopped", text: "" })
      held.release()
    })
  })

  it("shows an image to the model and names other files", async () => {
    const png =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
    const image = join(world.workspace, "dot.png")
    writeFileSync(image, Buffer.from(png, "base64"))
    const { recorder, send } = await world.open()
    const seen = world.model.script.reply("a dot")
    const attempt = await send("look", [
      { path: image, name: "dot.png", mediaType: "image/png", size: 70 },
      { path: "/data/report.pdf", name: "report.pdf", mediaType: "application/pdf", size: 9 },
    ])
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "a dot" })
    const prompt = JSON.stringify((await seen.requested).body.input.findLast((item) => item.role === "user"))
    expect(prompt).toContain('"input_image"')
    expect(prompt).toContain("report.pdf: /data/report.pdf")
  })

  it("changes model, effort and sandbox from one turn to the next", async () => {
    const { session, recorder, send } = await world.open({
      settings: { sandbox: "read-only", mode: "never_ask" },
    })
    world.model.script.command("touch one; echo rc=$?")
    world.model.script.reply("no")
    await recorder.ended(await send("write"))
    expect(existsSync(join(world.workspace, "one"))).toBe(false)

    await session.configure({
      ...{ model: "gpt-6-sol", effort: "high", sandbox: "workspace-write", mode: "never_ask" },
    })
    // The old model first sums up for the new one, which speaks another dialect of tools.
    world.model.script.reply("summary")
    const first = world.model.script.command("touch two; echo rc=$?")
    world.model.script.reply("yes")
    const attempt = await send("write again")
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "yes" })
    expect(notices(recorder, attempt)).toContainEqual({ code: "context_compacted" })
    const { body } = await first.requested
    expect([body.model, body.reasoning?.effort]).toEqual(["gpt-6-sol", "high"])
    expect(existsSync(join(world.workspace, "two"))).toBe(true)
    expect(recorder.settings()).toEqual({
      ...{ model: "gpt-6-sol", effort: "high", sandbox: "workspace-write", mode: "never_ask" },
    })
  })

  it("keeps two sessions apart that work at once, each in its own sandbox", async () => {
    const [open, shut] = await Promise.all([
      world.open({ settings: { sandbox: "workspace-write", mode: "never_ask" } }),
      world.open({ settings: { sandbox: "read-only", mode: "never_ask" } }),
    ])
    for (const name of ["alpha", "omega"]) {
      const script = world.model.scriptFor(name)
      script.command(`touch ${name}; echo rc=$?`)
      script.reply(`${name} done`)
    }
    const [a, o] = await Promise.all([open.send("alpha"), shut.send("omega")])
    expect(await open.recorder.ended(a)).toEqual({ kind: "completed", text: "alpha done" })
    expect(await shut.recorder.ended(o)).toEqual({ kind: "completed", text: "omega done" })
    expect([existsSync(join(world.workspace, "alpha")), existsSync(join(world.workspace, "omega"))]).toEqual([
      true,
      false,
    ])
  })

  describe("a thread", () => {
    it("closed here is taken on by a terminal and taken back, with its sandbox", async () => {
      const ours = await world.open({ settings: { sandbox: "workspace-write" } })
      world.model.script.reply("one")
      await ours.recorder.ended(await ours.send("prompt one"))
      await ours.session.close()

      world.model.script.reply("two")
      const resume = ["exec", "--skip-git-repo-check", "--json", "resume"]
      expect(await world.run(...resume, ours.session.nativeId, "prompt two")).toContain("two")

      const again = await world.open({
        nativeId: ours.session.nativeId,
        settings: { sandbox: "workspace-write" },
      })
      const last = world.model.script.reply("three")
      await again.recorder.ended(await again.send("prompt three"))
      const history = (await last.requested).body.input.map((item) => textOf(item.content)).join("\n")
      for (const said of ["prompt one", "one", "prompt two", "two", "prompt three"]) {
        expect(history).toContain(said)
      }
      expect(again.recorder.settings()).toMatchObject({ sandbox: "workspace-write" })
    })

    it("begun in a terminal is listed and goes on here", async () => {
      world.model.script.reply("from the terminal")
      await world.run("exec", "--skip-git-repo-check", "--json", "a terminal's prompt\nwith more")
      const listed = await world.provider.listNative({ limit: 50 })
      const native = listed.find((session) => session.title === "a terminal's prompt")
      expect(native).toMatchObject({ origin: "terminal", state: "free", workspace: world.workspace })
      const { session, recorder, send } = await world.open({ nativeId: native?.nativeId ?? "" })
      world.model.script.reply("and on")
      expect(await recorder.ended(await send("go on"))).toEqual({ kind: "completed", text: "and on" })
      expect(session.nativeId).toBe(native?.nativeId)
    })
  })

  describe("a failure", () => {
    it.each<[FailureKind, string]>([
      ["rate_limit", "rate_limit"],
      ["usage_limit", "usage_limit"],
      ["quota", "usage_limit"],
      ["server_error", "capacity"],
      ["overloaded", "capacity"],
      ["unauthorized", "auth"],
      ["forbidden", "auth"],
      ["not_found", "bad_request"],
      ["bad_request", "bad_request"],
      ["model_not_found", "bad_request"],
      ["stream_overloaded", "capacity"],
      ["stream_slow_down", "rate_limit"],
      ["stream_rate_limit", "rate_limit"],
      ["stream_context_overflow", "context_overflow"],
      ["stream_unknown", "transport"],
      ["stream_incomplete", "unknown"],
      ["stream_cut", "transport"],
      ["stream_eof", "transport"],
      ["stream_stall", "transport"],
      ["empty", "transport"],
      ["reset", "transport"],
    ])("%s is %s, said in one sentence, and the session goes on", async (kind, expected) => {
      const { session, recorder, send } = await world.open()
      world.model.script.fail(kind)
      const attempt = await send("try")
      const outcome = await recorder.ended(attempt)
      expect(outcome).toMatchObject({
        kind: "failed",
        failure: { class: expected, logId: expect.any(String) },
      })
      if (outcome.kind === "failed") {
        expect(describeFailure(outcome.failure, failureText("en"))).toMatch(
          /^[A-Z][^{}\n]+(\.|: codex login --device-auth)$/,
        )
        const resetsAt = kind === "usage_limit" ? USAGE_RESETS_AT * 1000 : undefined
        if (kind === "usage_limit") expect(outcome.failure.resetsAt).toBe(resetsAt)
      }
      expectWholeAttempt(recorder, attempt)
      // Before it goes on, Codex has the model sum up what no longer fits.
      if (kind === "stream_context_overflow") world.model.script.reply("summary")
      world.model.script.reply("better")
      expect(await recorder.ended(await send("again"))).toEqual({ kind: "completed", text: "better" })
      await session.close()
    })
  })

  it("tells how much of the quota is used", async () => {
    const { recorder, send } = await world.open()
    world.model.script.reply("ok", {
      headers: {
        "x-codex-primary-used-percent": "12",
        "x-codex-primary-window-minutes": "300",
        "x-codex-primary-reset-at": "2000000000",
      },
    })
    await recorder.ended(await send("hi"))
    const told = recorder.events.flatMap((event) => (event.kind === "limits" ? event.limits : []))
    expect(told).toContainEqual({ name: "5h", usedPercent: 12, resetsAt: 2_000_000_000_000 })
  })

  it("an attempt that never was is not consumed, and one whose thread is not known yet is found", async () => {
    const { recorder, send } = await world.open()
    world.model.script.reply("found")
    const attempt = await send("look for me")
    await recorder.ended(attempt)
    const unknown = world.spec({ nativeId: null })
    expect(await world.provider.recover(unknown, newAttempt(), recorder)).toEqual({ kind: "not_consumed" })
    expect(await world.provider.recover(unknown, attempt, recorder)).toEqual({
      kind: "ended",
      outcome: { kind: "completed", text: "found" },
    })
  })
})

function notices(recorder: Recorder, attempt: AttemptId): readonly Notice[] {
  return recorder.of(attempt).flatMap((event) => (event.kind === "notice" ? [event.notice] : []))
}

function messages(items: readonly Item[]) {
  return items.flatMap((item) => (item.kind === "message" ? [[item.status, item.text]] : []))
}

function commands(items: readonly Item[]) {
  return items.filter((item) => item.kind === "command")
}

function effects(body: RequestBody): readonly string[] {
  return body.kind === "question" ? [] : body.options.map((one) => one.effect)
}

function option(body: RequestBody, effect: string) {
  const found = body.kind === "question" ? undefined : body.options.find((one) => one.effect === effect)
  if (!found) throw new Error(`no option to ${effect}`)
  return found
}

function choose(body: RequestBody, effect: string, reason?: string): Answer {
  return { kind: "option", option: option(body, effect).id, ...(reason === undefined ? {} : { reason }) }
}

/** Codex tells every command the id of its thread. */
function processesOf(thread: string): readonly string[] {
  return readdirSync("/proc").filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readFileSync(`/proc/${pid}/environ`).includes(`CODEX_THREAD_ID=${thread}`)
    } catch {
      // It has ended meanwhile, or is not ours to look into.
      return false
    }
  })
}
