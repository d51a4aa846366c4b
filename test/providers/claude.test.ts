/** The real `claude` at work: what it says, asks and does, as events. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { listProcesses } from "../../src/platform/process-table.ts"
import type { Settings } from "../../src/protocol/session.ts"
import { claudeBinary } from "../agents/install.ts"
import { userTexts } from "../fakes/models/messages.ts"
import { type ClaudeWorld, createClaudeWorld, itemOf, type Opened } from "./claude-world.ts"
import { expectWholeAttempt, type Recorder } from "./recorder.ts"

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
      expect(itemOf(opened, attempt, "plan").steps).toEqual([
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

    it("is over with its answer, whatever a sub-agent does in the background, and the next is answered", async () => {
      const { script } = world.model
      const made = join(world.workspace, "made-by-helper.txt")
      const helper = { description: "helper", prompt: "HELPER WORK", subagent_type: "general-purpose" }
      script.tool("Agent", { ...helper, run_in_background: true })
      script.tool("Bash", { command: `touch ${made}`, description: "x" }, { during: "HELPER WORK" })
      script.reply("helper is done", { during: "HELPER WORK" })
      script.reply("main answer")
      const opened = await open()
      const attempt = await opened.send("delegate it")
      expect(await opened.recorder.ended(attempt)).toEqual({ kind: "completed", text: "main answer" })
      expectWholeAttempt(opened.recorder, attempt)

      script.reply("second answer", { when: "SECOND" })
      const second = await opened.send("SECOND")
      expect(await opened.recorder.ended(second)).toEqual({ kind: "completed", text: "second answer" })

      // The sub-agent still waits for leave; whichever attempt its question is under, it is put to the owner.
      const asked = await opened.recorder.until(() => openRequest(opened.recorder))
      expect(asked.body).toMatchObject({ command: `touch ${made}`, origin: { subagent: expect.any(String) } })
      const answer = { kind: "option", option: "allow_once" } as const
      expect(await opened.session.answer(asked.request, answer)).toBe("answered")
      await eventually(async () => existsSync(made))
    })

    it("that compacts says whether it did", async () => {
      const opened = await open()
      world.model.script.reply("first")
      await opened.recorder.ended(await opened.send("hello"))
      const compacted = await opened.send("/compact")
      expect(await opened.recorder.ended(compacted)).toEqual({ kind: "completed", text: "" })
      const again = await opened.send("/compact")
      expect(await opened.recorder.ended(again)).toMatchObject({
        kind: "failed",
        failure: {
          reason: { code: "not_compacted" },
          detail: expect.stringContaining("Not enough messages"),
        },
      })
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
      expect(itemOf(opened, attempt, "command")).toMatchObject({ status: "interrupted" })
      await eventually(async () => (await running()).length === 0)
      expectWholeAttempt(opened.recorder, attempt)
    })

    it("ends the background command that the turn began, and leaves the others", async () => {
      const opened = await open()
      const { script } = world.model
      const log = join(world.workspace, "kept.log")
      const tail = (name: string) => ({
        command: `tail -f ${log}.${name}`,
        description: name,
        run_in_background: true,
      })
      writeFileSync(`${log}.kept`, "")
      writeFileSync(`${log}.ended`, "")
      script.tool("Bash", tail("kept"))
      script.reply("one runs")
      await opened.recorder.ended(await opened.send("first"))
      script.tool("Bash", tail("ended"))
      const reply = script.reply("two run", { gated: true })
      const attempt = await opened.send("second")
      await reply.reached
      const running = (name: string) => commandsContaining(`tail -f ${log}.${name}`)
      await eventually(async () => (await running("kept")).length + (await running("ended")).length >= 2)
      await opened.session.interrupt()
      expect(await opened.recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
      await eventually(async () => (await running("ended")).length === 0)
      expect(await running("kept")).not.toEqual([])
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
})

function openRequest(recorder: Recorder) {
  const closed = recorder.events.flatMap((event) => (event.kind === "request.closed" ? [event.request] : []))
  return recorder.events
    .filter((event) => event.kind === "request.opened")
    .find((event) => !closed.includes(event.request))
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
