import { readFileSync } from "node:fs"
import path from "node:path"
import { describe, expect, it } from "vitest"
import { DemoMachine } from "./demo-machine.ts"

describe("working from a terminal", () => {
  it("chats with the demonstration, one line after the other, and leaves at the end of the input", async () => {
    await using on = await DemoMachine.running()
    const { code, stdout } = await on.chat("hello there", "list")
    expect(code).toBe(0)
    expect(stdout).toMatch(/^S001 .*demo/)
    expect(stdout).toContain("You wrote: hello there")
    expect(stdout.indexOf("List the files")).toBeGreaterThan(stdout.indexOf("You wrote"))
    expect(stdout).toContain("Come back with: remoteagent chat S001")
  })

  it("runs the commands of every surface, and shows the session that one leads to", async () => {
    await using on = await DemoMachine.running()
    const { code, stdout } = await on.chat("hello", "/status", "/frobnicate", "/new demo", "and here")
    expect(code).toBe(0)
    expect(stdout).toMatch(/S001 · hello\n.*Agent: /)
    expect(stdout).toContain("/frobnicate is not known here.")
    expect(stdout).toMatch(/^S002 .*demo/m)
    expect(stdout.indexOf("You wrote: and here")).toBeGreaterThan(stdout.indexOf("S002"))
    expect(stdout).toContain("Come back with: remoteagent chat S002")
  })

  it("says how to use a session that is not there", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const { code, stderr } = await on.run("chat", "S777")
    expect([code, stderr]).toEqual([2, "There is no session S777. There are: S001.\n"])
  })

  it("shows what the agent asks, where it cannot be asked, and finds it answered by nobody", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const asking = on.home.start(["chat", "1"])
    asking.type("write\n")
    await asking.shows(/The agent asks: .*demo\.txt[\s\S]*Answer it in a terminal/)
    const status = JSON.parse((await on.run("status", "--json")).stdout)
    expect(status.openRequests).toBe(1)
    asking.signal("SIGINT")
    await asking.shows(/Stopped\./)
    asking.endInput()
    expect((await asking.ended).code).toBe(0)
  })

  it("interrupts the turn at the first Ctrl-C and leaves at the second", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const talking = on.home.start(["chat", "1"])
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
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const { code, stdout, stderr } = await on.run("send", "S001", "list", "--wait")
    expect([code, stderr]).toEqual([0, ""])
    expect(stdout).toContain(".remoteagent-workspace")
    expect(stdout).not.toContain("You wrote")
  })

  it("takes a prompt from standard input", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const { stdout } = await on.home.run(["send", "1", "-", "--wait"], { input: "from a\npipe" })
    expect(stdout).toContain("You wrote: from a\npipe")
  })

  it("runs a prompt once, however often it is sent under one id", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const words = ["send", "1", "once", "--json", "--wait", "--client-id", "mine-1"]
    const first = JSON.parse((await on.run(...words)).stdout)
    const again = JSON.parse((await on.run(...words)).stdout)
    expect(first).toMatchObject({ repeated: false, outcome: { kind: "completed" } })
    expect(again).toMatchObject({ repeated: true, turn: first.turn, outcome: first.outcome })
  })

  it("tells a script that a turn failed", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const { code, stderr, stdout } = await on.run("send", "1", "error", "--wait")
    expect(code).toBe(1)
    expect(stderr).toBe("Failed: The agent reported an error.\n")
    expect(stdout + stderr).not.toContain("    at ")
  })

  it("follows over a restart of the runtime", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const talking = on.home.start(["chat", "1"])
    talking.type("slow\n")
    await talking.shows(/Step 2/)
    await on.runtime.kill()
    await talking.shows(/waiting for it to come back/)
    await on.start()
    await talking.shows(/It is back/)
    await talking.shows(/Step 5/)
    talking.signal("SIGINT")
    await talking.shows(/Stopped\./)
    talking.endInput()
    expect((await talking.ended).code).toBe(0)
  })

  it("keeps its data to the owner", async () => {
    await using on = await DemoMachine.running()
    await on.chat("hello")
    const { stdout } = await on.run("doctor", "--json", "--offline")
    const open = JSON.parse(stdout).findings.filter(
      ({ id, state }: { id: string; state: string }) => id.startsWith("data_dir") && state !== "ok",
    )
    expect(open).toEqual([])
    expect(readFileSync(path.join(on.home.dataDir, "logs", "runtime.log"), "utf8")).not.toBe("")
  })
})
