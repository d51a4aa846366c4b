import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import path from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { OwnerHome, type RunningCli } from "./run-cli.ts"

let home: OwnerHome
let runtime: RunningCli

/** A runtime without Telegram, its local page on a free port; the demonstration is the agent. */
const environment = { DEFAULT_MODE: "demo", LOCAL_UI_PORT: "0" }

async function start(more: Record<string, string> = {}): Promise<RunningCli> {
  const started = home.start(["start"], { environment: { ...environment, ...more } })
  await started.shows(/^Ready\./m)
  return started
}

beforeEach(async () => {
  home = new OwnerHome()
  runtime = await start()
})
afterEach(async () => {
  await home.run(["stop", "--agents"])
  await home[Symbol.asyncDispose]()
})

const run = (...words: string[]) => home.run(words)

/** A session with the demonstration, made as an owner without a terminal would: by chatting once. */
async function chat(...lines: string[]) {
  return await home.run(["chat", "--provider", "demo"], { input: lines.map((line) => `${line}\n`).join("") })
}

describe("a running runtime", () => {
  it("tells its status to people and to scripts", async () => {
    const people = await run("status")
    expect(people.stdout).toContain(`runs as process ${runtime.pid}`)
    const script = JSON.parse((await run("status", "--json")).stdout)
    expect(script).toMatchObject({
      running: true,
      pid: runtime.pid,
      dataDir: home.dataDir,
      telegram: { state: "off" },
      sessions: { open: 0, working: 0 },
    })
  })

  it("is named to whoever starts a second one, who leaves with exit code 1", async () => {
    const { code, stderr } = await home.run(["start"], { environment })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(`already runs for ${home.dataDir}: process ${runtime.pid}, since .*2\\d`),
    )
    expect(stderr).toContain("remoteagent stop")
    expect((await run("status")).code).toBe(0)
  })

  it("works on when nobody reads its output any more", async () => {
    runtime.stopReading()
    expect((await chat("hello")).stdout).toContain("You wrote: hello")
    expect((await run("stop")).code).toBe(0)
    expect((await runtime.ended).code).toBe(0)
  })

  it("lets a command end in silence when nobody reads its output any more", async () => {
    const following = home.start(["logs"])
    await following.shows(/./)
    following.stopReading()
    await chat("hello")
    expect((await following.ended).code).toBe(0)
  })

  it("stops when asked, and is gone then", async () => {
    expect(await run("stop")).toMatchObject({ code: 0, stdout: `Stopped (process ${runtime.pid}).\n` })
    expect(await runtime.ended).toMatchObject({ code: 0 })
    expect((await run("status")).code).toBe(3)
  })

  it.each(["SIGTERM", "SIGINT"] as const)("ends in order at %s", async (signal) => {
    runtime.signal(signal)
    expect(await runtime.ended).toMatchObject({ code: 0, stdout: expect.stringContaining("Stopped.") })
  })

  it("starts again after it was killed", async () => {
    await runtime.kill()
    expect((await run("status")).code).toBe(3)
    runtime = await start()
    expect((await run("status")).stdout).toContain(`process ${runtime.pid}`)
  })

  it("is in order for the doctor, who asks it for the agents", async () => {
    const { code, stdout } = await run("doctor", "--json")
    const { findings } = JSON.parse(stdout)
    expect(findings).toContainEqual(
      expect.objectContaining({
        id: "runtime",
        state: "ok",
        what: expect.stringContaining(String(runtime.pid)),
      }),
    )
    expect(findings).toContainEqual(
      expect.objectContaining({ id: "ledger", state: "ok", what: "The ledger is sound." }),
    )
    expect(code).toBe(0)
  })

  it("stays up when the port of its page is taken, and says so", async () => {
    await run("stop")
    const blocker = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => blocker.once("listening", resolve))
    const address = blocker.address()
    const port = typeof address === "object" && address ? address.port : 0
    try {
      runtime = await start({ LOCAL_UI_PORT: String(port) })
      expect(runtime.output).toContain(String(port))
      expect((await run("status")).code).toBe(0)
    } finally {
      blocker.close()
    }
  })

  it("does not start over a fatal problem, and goes on where it has only a degraded one", async () => {
    await run("stop")
    const fatal = await home.run(["start"], { environment: { ...environment, CODEX_SANDBOX_MODE: "full" } })
    expect(fatal.code).toBe(1)
    expect(fatal.stderr).toContain("read-only, workspace-write or danger-full-access")
    runtime = await start({ TELEGRAM_BOT_TOKEN: "nonsense" })
    expect(runtime.output).toContain("is not a bot token")
    expect(runtime.output).not.toContain("nonsense")
  })

  it("writes logs that can be read, and nothing that others can", async () => {
    const { code, stdout } = await run("logs", "--no-follow")
    expect(code).toBe(0)
    expect(stdout).toMatch(/INFO {3}the runtime is ready/)
    const json = await run("logs", "--no-follow", "--json", "--lines", "1")
    expect(JSON.parse(json.stdout)).toHaveProperty("msg")
    expect((await run("logs", "--id", "nosuchid")).code).toBe(1)
  })

  it("prints no warning of Node", async () => {
    expect(runtime.output).not.toMatch(/Warning/)
  })
})

describe("working from a terminal", () => {
  it("chats with the demonstration, one line after the other, and leaves at the end of the input", async () => {
    const { code, stdout } = await chat("hello there", "list")
    expect(code).toBe(0)
    expect(stdout).toMatch(/^S001 .*demo/)
    expect(stdout).toContain("You wrote: hello there")
    expect(stdout.indexOf("List the files")).toBeGreaterThan(stdout.indexOf("You wrote"))
    expect(stdout).toContain("Come back with: remoteagent chat S001")
  })

  it("says how to use a session that is not there", async () => {
    await chat("hello")
    const { code, stderr } = await run("chat", "S777")
    expect([code, stderr]).toEqual([2, "There is no session S777. There are: S001.\n"])
  })

  it("shows what the agent asks, where it cannot be asked, and finds it answered by nobody", async () => {
    await chat("hello")
    const asking = home.start(["chat", "1"])
    asking.type("write\n")
    await asking.shows(/The agent asks: .*demo\.txt[\s\S]*Answer it in a terminal/)
    const status = JSON.parse((await run("status", "--json")).stdout)
    expect(status.openRequests).toBe(1)
    asking.signal("SIGINT")
    await asking.shows(/Stopped\./)
    asking.endInput()
    expect((await asking.ended).code).toBe(0)
  })

  it("interrupts the turn at the first Ctrl-C and leaves at the second", async () => {
    await chat("hello")
    const talking = home.start(["chat", "1"])
    talking.type("slow\n")
    await talking.shows(/Step 2/)
    talking.signal("SIGINT")
    await talking.shows(/Stopping the turn/)
    talking.signal("SIGINT")
    const { code, stdout } = await talking.ended
    expect(code).toBe(0)
    expect(stdout).not.toContain("Step 20")
  })

  it("sends a prompt and prints the answer alone", async () => {
    await chat("hello")
    const { code, stdout, stderr } = await run("send", "S001", "list", "--wait")
    expect([code, stderr]).toEqual([0, ""])
    expect(stdout).toContain(".remoteagent-workspace")
    expect(stdout).not.toContain("You wrote")
  })

  it("takes a prompt from standard input", async () => {
    await chat("hello")
    const { stdout } = await home.run(["send", "1", "-", "--wait"], { input: "from a\npipe" })
    expect(stdout).toContain("You wrote: from a\npipe")
  })

  it("runs a prompt once, however often it is sent under one id", async () => {
    await chat("hello")
    const words = ["send", "1", "once", "--json", "--wait", "--client-id", "mine-1"]
    const first = JSON.parse((await run(...words)).stdout)
    const again = JSON.parse((await run(...words)).stdout)
    expect(first).toMatchObject({ repeated: false, outcome: { kind: "completed" } })
    expect(again).toMatchObject({ repeated: true, turn: first.turn, outcome: first.outcome })
  })

  it("tells a script that a turn failed", async () => {
    await chat("hello")
    const { code, stderr, stdout } = await run("send", "1", "error", "--wait")
    expect(code).toBe(1)
    expect(stderr).toBe("Failed: The agent reported an error.\n")
    expect(stdout + stderr).not.toContain("    at ")
  })

  it("follows over a restart of the runtime", async () => {
    await chat("hello")
    const talking = home.start(["chat", "1"])
    talking.type("slow\n")
    await talking.shows(/Step 2/)
    await runtime.kill()
    await talking.shows(/waiting for it to come back/)
    runtime = await start()
    await talking.shows(/It is back/)
    await talking.shows(/Step 5/)
    talking.signal("SIGINT")
    await talking.shows(/Stopped\./)
    talking.endInput()
    expect((await talking.ended).code).toBe(0)
  })

  it("keeps its data to the owner", async () => {
    await chat("hello")
    const { stdout } = await run("doctor", "--json", "--offline")
    const open = JSON.parse(stdout).findings.filter(
      ({ id, state }: { id: string; state: string }) => id.startsWith("data_dir") && state !== "ok",
    )
    expect(open).toEqual([])
    expect(readFileSync(path.join(home.dataDir, "logs", "runtime.log"), "utf8")).not.toBe("")
  })
})
