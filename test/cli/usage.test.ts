import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { OwnerHome } from "./run-cli.ts"

let home: OwnerHome
beforeEach(() => {
  home = new OwnerHome()
})
afterEach(() => home[Symbol.asyncDispose]())

describe("the command line", () => {
  it("lists its commands", async () => {
    const { code, stdout } = await home.run(["--help"])
    expect(code).toBe(0)
    for (const name of ["start", "stop", "status", "chat", "send", "trace", "setup", "doctor", "logs"]) {
      expect(stdout).toMatch(new RegExp(`^  ${name} `, "m"))
    }
  })

  it("speaks Korean where the machine does, and where it is told to", async () => {
    const told = await home.run(["stats"], { environment: { REMOTEAGENT_LANGUAGE: "ko" } })
    expect(told.stderr).toContain("“stats” 명령은 없습니다.")
    const machine = await home.run(["status"], { environment: { LANG: "ko_KR.UTF-8" } })
    expect(machine.stderr).toContain("실행 중인 RemoteAgent가 없습니다")
  })

  it.each([
    [["statsu"], "There is no command “statsu”.\nDid you mean “status”?\n"],
    [["frobnicate"], "There is no command “frobnicate”.\nAll commands: remoteagent --help\n"],
    [["status", "--jsno"], "There is no option “--jsno”.\nDid you mean “--json”?\n"],
    [["send", "S001"], "“text” is missing.\n"],
    [["send", "S001", "two", "words"], "Too many words. A text with spaces needs quotes.\n"],
    [["send", "X1", "hello"], "session cannot be “X1”: a session is written like S001.\n"],
    [["logs", "--lines", "many"], "--lines cannot be “many”: a whole number from 0.\n"],
    [["status", "--data-dir"], "--data-dir <directory> needs a value.\n"],
    [["send", "1", " "], "There is no text to send.\n"],
  ])("answers %j with what is wrong and exit code 2", async (words, stderr) => {
    expect(await home.run(words)).toEqual({ code: 2, stdout: "", stderr })
  })

  it.each([[["status"]], [["stop"]], [["send", "S001", "hello"]], [["trace", "x"]], [["chat"]]])(
    "says how to start when %j finds nothing running, with exit code 3",
    async (words) => {
      const { code, stderr } = await home.run(words)
      expect(stderr).toBe(
        `RemoteAgent is not running for ${home.dataDir}.\nStart it with: remoteagent start\n`,
      )
      expect(code).toBe(3)
    },
  )

  it("tells a script that nothing is running", async () => {
    const { code, stdout, stderr } = await home.run(["status", "--json", "--data-dir", "/nowhere/at/all"])
    expect(JSON.parse(stdout)).toEqual({ running: false, dataDir: "/nowhere/at/all" })
    expect([code, stderr]).toEqual([3, ""])
  })

  it("creates nothing by asking", async () => {
    await home.run(["status"])
    await home.run(["doctor", "--offline"])
    const { code } = await home.run(["logs"])
    expect(code).toBe(1)
    const { existsSync } = await import("node:fs")
    expect(existsSync(home.dataDir)).toBe(false)
  })

  it("lists the variables where setup cannot ask", async () => {
    const { code, stderr } = await home.run(["setup"])
    expect(code).toBe(1)
    expect(stderr).toMatch(/TELEGRAM_BOT_TOKEN.*\n.*TELEGRAM_OWNER_ID.*\n.*DEFAULT_MODE.*\n.*DATA_DIR/)
  })
})
