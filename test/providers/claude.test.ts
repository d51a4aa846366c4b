/** The real `claude` at work: what it says, asks and does, as events. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { listProcesses } from "../../src/platform/process-table.ts"
import type { AttemptId } from "../../src/protocol/ids.ts"
import type { Answer, Item, RequestBody, Settings } from "../../src/protocol/session.ts"
import { claudeBinary } from "../agents/install.ts"
import { userTexts } from "../fakes/models/messages.ts"
import { type ClaudeWorld, createClaudeWorld, type Opened } from "./claude-world.ts"
import { expectWholeAttempt } from "./recorder.ts"

const binary = claudeBinary()

describe.runIf(binary !== null)("claude", () => {
  let world: ClaudeWorld
  beforeAll(async () => {
    world = await createClaudeWorld(binary ?? "")
  })
  afterAll(() => world.close())
  afterEach(async () => {
    world.model.script.clear()
    await world.closeSessions()
  })

  const open = (settings: Settings = {}): Promise<Opened> => world.open(world.spec({ settings }))
  const lastRequest = () => JSON.stringify(world.model.requests.at(-1)?.body.messages)

  async function itemOf<K extends Item["kind"]>(opened: Opened, attempt: AttemptId, kind: K) {
    const found = opened.recorder.items(attempt).find((item) => item.kind === kind)
    if (found === undefined)
      throw new Error(`no ${kind} among ${JSON.stringify(opened.recorder.items(attempt))}`)
    return found as Extract<Item, { kind: K }>
  }

  /** Waits for the attempt's only request, answers it, and waits for the end. */
  async function settle(opened: Opened, attempt: AttemptId, answer: (body: RequestBody) => Answer) {
    const { request, body } = await opened.recorder.request(attempt)
    expect(await opened.session.answer(request, answer(body))).toBe("answered")
    const outcome = await opened.recorder.ended(attempt)
    expectWholeAttempt(opened.recorder, attempt)
    return { body, outcome }
  }

  describe("a turn", () => {
    it("streams text in any script and its reasoning, and tells usage and model", async () => {
      const text = "Grüße 안녕 👩‍💻 done"
      world.model.script.reply(text, { thinking: "Let me see." })
      const opened = await open({ model: "sonnet" })
      const attempt = await opened.send("greet 안녕")
      expect(await opened.recorder.ended(attempt)).toEqual({ kind: "completed", text })
      expectWholeAttempt(opened.recorder, attempt)
      expect(opened.recorder.streamed(attempt, "message")).toBe(text)
      expect(opened.recorder.streamed(attempt, "reasoning")).toBe("Let me see.")
      expect(opened.recorder.items(attempt)).toMatchObject([
        { kind: "reasoning", status: "completed", text: "Let me see." },
        { kind: "message", status: "completed", text },
      ])
      const usage = opened.recorder.of(attempt).find((event) => event.kind === "usage")?.usage
      expect(usage).toMatchObject({
        inputTokens: 2300,
        cachedInputTokens: 1000,
        outputTokens: 42,
        contextTokens: 2300,
      })
      expect(usage?.contextWindow).toBeGreaterThan(100_000)
      expect(usage?.costUsd).toBeGreaterThan(0)
      expect(opened.recorder.settings()?.model).toMatch(/^claude-sonnet/)
      expect(world.model.promptsContaining("greet 안녕")).toBe(1)
    })

    it("tells the cost of each turn alone, also after a resume", async () => {
      const costs: (number | undefined)[] = []
      const spend = async (opened: Opened) => {
        world.model.script.reply("ok")
        const attempt = await opened.send("go")
        await opened.recorder.ended(attempt)
        const usage = opened.recorder.of(attempt).find((event) => event.kind === "usage")
        costs.push(usage?.usage.costUsd)
      }
      const first = await open()
      await spend(first)
      await spend(first)
      await first.session.close()
      await spend(await world.open(world.spec({ nativeId: first.session.nativeId })))
      expect(costs[0]).toBeGreaterThan(0)
      expect(costs[1]).toBeCloseTo(costs[0] ?? 0)
      expect(costs[2]).toBeCloseTo(costs[0] ?? 0)
    })

    it("gives an image along and names other files", async () => {
      const png = Buffer.from(
        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
        "base64",
      )
      const image = join(world.workspace, "dot.png")
      const notes = join(world.workspace, "notes.txt")
      writeFileSync(image, png)
      writeFileSync(notes, "n")
      world.model.script.reply("seen")
      const opened = await open()
      const attempt = await opened.send("look", [
        { path: image, name: "dot.png", mediaType: "image/png", size: png.length },
        { path: notes, name: "notes.txt", mediaType: "text/plain", size: 1 },
      ])
      expect(await opened.recorder.ended(attempt)).toMatchObject({ kind: "completed" })
      expect(lastRequest()).toContain('"media_type":"image/png"')
      expect(lastRequest()).toContain(notes)
    })

    it("shows its task list as a plan", async () => {
      const provider = world.create({ env: { CLAUDE_CODE_ENABLE_TODO_TOOLS: "1" } })
      const opened = await world.open(world.spec(), provider)
      world.model.script.tool("TaskCreate", { subject: "Read", description: "read it" })
      world.model.script.tool("TaskCreate", { subject: "Write", description: "write it" })
      world.model.script.tool("TaskUpdate", { taskId: "1", status: "completed" })
      world.model.script.reply("planned")
      const attempt = await opened.send("plan it")
      await opened.recorder.ended(attempt)
      expect((await itemOf(opened, attempt, "plan")).steps).toEqual([
        { text: "Read", status: "completed" },
        { text: "Write", status: "pending" },
      ])
    })

    it("that it begins by itself is an attempt of its own", async () => {
      const { script } = world.model
      const gate = join(world.workspace, "background-gate")
      const command = `until [ -e ${gate} ]; do sleep 0.05; done`
      script.tool("Bash", { command, description: "wait", run_in_background: true })
      script.reply("started it")
      script.reply("it has ended")
      const opened = await open()
      const attempt = await opened.send("run it in the background")
      expect(await opened.recorder.ended(attempt)).toEqual({ kind: "completed", text: "started it" })
      writeFileSync(gate, "")
      const began = await opened.recorder.until(() =>
        opened.recorder.events.find((event) => event.kind === "attempt.began"),
      )
      expect(began.attempt).not.toBe(attempt)
      expect(began.reason).toContain("wait")
      expect(await opened.recorder.ended(began.attempt)).toEqual({ kind: "completed", text: "it has ended" })
    })

    it("of a local command ends without an answer of the model", async () => {
      world.model.script.reply("first")
      const opened = await open()
      await opened.recorder.ended(await opened.send("hello"))
      const before = opened.session.nativeId
      expect(await opened.recorder.ended(await opened.send("/clear"))).toEqual({
        kind: "completed",
        text: "",
      })
      expect(opened.session.nativeId).not.toBe(before)
      world.model.script.reply("second")
      await opened.recorder.ended(await opened.send("again"))
      const { nativeId } = opened.session
      expect(await world.provider.listNative({ limit: 5, nativeId })).toMatchObject([
        { nativeId, title: "again" },
      ])
    })
  })

  describe("an approval", () => {
    it("of a command shows it, and allowed runs it", async () => {
      const opened = await open()
      const made = join(world.workspace, "made.txt")
      world.model.script.tool("Bash", {
        command: `echo hi > ${made}; cat ${made}; exit 3`,
        description: "make it",
      })
      world.model.script.reply("done")
      const attempt = await opened.send("make it")
      const { body } = await settle(opened, attempt, () => ({ kind: "option", option: "allow_once" }))
      expect(body).toMatchObject({
        kind: "approval",
        subject: "command",
        cwd: world.workspace,
        acceptsReason: true,
      })
      expect(await itemOf(opened, attempt, "command")).toMatchObject({
        status: "failed",
        exitCode: 3,
        output: "hi",
        cwd: world.workspace,
      })
      expect(readFileSync(made, "utf8")).toBe("hi\n")
    })

    it("denied with a reason tells the agent the reason, and it goes on", async () => {
      const opened = await open()
      world.model.script.tool("Bash", { command: "touch never.txt", description: "x" })
      world.model.script.reply("understood")
      const attempt = await opened.send("do it")
      const answer = { kind: "option", option: "deny", reason: "too dangerous" } as const
      const { outcome } = await settle(opened, attempt, () => answer)
      expect(outcome).toEqual({ kind: "completed", text: "understood" })
      expect(lastRequest()).toContain("too dangerous")
      expect(await itemOf(opened, attempt, "command")).toMatchObject({ status: "declined" })
      expect(existsSync(join(world.workspace, "never.txt"))).toBe(false)
    })

    it("denied with a stop ends the turn", async () => {
      const opened = await open()
      world.model.script.tool("Bash", { command: "touch never.txt", description: "x" })
      const attempt = await opened.send("do it")
      const { outcome } = await settle(opened, attempt, () => ({ kind: "option", option: "deny_stop" }))
      expect(outcome.kind).toBe("stopped")
    })

    it("of a new file and of an edit shows the difference before and after", async () => {
      const file = join(world.workspace, "poem.txt")
      const opened = await open()
      world.model.script.tool("Write", { file_path: file, content: "one\ntwo\nthree\n" })
      world.model.script.reply("written")
      const write = await opened.send("write it")
      const first = await settle(opened, write, () => ({ kind: "option", option: "allow_once" }))
      expect(first.body).toMatchObject({
        subject: "file_change",
        title: file,
        changes: [{ path: file, change: "add", diff: "@@ -0,0 +1,3 @@\n+one\n+two\n+three\n" }],
      })
      expect(await itemOf(opened, write, "file_change")).toMatchObject({ status: "completed" })

      world.model.script.tool("Edit", { file_path: file, old_string: "two", new_string: "2" })
      world.model.script.reply("edited")
      const edit = await opened.send("edit it")
      const second = await settle(opened, edit, () => ({ kind: "option", option: "deny", reason: "keep it" }))
      const diff = "@@ -1,3 +1,3 @@\n one\n-two\n+2\n three\n"
      expect(second.body).toMatchObject({ changes: [{ path: file, change: "update", diff }] })
      expect(await itemOf(opened, edit, "file_change")).toMatchObject({
        status: "declined",
        changes: [{ diff }],
      })
      expect(readFileSync(file, "utf8")).toBe("one\ntwo\nthree\n")
    })

    it("for the session is not asked again, and allows nothing else", async () => {
      const opened = await open()
      const { script } = world.model
      script.tool("Bash", { command: "touch s1.txt", description: "x" })
      script.reply("one")
      const first = await opened.send("one")
      const { body } = await settle(opened, first, (asked) => ({
        kind: "option",
        option: sessionRule(asked),
      }))
      if (body.kind === "question") throw new Error("expected an approval")
      expect(body.options.map((option) => [option.effect, option.scope])).toEqual([
        ["allow_once", undefined],
        ["allow_session", "touch s1.txt"],
        ["allow_always", "touch s1.txt"],
        ["allow_session", world.workspace],
        ["allow_session", "acceptEdits"],
        ["deny", undefined],
        ["deny_stop", undefined],
      ])
      script.tool("Bash", { command: "touch s1.txt", description: "x" })
      script.reply("two")
      const second = await opened.send("two")
      expect(await opened.recorder.ended(second)).toMatchObject({ kind: "completed", text: "two" })
      expect(opened.recorder.settings()?.mode).toBe("default")
      script.tool("Write", { file_path: join(world.workspace, "s3.txt"), content: "x" })
      script.reply("three")
      const third = await opened.send("three")
      await settle(opened, third, () => ({ kind: "option", option: "deny" }))
      expect(existsSync(join(world.workspace, ".claude"))).toBe(false)
    })

    it("for always is stored as exactly the rule that was shown", async () => {
      const opened = await open()
      world.model.script.tool("Bash", { command: "touch a1.txt", description: "x" })
      world.model.script.reply("one")
      await settle(opened, await opened.send("one"), (asked) => ({
        kind: "option",
        option: optionOf(asked, "allow_always"),
      }))
      const stored = JSON.parse(readFileSync(join(world.workspace, ".claude/settings.local.json"), "utf8"))
      expect(stored).toEqual({ permissions: { allow: ["Bash(touch a1.txt)"] } })
    })

    it("is not answered by something that does not fit", async () => {
      const opened = await open()
      world.model.script.tool("Bash", { command: "touch n.txt", description: "x" })
      const attempt = await opened.send("one")
      const { request } = await opened.recorder.request(attempt)
      await expect(
        opened.session.answer(request, { kind: "option", option: "nonsense" }),
      ).rejects.toMatchObject({
        failure: { class: "bad_request" },
      })
      await opened.session.interrupt()
      expect(await opened.recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
    })
  })

  it("asks several questions, also with several answers or words of one's own", async () => {
    const opened = await open()
    const option = (label: string) => ({ label, description: label })
    world.model.script.tool("AskUserQuestion", {
      questions: [
        { question: "Colour?", header: "C", multiSelect: false, options: [option("Red"), option("Blue")] },
        { question: "Tools?", header: "T", multiSelect: true, options: [option("A"), option("B")] },
      ],
    })
    world.model.script.reply("thanks")
    const attempt = await opened.send("ask")
    const { body } = await settle(opened, attempt, () => ({
      kind: "answers",
      answers: { 0: ["Blue"], 1: ["A", "my own"] },
    }))
    expect(body).toMatchObject({
      kind: "question",
      questions: [
        { id: "0", header: "C", text: "Colour?", multiple: false, freeText: true },
        { id: "1", multiple: true },
      ],
    })
    expect(lastRequest()).toContain("Colour?")
    expect(lastRequest()).toContain("Blue")
    expect(lastRequest()).toContain("A, my own")
  })

  describe("a plan", () => {
    const review = async (opened: Opened, answer: Answer) => {
      world.model.script.tool("ExitPlanMode", { plan: "# Plan\n1. do it" })
      world.model.script.reply("ok")
      return settle(opened, await opened.send("plan"), () => answer)
    }

    it("is kept back with a reason, then approved, which leaves plan mode", async () => {
      const opened = await open({ mode: "plan" })
      const kept = await review(opened, { kind: "option", option: "keep_planning", reason: "split step 1" })
      expect(kept.body).toMatchObject({ kind: "plan", markdown: "# Plan\n1. do it", acceptsReason: true })
      expect(lastRequest()).toContain("split step 1")
      expect(opened.recorder.settings()?.mode).toBe("plan")
      await review(opened, { kind: "option", option: "approve" })
      expect(opened.recorder.settings()?.mode).toBe("default")
    })

    it("may be approved together with its edits", async () => {
      const opened = await open({ mode: "plan" })
      await review(opened, { kind: "option", option: "approve_accept_edits" })
      expect(opened.recorder.settings()?.mode).toBe("acceptEdits")
    })
  })

  describe("a stop", () => {
    it("ends the command that runs, with all that it started", async () => {
      const opened = await open()
      const log = join(world.workspace, "stopped.log")
      world.model.script.tool("Bash", {
        command: `touch ${log}; tail -f ${log} & tail -f ${log}`,
        description: "x",
      })
      const attempt = await opened.send("wait")
      const { request } = await opened.recorder.request(attempt)
      await opened.session.answer(request, { kind: "option", option: "allow_once" })
      const running = () => commandsContaining(`tail -f ${log}`)
      await eventually(async () => (await running()).length >= 2)
      const began = performance.now()
      await opened.session.interrupt()
      expect(await opened.recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
      expect(performance.now() - began).toBeLessThan(2_000)
      expect(await itemOf(opened, attempt, "command")).toMatchObject({ status: "interrupted" })
      await eventually(async () => (await running()).length === 0)
      expectWholeAttempt(opened.recorder, attempt)
    })

    it("also withdraws what was steered in and not yet read", async () => {
      const opened = await open()
      const reply = world.model.script.reply("one two three", { gated: true })
      const attempt = await opened.send("talk")
      await reply.reached
      expect(await opened.session.steer({ text: "UNREAD", files: [] }, attempt)).toBe("steered")
      await opened.session.interrupt()
      expect(await opened.recorder.ended(attempt)).toEqual({ kind: "stopped", text: "one " })
      world.model.script.reply("next")
      await opened.recorder.ended(await opened.send("next"))
      expect(world.model.promptsContaining("UNREAD")).toBe(0)
    })
  })

  describe("a message into a running turn", () => {
    it("is read after the command that runs, within the same attempt", async () => {
      const opened = await open()
      const gate = join(world.workspace, "gate")
      const command = `touch begun; until [ -e ${gate} ]; do sleep 0.05; done`
      world.model.script.tool("Bash", { command, description: "wait" })
      world.model.script.reply("both done")
      const attempt = await opened.send("job")
      const { request } = await opened.recorder.request(attempt)
      await opened.session.answer(request, { kind: "option", option: "allow_once" })
      expect(await opened.session.steer({ text: "ALSO THIS", files: [] }, attempt)).toBe("steered")
      writeFileSync(gate, "")
      expect(await opened.recorder.ended(attempt)).toEqual({ kind: "completed", text: "both done" })
      expectWholeAttempt(opened.recorder, attempt)
      expect(world.model.promptsContaining("ALSO THIS")).toBe(1)
    })

    it("while text streams is answered after it, within the same attempt", async () => {
      const opened = await open()
      const reply = world.model.script.reply("first answer", { gated: true })
      world.model.script.reply("second answer", { when: "ONE MORE" })
      const attempt = await opened.send("job")
      await reply.reached
      expect(await opened.session.steer({ text: "ONE MORE", files: [] }, attempt)).toBe("steered")
      reply.release()
      const outcome = await opened.recorder.ended(attempt)
      expect(outcome).toEqual({ kind: "completed", text: "first answer\n\nsecond answer" })
      expectWholeAttempt(opened.recorder, attempt)
      expect(opened.recorder.events.filter((event) => event.kind === "attempt.began")).toEqual([])
    })

    it("comes too late when the turn has ended", async () => {
      const opened = await open()
      world.model.script.reply("done")
      const attempt = await opened.send("job")
      await opened.recorder.ended(attempt)
      expect(await opened.session.steer({ text: "LATE", files: [] }, attempt)).toBe("too_late")
      expect(world.model.requests.flatMap(({ body }) => userTexts(body)).join()).not.toContain("LATE")
    })
  })

  it("gives each approval and answer to the session that asked", async () => {
    const [a, b] = await Promise.all([open(), open()])
    const files = ["pa.txt", "pb.txt"].map((name) => join(world.workspace, name))
    for (const [index, prompt] of ["ALPHA", "BETA"].entries()) {
      world.model.script.tool("Write", { file_path: files[index], content: prompt }, { when: prompt })
    }
    const [first, second] = await Promise.all([a.send("ALPHA"), b.send("BETA")])
    const [one, two] = await Promise.all([a.recorder.request(first), b.recorder.request(second)])
    expect([one.body, two.body]).toMatchObject([{ title: files[0] }, { title: files[1] }])
    world.model.script.reply("over", { times: 2 })
    await a.session.answer(one.request, { kind: "option", option: "allow_once" })
    await b.session.answer(two.request, { kind: "option", option: "deny" })
    await Promise.all([a.recorder.ended(first), b.recorder.ended(second)])
    expect(files.map((file) => existsSync(file))).toEqual([true, false])
  })
})

function optionOf(body: RequestBody, effect: "allow_session" | "allow_always"): string {
  if (body.kind === "question") throw new Error("expected an approval")
  const option = body.options.find((one) => one.effect === effect)
  if (option === undefined) throw new Error(`no ${effect} among ${JSON.stringify(body.options)}`)
  return option.id
}

function sessionRule(body: RequestBody): string {
  return optionOf(body, "allow_session")
}

async function commandsContaining(text: string): Promise<readonly string[]> {
  const rows = await listProcesses()
  return rows.map((row) => commandLine(row.pid)).filter((line) => line.startsWith(text))
}

function commandLine(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")
  } catch {
    return ""
  }
}

/** For what happens outside and tells nobody: looked at again until it holds. */
async function eventually(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await new Promise((resolve) => setTimeout(resolve, 20))
}
