/** The real `claude` when something is wrong: the service, the account, the machine. */
import { chmodSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { childEnvironment } from "../../src/platform/child-environment.ts"
import type { FailureClass } from "../../src/protocol/session.ts"
import { createClaudeProvider } from "../../src/providers/claude/provider.ts"
import type { Clock, Supervisor } from "../../src/providers/provider.ts"
import { claudeBinary } from "../agents/install.ts"
import type { FailureKind } from "../fakes/models/messages-script.ts"
import { createPlainSupervisor } from "../fakes/plain-supervisor.ts"
import { type ClaudeWorld, createClaudeWorld, type Opened } from "./claude-world.ts"
import { expectWholeAttempt } from "./recorder.ts"

const binary = claudeBinary()

describe.runIf(binary !== null)("claude in trouble", () => {
  let world: ClaudeWorld
  beforeAll(async () => {
    world = await createClaudeWorld(binary ?? "")
  })
  afterAll(() => world.close())
  afterEach(() => world.model.script.clear())

  describe("a failure of the service is classified, and the session goes on", () => {
    let opened: Opened
    beforeAll(async () => {
      opened = await world.open()
    })
    afterAll(() => world.closeSessions())

    const table: readonly (readonly [FailureKind, FailureClass])[] = [
      ["rate_limit", "rate_limit"],
      ["overloaded", "capacity"],
      ["server", "capacity"],
      ["unavailable", "capacity"],
      ["auth", "auth"],
      ["forbidden", "auth"],
      ["billing", "usage_limit"],
      ["bad_request", "bad_request"],
      ["too_long", "context_overflow"],
      ["too_large", "context_overflow"],
      ["model_not_found", "bad_request"],
      ["max_tokens", "bad_request"],
      ["refusal", "refused"],
      ["no_content", "empty_response"],
      ["empty", "empty_response"],
      ["reset", "transport"],
    ]
    it.each(table)("%s is %s", async (kind, expected) => {
      world.model.script.fail(kind, { times: 20 })
      const attempt = await opened.send(`fail with ${kind}`)
      const outcome = await opened.recorder.ended(attempt)
      expect(outcome).toMatchObject({ kind: "failed", failure: { class: expected } })
      expectWholeAttempt(opened.recorder, attempt)
      if (outcome.kind === "failed")
        expect(outcome.failure.detail ?? "").not.toMatch(/\n|[{}]|127\.0\.0\.1|\/tmp/)
    })

    it.each<FailureKind>(["cut", "early_end", "error_event", "empty"])(
      "%s is made good by a retry",
      async (kind) => {
        world.model.script.fail(kind)
        world.model.script.reply("whole answer")
        const attempt = await opened.send(`recover from ${kind}`)
        expect(await opened.recorder.ended(attempt)).toEqual({ kind: "completed", text: "whole answer" })
        expectWholeAttempt(opened.recorder, attempt)
        const messages = opened.recorder.items(attempt).filter((item) => item.kind === "message")
        expect(messages.filter((item) => item.status === "completed")).toMatchObject([
          { text: "whole answer" },
        ])
        expect(messages.every((item) => item.status === "completed" || item.status === "dropped")).toBe(true)
      },
    )

    it("tells that it retries", async () => {
      world.model.script.fail("overloaded")
      world.model.script.reply("at last")
      const attempt = await opened.send("try again")
      await opened.recorder.ended(attempt)
      const notice = opened.recorder.of(attempt).find((event) => event.kind === "notice")
      expect(notice?.notice).toEqual({ code: "retrying", attempt: 1, of: 1 })
    })
  })

  it("tells a subscription's limits, and until when it is used up", async () => {
    const resetsAt = Math.floor(Date.now() / 1000) + 3600
    const limits = (status: string, used: string) => ({
      "anthropic-ratelimit-unified-status": status,
      "anthropic-ratelimit-unified-reset": String(resetsAt),
      "anthropic-ratelimit-unified-representative-claim": "five_hour",
      "anthropic-ratelimit-unified-5h-status": status,
      "anthropic-ratelimit-unified-5h-utilization": used,
      "anthropic-ratelimit-unified-5h-reset": String(resetsAt),
    })
    const env = { ANTHROPIC_API_KEY: "", CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-scripted" }
    const opened = await world.open(world.spec(), world.create({ env }))
    world.model.script.reply("fine", { headers: limits("allowed", "0.25") })
    await opened.recorder.ended(await opened.send("one"))
    const told = opened.recorder.events.find((event) => event.kind === "limits")
    expect(told?.limits).toEqual([{ name: "five_hour", usedPercent: 25, resetsAt: resetsAt * 1000 }])
    world.model.script.fail("usage_limit", { headers: limits("rejected", "1.0"), times: 5 })
    expect(await opened.recorder.ended(await opened.send("two"))).toMatchObject({
      failure: {
        class: "usage_limit",
        resetsAt: resetsAt * 1000,
        detail: expect.stringMatching(/hit your .*limit/),
      },
    })
    await opened.session.close()
  })

  it("takes a passing refusal of a subscription's service for what it is", async () => {
    const env = { ANTHROPIC_API_KEY: "", CLAUDE_CODE_OAUTH_TOKEN: "sk-ant-oat01-scripted" }
    const opened = await world.open(world.spec(), world.create({ env }))
    world.model.script.fail("rate_limit", { times: 5 })
    expect(await opened.recorder.ended(await opened.send("one"))).toMatchObject({
      kind: "failed",
      failure: { class: "rate_limit" },
    })
    await opened.session.close()
  })

  describe("silence", () => {
    const MINUTE = 60_000

    async function openWithClock() {
      const clock = new ManualClock()
      const context = { ...world.surroundings.context({ command: world.binary, env: world.env }), clock }
      const provider = createClaudeProvider(context)
      return { clock, opened: await world.open(world.spec(), provider) }
    }

    it("is told after a while, and at the limit the turn is given up", async () => {
      const { clock, opened } = await openWithClock()
      const held = world.model.script.hold({ times: 5 })
      const attempt = await opened.send("are you there?")
      await held.reached
      clock.advance(MINUTE)
      const notice = await opened.recorder.until(() =>
        opened.recorder.of(attempt).find((event) => event.kind === "notice"),
      )
      expect(notice.notice).toEqual({ code: "silent", seconds: 60 })
      clock.advance(14 * MINUTE)
      expect(await opened.recorder.ended(attempt)).toMatchObject({
        kind: "failed",
        failure: { class: "timeout" },
      })
      world.model.script.clear()
      world.model.script.reply("here again")
      expect(await opened.recorder.ended(await opened.send("and now?"))).toMatchObject({ kind: "completed" })
      await opened.session.close()
    })

    it("of the owner is waited for without end", async () => {
      const { clock, opened } = await openWithClock()
      world.model.script.tool("Bash", { command: "touch waited.txt", description: "x" })
      world.model.script.reply("thanks")
      const attempt = await opened.send("ask me")
      const { request } = await opened.recorder.request(attempt)
      clock.advance(24 * 60 * MINUTE)
      expect(await opened.session.answer(request, { kind: "option", option: "allow_once" })).toBe("answered")
      expect(await opened.recorder.ended(attempt)).toMatchObject({ kind: "completed", text: "thanks" })
      expect(opened.recorder.of(attempt).filter((event) => event.kind === "notice")).toEqual([])
      await opened.session.close()
    })
  })

  it("shows its commands nothing of ours", async () => {
    const source = {
      PATH: "/usr/bin:/bin",
      HOME: world.surroundings.home,
      TELEGRAM_BOT_TOKEN: "1:telegram-secret",
      REMOTEAGENT_KEY: "remoteagent-secret",
      OPENAI_API_KEY: "openai-secret",
      AWS_SECRET_ACCESS_KEY: "aws-secret",
      ANTHROPIC_BASE_URL: world.model.baseUrl,
      ANTHROPIC_API_KEY: "sk-ant-scripted",
      CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    }
    const supervisor = inheriting(source)
    const provider = createClaudeProvider({
      ...world.surroundings.context({ command: world.binary }),
      supervisor,
    })
    const opened = await world.open(world.spec(), provider)
    const seen = join(world.workspace, "seen.txt")
    world.model.script.tool("Bash", { command: `env | tee ${seen}`, description: "x" })
    world.model.script.reply("done")
    const attempt = await opened.send("show")
    const { request } = await opened.recorder.request(attempt)
    await opened.session.answer(request, { kind: "option", option: "allow_once" })
    await opened.recorder.ended(attempt)
    const [item] = opened.recorder.items(attempt)
    const output = item?.kind === "command" ? item.output : ""
    // The agent's own key is its own: without a sandbox its commands can read it, as in a terminal.
    expect(output).toContain("ANTHROPIC_API_KEY")
    expect(output).not.toMatch(/TELEGRAM|REMOTEAGENT|telegram-secret|openai-secret|aws-secret/)
    await opened.session.close()
    await supervisor.close()
  })

  it.runIf(process.getuid?.() === 0)("explains why it will not run without asking as root", async () => {
    const refused = world.open(world.spec({ settings: { mode: "bypassPermissions" } }))
    await expect(refused).rejects.toMatchObject({
      failure: { class: "bad_request", reason: { code: "root_refused", agent: "Claude Code" } },
    })
    const allowed = world.create({ env: { IS_SANDBOX: "1" } })
    const opened = await world.open(world.spec({ settings: { mode: "bypassPermissions" } }), allowed)
    world.model.script.tool("Bash", { command: "touch unasked.txt", description: "x" })
    world.model.script.reply("done")
    const attempt = await opened.send("do it")
    expect(await opened.recorder.ended(attempt)).toMatchObject({ kind: "completed" })
    expect(opened.recorder.of(attempt).filter((event) => event.kind === "request.opened")).toEqual([])
    await opened.session.close()
  })

  describe("probe", () => {
    it("says who is signed in, or how to sign in", async () => {
      expect(await world.provider.probe()).toMatchObject({ state: "ready", account: "API key", remedies: [] })
      const signedOut = world.create({ env: { ANTHROPIC_API_KEY: "" } })
      expect(await signedOut.probe()).toMatchObject({
        state: "signed_out",
        remedies: [{ kind: "sign_in", command: "claude auth login" }],
      })
    })

    it("says what to install or update", async () => {
      expect(await world.create({ command: "no-such-claude" }).probe()).toMatchObject({
        state: "not_installed",
        remedies: [{ kind: "install" }],
      })
      const old = join(world.surroundings.root, "old-claude")
      writeFileSync(old, "#!/bin/sh\necho '2.1.197 (Claude Code)'\n")
      chmodSync(old, 0o755)
      expect(await world.create({ command: old }).probe()).toMatchObject({
        state: "too_old",
        version: "2.1.197",
        remedies: [{ kind: "update", command: "claude update" }],
      })
    })

    it("says what the scrubbing of commands' environments lacks", async () => {
      const scrubbed = world.create({ env: { CLAUDE_CODE_SUBPROCESS_ENV_SCRUB: "1" } })
      const status = await scrubbed.probe()
      const supervisor = world.surroundings.supervisor
      const missing = (await Promise.all(["bwrap", "socat"].map((name) => supervisor.find(name)))).includes(
        null,
      )
      expect(status.sandboxUsable).toBe(!missing)
      expect(status.remedies.some((remedy) => remedy.kind === "sandbox")).toBe(missing)
    })
  })
})

/** A supervisor that lets each child inherit as the host's does. */
function inheriting(source: Readonly<Record<string, string>>): Supervisor & { close(): Promise<void> } {
  const started: { close(): Promise<void> }[] = []
  const forChild = (inherit: readonly string[]) => {
    const supervisor = createPlainSupervisor(childEnvironment({ source, inherit, extra: {} }))
    started.push(supervisor)
    return supervisor
  }
  return {
    spawn: (spec) => forChild(spec.inherit).spawn(spec),
    run: (spec) => forChild(spec.inherit).run(spec),
    find: (command) => forChild([]).find(command),
    async close() {
      await Promise.all(started.map((one) => one.close()))
    },
  }
}

/** Time that passes only when a test says so. */
class ManualClock implements Clock {
  #now = 1_800_000_000_000
  readonly #timers = new Set<{ readonly due: number; readonly run: () => void }>()

  now(): number {
    return this.#now
  }

  monotonic(): number {
    return this.#now
  }

  after(ms: number, run: () => void): { cancel(): void } {
    const timer = { due: this.#now + ms, run }
    this.#timers.add(timer)
    return { cancel: () => this.#timers.delete(timer) }
  }

  advance(ms: number): void {
    const until = this.#now + ms
    for (;;) {
      const [next] = [...this.#timers].filter((timer) => timer.due <= until).toSorted((a, b) => a.due - b.due)
      if (next === undefined) break
      this.#timers.delete(next)
      this.#now = Math.max(this.#now, next.due)
      next.run()
    }
    this.#now = until
  }
}
