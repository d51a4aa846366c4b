/** The real `claude` across the ends of processes: resumed, shared with a terminal, killed, asked afterwards. */
import { type ChildProcess, execFile, spawn } from "node:child_process"
import { once } from "node:events"
import { mkdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { promisify } from "node:util"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { processStart } from "../../src/platform/process-table.ts"
import type { AttemptId } from "../../src/protocol/ids.ts"
import type { Recovery } from "../../src/providers/provider.ts"
import { claudeBinary } from "../agents/install.ts"
import { type ClaudeWorld, createClaudeWorld, newAttempt, type Opened } from "./claude-world.ts"
import { Recorder } from "./recorder.ts"

const binary = claudeBinary()
const run = promisify(execFile)

describe.runIf(binary !== null)("claude across processes", () => {
  let world: ClaudeWorld
  beforeAll(async () => {
    world = await createClaudeWorld(binary ?? "")
  })
  afterAll(() => world.close())
  afterEach(async () => {
    world.model.script.clear()
    await world.closeSessions()
  })

  const baseEnv = () => ({
    PATH: "/usr/bin:/bin",
    HOME: world.surroundings.home,
    TMPDIR: world.surroundings.root,
  })

  /** `claude -p` as a person or a script runs it, to its end. */
  async function byHand(
    prompt: string,
    args: readonly string[] = [],
  ): Promise<{ result: string; session_id: string }> {
    const child = run(world.binary, ["-p", prompt, "--output-format", "json", ...args], {
      cwd: world.workspace,
      env: { ...baseEnv(), ...world.env },
    })
    child.child.stdin?.end()
    return JSON.parse((await child).stdout)
  }

  /** A `claude` that stays open in a terminal, as its register of live sessions sees it. */
  async function keptOpenByHand(nativeId: string): Promise<ChildProcess> {
    const stream = ["--output-format", "stream-json", "--input-format", "stream-json", "--verbose"]
    const child = spawn(world.binary, ["-p", ...stream, "--resume", nativeId], {
      cwd: world.workspace,
      env: { ...baseEnv(), ...world.env },
      stdio: ["pipe", "pipe", "inherit"],
    })
    const initialize = { type: "control_request", request_id: "1", request: { subtype: "initialize" } }
    child.stdin?.write(`${JSON.stringify(initialize)}\n`)
    await once(createInterface({ input: child.stdout }), "line")
    return child
  }

  async function prompted(opened: Opened, prompt: string, answer: string): Promise<AttemptId> {
    world.model.script.reply(answer, { when: prompt })
    const attempt = await opened.send(prompt)
    expect(await opened.recorder.ended(attempt)).toEqual({ kind: "completed", text: answer })
    return attempt
  }

  it("resumes with its memory, the mode and the model that it is given", async () => {
    const settings = { model: "haiku", mode: "acceptEdits", effort: "high" }
    const first = await world.open(world.spec({ settings }))
    await prompted(first, "remember MAPLE", "ok")
    const { nativeId } = first.session
    await first.session.close()
    expect(world.surroundings.supervisor.running()).toEqual([])

    const second = await world.open(world.spec({ nativeId, settings }))
    expect(second.session.nativeId).toBe(nativeId)
    await prompted(second, "which word?", "MAPLE")
    const { body } = world.model.requests.at(-1) ?? {}
    expect(JSON.stringify(body?.messages)).toContain("remember MAPLE")
    expect(body?.model).toMatch(/haiku/)
    expect(body).toMatchObject({ output_config: { effort: "high" } })
    expect(second.recorder.settings()).toMatchObject({ mode: "acceptEdits", effort: "high" })
  })

  it("changes model, effort and mode between prompts in the same process", async () => {
    const opened = await world.open()
    await prompted(opened, "one", "1")
    const pids = world.surroundings.supervisor.running()
    await opened.session.configure({ model: "sonnet", effort: "low", mode: "plan" })
    await prompted(opened, "two", "2")
    expect(world.surroundings.supervisor.running()).toEqual(pids)
    expect(world.model.requests.at(-1)?.body).toMatchObject({ output_config: { effort: "low" } })
    expect(world.model.requests.at(-1)?.body.model).toMatch(/sonnet/)
    expect(opened.recorder.settings()).toMatchObject({ mode: "plan", effort: "low" })
    await opened.session.configure({ mode: "nonsense" })
    await expect(opened.send("three")).rejects.toMatchObject({ failure: { class: "bad_request" } })
  })

  it("continues a session begun by hand, and is continued by hand", async () => {
    world.model.script.reply("noted", { when: "the word is BIRCH" })
    const begun = await byHand("the word is BIRCH")
    const [listed] = await world.provider.listNative({ limit: 5, nativeId: begun.session_id })
    expect(listed).toMatchObject({
      title: "the word is BIRCH",
      workspace: world.workspace,
      origin: "other",
      state: "free",
      settings: { mode: "default" },
    })
    const opened = await world.open(world.spec({ nativeId: begun.session_id }))
    await prompted(opened, "which word was it?", "BIRCH")
    expect(JSON.stringify(world.model.requests.at(-1)?.body.messages)).toContain("the word is BIRCH")
    await opened.session.close()

    world.model.script.reply("you asked for the word", { when: "what did I ask?" })
    const again = await byHand("what did I ask?", ["--resume", opened.session.nativeId])
    expect(again.session_id).toBe(begun.session_id)
    expect(JSON.stringify(world.model.requests.at(-1)?.body.messages)).toContain("which word was it?")
  })

  it("does not write to a session that is open in a terminal", async () => {
    const first = await world.open()
    await prompted(first, "mine first", "ok")
    const { nativeId } = first.session
    await first.session.close()
    const terminal = await keptOpenByHand(nativeId)
    const refused = await world.open(world.spec({ nativeId })).catch((error: unknown) => error)
    expect(refused).toMatchObject({ failure: { class: "bad_request", reason: { code: "open_elsewhere" } } })
    expect(await world.provider.listNative({ limit: 5, nativeId })).toMatchObject([
      { state: "open_elsewhere", origin: "ours" },
    ])
    terminal.stdin?.end()
    await once(terminal, "exit")
    expect(await world.provider.listNative({ limit: 5, nativeId })).toMatchObject([{ state: "free" }])
    await prompted(await world.open(world.spec({ nativeId })), "mine again", "ok")
  })

  it("looks before each prompt whether a terminal has opened the session, and goes on behind it", async () => {
    const opened = await world.open()
    await prompted(opened, "phone one", "ok")
    const { nativeId } = opened.session
    const terminal = await keptOpenByHand(nativeId)
    await expect(opened.send("phone two")).rejects.toMatchObject({
      failure: { class: "bad_request", reason: { code: "open_elsewhere" } },
    })
    expect(world.model.promptsContaining("phone two")).toBe(0)
    terminal.stdin?.end()
    await once(terminal, "exit")
    world.model.script.reply("by hand", { when: "terminal one" })
    await byHand("terminal one", ["--resume", nativeId])
    await prompted(opened, "phone three", "ok")
    const seen = JSON.stringify(world.model.requests.at(-1)?.body.messages)
    for (const prompt of ["phone one", "terminal one", "phone three"]) expect(seen).toContain(prompt)
  })

  it("belongs to the directory it was begun in, wherever its commands went", async () => {
    const below = join(world.workspace, "below")
    mkdirSync(below)
    const opened = await world.open(world.spec({ settings: { mode: "acceptEdits" } }))
    world.model.script.tool("Bash", { command: `cd ${below}`, description: "go below" })
    world.model.script.reply("went")
    const attempt = await opened.send("go below")
    const end = await opened.recorder.until(() =>
      opened.recorder
        .of(attempt)
        .find((one) => one.kind === "request.opened" || one.kind === "attempt.ended"),
    )
    if (end.kind === "request.opened")
      await opened.session.answer(end.request, { kind: "option", option: "allow_once" })
    await opened.recorder.ended(attempt)
    await prompted(opened, "where now?", "below")
    const { nativeId } = opened.session
    await opened.session.close()
    const [listed] = await world.provider.listNative({ limit: 1, nativeId })
    expect(listed?.workspace).toBe(world.workspace)
  })

  it("does not count its own process, nor one that is gone, as a terminal", async () => {
    const opened = await world.open()
    await prompted(opened, "hello", "ok")
    const { nativeId } = opened.session
    expect(await world.provider.listNative({ limit: 5, nativeId })).toMatchObject([{ state: "free" }])
    await opened.session.close()
    const registered = join(world.configDir, "sessions")
    mkdirSync(registered, { recursive: true })
    const stale = { pid: process.pid, procStart: "1", sessionId: nativeId }
    writeFileSync(join(registered, `${process.pid}.json`), JSON.stringify(stale))
    expect(await world.provider.listNative({ limit: 5, nativeId })).toMatchObject([{ state: "free" }])
  })

  it("lists the newest sessions of one workspace, at most as many as asked for", async () => {
    const workspace = join(world.surroundings.root, "another workspace")
    mkdirSync(workspace)
    const ids: string[] = []
    for (const word of ["elm", "oak", "fir"]) {
      const opened = await world.open(world.spec({ workspace }))
      await prompted(opened, word, "ok")
      ids.unshift(opened.session.nativeId)
    }
    const listed = await world.provider.listNative({ limit: 2, workspace })
    expect(listed.map((one) => [one.nativeId, one.title])).toEqual([
      [ids[0], "fir"],
      [ids[1], "oak"],
    ])
  })

  describe("after the host died", () => {
    const recover = (nativeId: string, attempt: AttemptId): Promise<Recovery> =>
      world.create().recover(world.spec({ nativeId }), attempt, new Recorder())

    it("knows that a prompt was consumed as soon as the model has been asked", async () => {
      const opened = await world.open()
      const held = world.model.script.hold()
      const attempt = newAttempt()
      const sent = opened.session.send({ text: "at the very instant", files: [] }, attempt)
      await held.reached
      await world.killAgents()
      await sent
      expect(await recover(opened.session.nativeId, attempt)).toEqual({
        kind: "ended",
        outcome: { kind: "indeterminate", consumed: "yes", text: "" },
      })
    })

    it("knows that a prompt never arrived, and that it can be sent then", async () => {
      const opened = await world.open()
      await world.killAgents()
      await opened.recorder.gone()
      const attempt = newAttempt()
      expect(await recover(opened.session.nativeId, attempt)).toEqual({ kind: "not_consumed" })
      const again = await world.open(world.spec({ nativeId: opened.session.nativeId }), world.create())
      await prompted(again, "after all", "ok")
      expect(world.model.promptsContaining("after all")).toBe(1)
    })

    it("knows stopped and failed turns, and keeps apart what was asked later", async () => {
      const opened = await world.open()
      const done = await prompted(opened, "first question", "first answer")
      const reply = world.model.script.reply("cut off", { gated: true })
      const stopped = await opened.send("second question")
      await reply.reached
      await opened.session.interrupt()
      await opened.recorder.ended(stopped)
      world.model.script.fail("billing")
      const failed = await opened.send("third question")
      await opened.recorder.ended(failed)
      const { nativeId } = opened.session
      await opened.session.close()
      expect(await recover(nativeId, done)).toMatchObject({
        outcome: { kind: "completed", text: "first answer" },
      })
      expect(await recover(nativeId, stopped)).toMatchObject({ outcome: { kind: "stopped" } })
      expect(await recover(nativeId, failed)).toMatchObject({
        outcome: { kind: "failed", failure: { class: "usage_limit" } },
      })
      expect(await recover(nativeId, newAttempt())).toEqual({ kind: "not_consumed" })
    })

    it("finds the answer that an orphan finished alone", async () => {
      const reply = world.model.script.reply("finished without you", { gated: true, when: "go on alone" })
      const attempt = newAttempt()
      const { stateDir } = world.surroundings.context({})
      const { binary: program, workspace, env } = world
      const order = {
        binary: program,
        stateDir,
        workspace,
        base: baseEnv(),
        env,
        attempt,
        prompt: "go on alone",
      }
      const script = join(import.meta.dirname, "../fakes/claude-lone-host.ts")
      const host = spawn(process.execPath, [script, JSON.stringify(order)], {
        stdio: ["ignore", "pipe", "inherit"],
      })
      const [nativeId] = (await once(createInterface({ input: host.stdout }), "line")) as [string]
      await reply.reached
      const orphan = await childOf(host.pid ?? 0)
      host.kill("SIGKILL")
      await once(host, "exit")
      reply.release()
      while ((await processStart(orphan)) !== null) await new Promise((resolve) => setTimeout(resolve, 50))
      expect(await recover(nativeId, attempt)).toEqual({
        kind: "ended",
        outcome: { kind: "completed", text: "finished without you" },
      })
    })
  })
})

async function childOf(parent: number): Promise<number> {
  const { stdout } = await run("ps", ["-o", "pid=", "--ppid", String(parent)])
  return Number(stdout.trim().split("\n")[0])
}
