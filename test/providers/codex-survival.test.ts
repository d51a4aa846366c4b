/** What happens to a Codex session when hosts die, and when the owner has it open somewhere else. */
import { existsSync, mkdirSync } from "node:fs"
import { createConnection, createServer, type Socket } from "node:net"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { openSocket } from "../../src/providers/codex/channel.ts"
import { Connection } from "../../src/providers/codex/connection.ts"
import { createCodexProvider } from "../../src/providers/codex/provider.ts"
import type { Clock, Provider, ProviderContext } from "../../src/providers/provider.ts"
import { codexBinary } from "../agents/install.ts"
import { Terminal } from "../cli/terminal.ts"
import { type CodexWorld, createCodexWorld, newAttempt } from "./codex-world.ts"
import { realClock } from "./local-context.ts"
import { expectWholeAttempt, Recorder } from "./recorder.ts"

const binary = codexBinary()

describe.skipIf(binary === null)("codex", () => {
  let world: CodexWorld
  beforeEach(async () => {
    world = await createCodexWorld(binary ?? "")
  })
  afterEach(async () => {
    await world.close()
  })

  describe("a turn outlives its host", () => {
    it("and is taken over in mid answer, with all of it", async () => {
      const { session, recorder, send } = await world.open()
      const step = world.model.script.reply("half and half", { gated: true })
      const attempt = await send("talk")
      await recorder.streaming(attempt)

      const later = new Recorder()
      const spec = world.spec({ nativeId: session.nativeId })
      const recovery = await world.create().recover(spec, attempt, later)
      expect(recovery.kind).toBe("live")
      expect(recovery.kind === "live" && recovery.session.nativeId).toBe(session.nativeId)
      step.release()
      expect(await later.ended(attempt)).toEqual({ kind: "completed", text: "half and half" })
      expect(world.model.promptsContaining("talk")).toBe(1)
    })

    it("with its open request, which keeps its id and is answered by the next host", async () => {
      const { session, recorder, send } = await world.open()
      const evidence = join(world.workspace, "evidence")
      world.model.script.command(`touch ${evidence}`, { escalated: true })
      world.model.script.reply("done")
      const attempt = await send("touch")
      const before = await recorder.request(attempt)

      const later = new Recorder()
      const spec = world.spec({ nativeId: session.nativeId })
      const recovery = await world.create().recover(spec, attempt, later)
      if (recovery.kind !== "live") throw new Error(`not live but ${recovery.kind}`)
      const { request } = await later.request(attempt)
      expect(request).toBe(before.request)
      expect(await recovery.session.answer(request, { kind: "option", option: "accept" })).toBe("answered")
      expect(await later.ended(attempt)).toEqual({ kind: "completed", text: "done" })
      expect(existsSync(evidence)).toBe(true)
      // The first host was only thought dead: it learns that it was not the one who answered.
      await recorder.ended(attempt)
      expect(recorder.of(attempt)).toContainEqual(
        expect.objectContaining({ kind: "request.closed", why: "answered_elsewhere" }),
      )
      expectWholeAttempt(recorder, attempt)
    })

    it("and ends as what it was: failed, with the reason", async () => {
      const { session, recorder, send } = await world.open()
      world.model.script.fail("overloaded")
      const attempt = await send("try")
      await recorder.ended(attempt)
      await world.killHostsAndAgents()
      const spec = world.spec({ nativeId: session.nativeId })
      expect(await world.create().recover(spec, attempt, new Recorder())).toMatchObject({
        kind: "ended",
        outcome: { kind: "failed", failure: { class: "capacity" } },
      })
    })

    it("even when nobody learned in which thread it runs", async () => {
      const { session, recorder, send } = await world.open()
      const step = world.model.script.reply("half and half", { gated: true })
      const attempt = await send("talk")
      await recorder.streaming(attempt)
      const later = new Recorder()
      const next = world.create()
      const recovery = await next.recover(world.spec({ nativeId: null }), attempt, later)
      if (recovery.kind !== "live") throw new Error(`not live but ${recovery.kind}`)
      expect(recovery.session.nativeId).toBe(session.nativeId)
      step.release()
      await later.ended(attempt)
      const nowhere = world.spec({ nativeId: null, workspace: world.makeWorkspace("other") })
      expect(await next.recover(nowhere, newAttempt(), later)).toEqual({ kind: "not_consumed" })
    })
  })

  describe("an app-server that hangs", () => {
    const stopServer = (): void => {
      for (const pid of world.surroundings.supervisor.running()) process.kill(pid, "SIGSTOP")
    }

    it("does not keep a stop from happening", async () => {
      const { session, recorder, send } = await world.open()
      world.model.script.reply("working on it", { gated: true })
      const attempt = await send("work")
      await recorder.streaming(attempt)
      stopServer()
      await session.interrupt()
      expect(await recorder.ended(attempt)).toMatchObject({ kind: "stopped" })
      expectWholeAttempt(recorder, attempt)
      world.model.script.reply("Still here.")
      const next = await send("go on")
      expect(await recorder.ended(next)).toEqual({ kind: "completed", text: "Still here." })
    })

    it("is told as hanging, not as ended", async () => {
      const { recorder, send } = await world.open({}, world.create({ silentNoticeMs: 300 }))
      world.model.script.reply("working on it", { gated: true })
      const attempt = await send("work")
      await recorder.streaming(attempt)
      stopServer()
      expect(await recorder.ended(attempt)).toMatchObject({
        kind: "failed",
        failure: { class: "timeout", reason: { code: "hangs", agent: "Codex" } },
      })
    })
  })

  it("a lost connection is made again and the turn goes on", async () => {
    const real = join(world.surroundings.root, "real.sock")
    await startServer(world, real)
    const line = await layLine(join(world.surroundings.root, "state", "app-server.sock"), real)
    const { recorder, send } = await world.open()
    const step = world.model.script.reply("half and half", { gated: true })
    const attempt = await send("talk")
    await recorder.streaming(attempt)
    line.cut()
    step.release()
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "half and half" })
    expect(line.calls()).toBe(2)
    expectWholeAttempt(recorder, attempt)
    line.close()
  })

  describe("a thread that another Codex has open", () => {
    /** A second app-server on the same home, as another program of the owner would run it. */
    const elsewhere = (change: Partial<ProviderContext> = {}): Provider => {
      const stateDir = join(world.surroundings.root, "elsewhere")
      mkdirSync(stateDir, { recursive: true })
      const context = world.surroundings.context({ command: world.binary, env: world.env })
      return createCodexProvider({ ...context, stateDir, ...change })
    }
    /** Ten times as fast, for a bound that is long. */
    const fastClock: Clock = {
      now: () => Date.now() * 10,
      monotonic: () => performance.now() * 10,
      after: (ms, run) => realClock.after(ms / 10, run),
    }

    it("is listed as open elsewhere and refused in words; once let go of, it opens", async () => {
      const ours = await world.open()
      world.model.script.reply("ours")
      await ours.recorder.ended(await ours.send("prompt"))
      const { nativeId } = ours.session

      const other = elsewhere({ clock: fastClock })
      const query = { limit: 5, nativeId }
      expect(await other.listNative(query)).toMatchObject([{ state: "open_elsewhere", origin: "ours" }])
      expect(await world.provider.listNative(query)).toMatchObject([{ state: "free" }])
      const spec = world.spec({ nativeId })
      await expect(other.open(spec, new Recorder())).rejects.toMatchObject({
        failure: { class: "refused", reason: { code: "open_elsewhere", agent: "Codex" } },
      })

      const patient = elsewhere()
      const opening = patient.open(spec, new Recorder())
      await ours.session.close()
      expect((await opening).nativeId).toBe(nativeId)
    })

    it("is joined in a terminal while it is open here, and what is prompted here is seen there", async () => {
      const { session, recorder, send } = await world.open()
      world.model.script.reply("The word is zebra.")
      await recorder.ended(await send("remember a word"))
      const { nativeId } = session
      const [found] = await world.provider.listNative({ limit: 1, nativeId })
      const [command = "", ...words] = found?.terminal ?? []
      expect(words).toEqual(["--remote", expect.stringMatching(/^unix:\/\//), "resume", nativeId])
      const environment = {
        ...world.env,
        PATH: "/usr/bin:/bin",
        HOME: world.surroundings.home,
        LANG: "C.UTF-8",
      }
      await using terminal = new Terminal({ command, words, cwd: world.workspace, environment, rows: 40 })
      // Codex may first praise a newer model; the second choice keeps the present one.
      const [first] = await terminal.sees(/zebra|enter\/esc confirm/)
      if (first !== "zebra") {
        // It passes over what is typed while it starts.
        await vi.waitFor(() => {
          terminal.types("2")
          expect(terminal.screen).toMatch(/› 2\.|zebra/)
        }, 15_000)
        terminal.types("\r")
        await terminal.sees(/zebra/)
      }
      world.model.script.reply("Said from afar.")
      await recorder.ended(await send("and now?"))
      await terminal.sees(/Said from afar/)
      await terminal[Symbol.asyncDispose]()
      await session.close()
      await vi.waitFor(async () => {
        const [closed] = await world.provider.listNative({ limit: 1, nativeId })
        expect(closed?.terminal).toEqual([world.binary, "resume", nativeId])
      }, 10_000)
    })

    it("is driven through the server of the owner's terminals, seeing what he does there", async () => {
      const control = join(world.codexHome, "app-server-control")
      mkdirSync(control, { recursive: true })
      const socket = join(control, "app-server-control.sock")
      await startServer(world, socket)
      const terminal = await connect(world, socket)
      const { thread } = await terminal.request("thread/start", { cwd: world.workspace })
      world.model.script.reply("hello terminal")
      const text = (said: string) => [{ type: "text" as const, text: said, text_elements: [] }]
      await terminal.request("turn/start", { threadId: thread.id, input: text("typed by hand") })

      const { session, recorder, send } = await world.open({ nativeId: thread.id })
      world.model.script.reply("hello phone")
      const attempt = await send("from the phone")
      expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "hello phone" })
      expect(session.nativeId).toBe(thread.id)

      world.model.script.reply("typed and seen")
      await terminal.request("turn/start", { threadId: thread.id, input: text("typed again") })
      const began = await recorder.until(() =>
        recorder.events.findLast((one) => one.kind === "attempt.began"),
      )
      expect(await recorder.ended(began.attempt)).toEqual({ kind: "completed", text: "typed and seen" })
      terminal.close()
    })
  })
})

/** An app-server that is not the adapter's. Resolves when it answers. */
async function startServer(world: CodexWorld, socket: string): Promise<void> {
  await world.surroundings.supervisor.spawn({
    ...{ command: world.binary, args: ["app-server", "--listen", `unix://${socket}`] },
    ...{ cwd: world.workspace, env: world.env, inherit: [], label: "another server" },
  })
  await vi.waitUntil(() => existsSync(socket))
}

async function connect(world: CodexWorld, socket: string): Promise<Connection> {
  const { log, clock, valve } = world.surroundings.context({})
  return Connection.open(await openSocket(socket, { timeoutMs: 1_000, valve }), { log, clock, version: "0" })
}

/** A socket that passes everything on to another, until it is cut. */
async function layLine(from: string, to: string) {
  const ends = new Set<Socket>()
  let calls = 0
  const server = createServer((near) => {
    calls++
    const far = createConnection(to)
    for (const [end, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(end)
      end.on("error", () => undefined)
      end.on("close", () => other.destroy())
      end.pipe(other)
    }
  })
  await new Promise<void>((resolve) => server.listen(from, resolve))
  const cut = (): void => {
    for (const end of ends) end.destroy()
  }
  return {
    cut,
    calls: () => calls,
    close() {
      cut()
      server.close()
    },
  }
}
