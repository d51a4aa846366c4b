import { readFileSync } from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { DemoMachine, environment } from "./demo-machine.ts"

describe("a running runtime", () => {
  it("tells its status to people and to scripts", async () => {
    await using on = await DemoMachine.running()
    const people = await on.run("status")
    expect(people.stdout).toContain(`runs as process ${on.runtime.pid}`)
    const script = JSON.parse((await on.run("status", "--json")).stdout)
    expect(script).toMatchObject({
      running: true,
      pid: on.runtime.pid,
      dataDir: on.home.dataDir,
      telegram: { state: "off" },
      sessions: { open: 0, working: 0 },
    })
  })

  it("is named to whoever starts a second one, who leaves with exit code 1", async () => {
    await using on = await DemoMachine.running()
    const { code, stderr } = await on.home.run(["start"], { environment })
    expect(code).toBe(1)
    expect(stderr).toMatch(
      new RegExp(`already runs for ${on.home.dataDir}: process ${on.runtime.pid}, since .*2\\d`),
    )
    expect(stderr).toContain("remoteagent stop")
    expect((await on.run("status")).code).toBe(0)
  })

  it("works on when nobody reads its output any more", async () => {
    await using on = await DemoMachine.running()
    on.runtime.stopReading()
    expect((await on.chat("hello")).stdout).toContain("You wrote: hello")
    expect((await on.run("stop", "--agents")).code).toBe(0)
    expect((await on.runtime.ended).code).toBe(0)
  })

  it("lets a command end in silence when nobody reads its output any more", async () => {
    await using on = await DemoMachine.running()
    const following = on.home.start(["logs"])
    await following.shows(/./)
    following.stopReading()
    await on.chat("hello")
    expect((await following.ended).code).toBe(0)
  })

  it("stops when asked, and is gone then", async () => {
    await using on = await DemoMachine.running()
    expect(await on.run("stop")).toMatchObject({ code: 0, stdout: `Stopped (process ${on.runtime.pid}).\n` })
    expect(await on.runtime.ended).toMatchObject({ code: 0 })
    expect((await on.run("status")).code).toBe(3)
  })

  it("stops the agents also when it has gone already, and only where there are any", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    await on.run("stop")
    const host = await on.run("stop", "--agents", "--json")
    expect([host.code, JSON.parse(host.stdout)]).toMatchObject([0, { stopped: true }])
    expect((await on.run("stop", "--agents")).code).toBe(3)
  })

  it.each(["SIGTERM", "SIGINT"] as const)("ends in order at %s", async (signal) => {
    await using on = await DemoMachine.running()
    on.runtime.signal(signal)
    expect(await on.runtime.ended).toMatchObject({ code: 0, stdout: expect.stringContaining("Stopped.") })
  })

  it("opens its debugger to nobody, and the host neither", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const { host } = JSON.parse((await on.run("status", "--json")).stdout)
    for (const pid of [on.runtime.pid, host.pid]) process.kill(pid, "SIGUSR1")
    expect((await on.chat("hello again")).stdout).toContain("You wrote: hello again")
    const errors = readFileSync(join(on.home.dataDir, "logs", "host-stderr.log"), "utf8")
    expect(on.runtime.output + errors).not.toContain("Debugger listening")
  })

  it("starts again after it was killed", async () => {
    await using on = await DemoMachine.running()
    await on.runtime.kill()
    expect((await on.run("status")).code).toBe(3)
    await on.start()
    expect((await on.run("status")).stdout).toContain(`process ${on.runtime.pid}`)
  })

  it("is in order for the doctor, who asks it for the agents", async () => {
    await using on = await DemoMachine.running()
    const { code, stdout } = await on.run("doctor", "--json")
    const { findings } = JSON.parse(stdout)
    expect(findings).toContainEqual(
      expect.objectContaining({
        id: "runtime",
        state: "ok",
        what: expect.stringContaining(String(on.runtime.pid)),
      }),
    )
    expect(findings).toContainEqual(
      expect.objectContaining({ id: "ledger", state: "ok", what: "The ledger is sound." }),
    )
    expect(code).toBe(0)
  })

  it("stays up when the port of its page is taken, and says so", async () => {
    await using on = await DemoMachine.running()
    await on.run("stop")
    const blocker = createServer().listen(0, "127.0.0.1")
    await new Promise((resolve) => blocker.once("listening", resolve))
    const address = blocker.address()
    const port = typeof address === "object" && address ? address.port : 0
    try {
      await on.start({ LOCAL_UI_PORT: String(port) })
      expect(on.runtime.output).toContain(String(port))
      expect((await on.run("status")).code).toBe(0)
    } finally {
      blocker.close()
    }
  })

  it("does not start over a fatal problem, and goes on where it has only a degraded one", async () => {
    await using on = await DemoMachine.running()
    await on.run("stop")
    const fatal = await on.home.run(["start"], {
      environment: { ...environment, CODEX_SANDBOX_MODE: "full" },
    })
    expect(fatal.code).toBe(1)
    expect(fatal.stderr).toContain("read-only, workspace-write or danger-full-access")
    await on.start({ TELEGRAM_BOT_TOKEN: "nonsense" })
    expect(on.runtime.output).toContain("is not a bot token")
    expect(on.runtime.output).not.toContain("nonsense")
  })

  it("writes logs that can be read, and nothing that others can", async () => {
    await using on = await DemoMachine.running()
    const { code, stdout } = await on.run("logs", "--no-follow")
    expect(code).toBe(0)
    expect(stdout).toMatch(/INFO {3}the runtime is ready/)
    const json = await on.run("logs", "--no-follow", "--json", "--lines", "1")
    expect(JSON.parse(json.stdout)).toHaveProperty("msg")
    expect((await on.run("logs", "--id", "nosuchid")).code).toBe(1)
  })

  it("prints no warning of Node", async () => {
    await using on = await DemoMachine.running()
    expect(on.runtime.output).not.toMatch(/Warning/)
  })
})
