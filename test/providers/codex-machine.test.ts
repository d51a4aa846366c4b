/** The Codex adapter on machines that lack something: a program, a login, a sandbox, a socket, a model that answers. */
import { execFileSync, spawnSync } from "node:child_process"
import { appendFileSync, chmodSync, existsSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { AttemptId } from "../../src/protocol/ids.ts"
import type { Answer } from "../../src/protocol/session.ts"
import { findCodex } from "../../src/providers/codex/program.ts"
import { codexBinary } from "../agents/install.ts"
import { type CodexWorld, createCodexWorld } from "./codex-world.ts"
import { expectWholeAttempt, type OpenedRequest, type Recorder } from "./recorder.ts"

const binary = codexBinary()
/** Taking the sandbox away needs root and util-linux. */
const canTakeSandboxAway = process.getuid?.() === 0 && spawnSync("setpriv", ["--version"]).status === 0

describe.skipIf(binary === null)("codex", () => {
  let world: CodexWorld
  beforeEach(async () => {
    world = await createCodexWorld(binary ?? "")
  })
  afterEach(async () => {
    await world.close()
  })

  /** A program that stands where `codex` is looked for. */
  const program = (name: string, body: string): string => {
    const file = join(world.surroundings.root, name)
    writeFileSync(file, `#!/bin/sh\n${body}\n`)
    chmodSync(file, 0o755)
    return file
  }

  it("speaks the protocol our types were generated from", () => {
    const script = join(import.meta.dirname, "../../scripts/generate-codex-protocol.ts")
    execFileSync(process.execPath, [script, binary ?? "", "--check"], { stdio: "pipe" })
  })

  describe("that cannot be used says why and what to do", () => {
    it("when it is not installed", async () => {
      const status = await world.create({ command: "no-such-codex" }).probe()
      expect(status).toMatchObject({
        state: "not_installed",
        remedies: [{ kind: "install", command: "npm install -g @openai/codex" }],
      })
      const opening = world.open({}, world.create({ command: "no-such-codex" }))
      await expect(opening).rejects.toMatchObject({ failure: { class: "bad_request" } })
    })

    it("when it is too old", async () => {
      const status = await world.create({ command: program("old", "echo codex-cli 0.159.9") }).probe()
      expect(status).toMatchObject({
        state: "too_old",
        version: "0.159.9",
        remedies: [{ kind: "update", minimum: "0.163.0" }],
      })
    })

    it("when it does not start", async () => {
      const status = await world.create({ command: program("broken", "exit 1") }).probe()
      expect(status).toMatchObject({ state: "broken" })
    })

    it("when nobody is signed in", async () => {
      writeFileSync(join(world.codexHome, "config.toml"), "")
      expect(await world.provider.probe()).toMatchObject({
        state: "signed_out",
        remedies: [{ kind: "sign_in", command: "codex login --device-auth" }],
      })
    })
  })

  it("is asked without leaving a server behind", async () => {
    expect(await world.provider.probe()).toMatchObject({ state: "ready", sandboxUsable: true, remedies: [] })
    const models = await world.provider.models()
    expect(models.find((model) => model.isDefault)).toMatchObject({
      id: "gpt-5.5",
      efforts: expect.any(Array),
    })
    expect(world.processes()).toEqual([])
  })

  it("asks for leave to use a tool of an MCP server, and passes on the tool's own form", async () => {
    const server = join(import.meta.dirname, "../fakes/form-mcp-server.ts")
    appendFileSync(
      join(world.codexHome, "config.toml"),
      `[mcp_servers.shop]\ncommand = "${process.execPath}"\nargs = ["${server}"]\n`,
    )
    const { session, recorder, send } = await world.open()
    const order = async () => {
      world.model.script.mcpTool("shop", "order", { article: "lamp" })
      world.model.script.reply("ordered")
      return send("order")
    }
    const answers: Answer = { kind: "answers", answers: { size: ["large"], count: ["2"] } }

    const first = await order()
    const leave = await recorder.request(first)
    expect(leave.body).toMatchObject({
      ...{ kind: "approval", subject: "tool", title: "order", input: '{\n  "article": "lamp"\n}' },
      origin: { mcpServer: "shop" },
      options: ["allow_once", "allow_session", "allow_always", "deny", "deny_stop"].map((effect) =>
        expect.objectContaining({ effect }),
      ),
    })
    await session.answer(leave.request, { kind: "option", option: "session" })
    const form = await recorder.until(() => requests(recorder, first).at(1))
    await session.answer(form.request, answers)
    await recorder.ended(first)
    expect(recorder.items(first)).toContainEqual(
      expect.objectContaining({ kind: "tool", name: "shop.order", output: ACCEPTED }),
    )

    const second = await order()
    const only = await recorder.request(second)
    expect(only.body.kind).toBe("question")
    await session.answer(only.request, { kind: "dismissed" })
    await recorder.ended(second)
    expect(recorder.items(second)).toContainEqual(
      expect.objectContaining({ kind: "tool", output: expect.stringContaining("cancel") }),
    )
  })

  it("installed by npm is started without its launcher", async () => {
    const launcher = join(import.meta.dirname, "../agents/node_modules/.bin/codex")
    expect(await findCodex(world.surroundings.context({ command: launcher }))).toBe(binary)
  })

  it("that cannot listen on a socket is driven through pipes", async () => {
    const command = program("no-socket", `case "$*" in *--listen*) exit 1 ;; esac\nexec ${binary} "$@"`)
    const { recorder, send } = await world.open({}, world.create({ command }))
    world.model.script.reply("through pipes")
    expect(await recorder.ended(await send("hi"))).toEqual({ kind: "completed", text: "through pipes" })
  })

  describe.skipIf(!canTakeSandboxAway)("without its sandbox", () => {
    const withoutSandbox = (): string =>
      program(
        "no-sandbox",
        `exec unshare --user --map-root-user -- /bin/sh -c '
           echo 0 > /proc/sys/user/max_user_namespaces
           exec setpriv --bounding-set=-all --inh-caps=-all "$@"' codex ${binary} "$@"`,
      )

    it("asks for everything, even if told never to, and says so once", async () => {
      const provider = world.create({ command: withoutSandbox() })
      expect(await provider.probe()).toMatchObject({
        state: "ready",
        sandboxUsable: false,
        remedies: [{ kind: "sandbox" }],
      })
      const settings = { mode: "never_ask", sandbox: "workspace-write" } as const
      const { session, recorder, send } = await world.open({ settings }, provider)
      const evidence = join(world.workspace, "evidence")
      world.model.script.command(`touch ${evidence}`)
      world.model.script.reply("done")
      const attempt = await send("touch")
      const { request } = await recorder.request(attempt)
      expect(existsSync(evidence)).toBe(false)
      await session.answer(request, { kind: "option", option: "accept" })
      expect(await recorder.ended(attempt)).toMatchObject({ kind: "completed" })
      expect(existsSync(evidence)).toBe(true)
      expect(recorder.settings()).toMatchObject(settings)

      world.model.script.reply("again")
      await recorder.ended(await send("again"))
      expect(noticeCodes(recorder).filter((code) => code === "sandbox_unusable")).toHaveLength(1)
    })
  })

  describe("whose model is silent", () => {
    const impatient = { silentNoticeMs: 1_000, silentLimitMs: 2_500 }

    it("because it never answers is told of, then given up", async () => {
      const { recorder, send } = await world.open({}, world.create(impatient))
      const held = world.model.script.hold()
      const attempt = await send("hello?")
      expect(await recorder.ended(attempt)).toMatchObject({ kind: "failed", failure: { class: "timeout" } })
      expect(noticeCodes(recorder)).toEqual(["silent"])
      expectWholeAttempt(recorder, attempt)
      await held.aborted
      world.model.script.reply("here again")
      expect(await recorder.ended(await send("hello?"))).toEqual({ kind: "completed", text: "here again" })
    })

    it("because a command runs is left alone", async () => {
      const { recorder, send } = await world.open({}, world.create(impatient))
      world.model.script.command("sleep 3; echo woke", { yieldMs: 10_000 })
      world.model.script.reply("done")
      expect(await recorder.ended(await send("sleep"))).toEqual({ kind: "completed", text: "done" })
      expect(noticeCodes(recorder)).toEqual([])
    })
  })

  it("whose model cannot be reached retries, and is given up in the end", async () => {
    await using lonely = await unreachable(binary ?? "")
    const { recorder, send } = await lonely.world.open(
      {},
      lonely.world.create({ silentNoticeMs: 1_000, silentLimitMs: 2_500 }),
    )
    const attempt = await send("anybody?")
    expect(await recorder.ended(attempt)).toMatchObject({ kind: "failed", failure: { class: "transport" } })
    expect(new Set(noticeCodes(recorder))).toEqual(new Set(["retrying", "silent"]))
    expectWholeAttempt(recorder, attempt)
  })
})

const ACCEPTED = JSON.stringify({ action: "accept", content: { count: 2, size: "large" } })

function requests(recorder: Recorder, attempt: AttemptId): readonly OpenedRequest[] {
  return recorder.of(attempt).filter((event) => event.kind === "request.opened")
}

function noticeCodes(recorder: Recorder): readonly string[] {
  return recorder.events.flatMap((event) => (event.kind === "notice" ? [event.notice.code] : []))
}

/** A world whose model's address refuses every connection. */
async function unreachable(codex: string) {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  if (address === null || typeof address === "string") throw new Error("no port")
  await new Promise((resolve) => server.close(resolve))
  const world = await createCodexWorld(codex, `http://127.0.0.1:${address.port}/v1`)
  return { world, [Symbol.asyncDispose]: () => world.close() }
}
