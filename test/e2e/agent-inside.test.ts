/** An agent, and what it starts, is not the owner: it finds nothing of ours to read, to change or to talk to. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { probeAgentMask } from "../../src/platform/agent-mask.ts"
import { startWorld, type World } from "../world.ts"
import { binaries, decides, startClaudeStage, startCodexStage } from "./stage.ts"

const trespass = join(import.meta.dirname, "..", "fakes", "trespass.cjs")
const isMasked = (await probeAgentMask(process.platform, import.meta.dirname)).kind === "available"
if (!isMasked) console.warn("SKIPPED: agents cannot be masked on this machine")

const nothing = {
  ...{ config: "ENOENT", ledger: "ENOENT", journal: "ENOENT", log: "ENOENT" },
  planted: expect.stringMatching(/EROFS|ENOENT|EACCES|EPERM/),
  environment: expect.stringMatching(/EACCES|EPERM/),
  root: expect.stringMatching(/EACCES|EPERM|ENOENT/),
  // An agent's own sandbox may refuse it before the path is looked at.
  control: expect.stringMatching(/ENOENT|EPERM/),
  host: expect.stringMatching(/ENOENT|EPERM/),
}

describe.runIf(isMasked && process.platform === "linux")("what an agent runs", () => {
  it.skipIf(binaries.codex === null)(
    "finds nothing of ours with Codex, even without its sandbox",
    async () => {
      await using stage = await startCodexStage({ bots: 1 })
      const { world, brain } = stage
      const owner = stage.newChat()
      await owner.says("/new")
      await owner.says("/sandbox danger-full-access")
      await decides(owner, "Yes, I am sure")
      await owner.sees(/works in danger-full-access/)
      brain.runInside(`${command(world)}; echo tried`)
      brain.say("Looked around.")
      await owner.says("look around")
      await owner.sees("Looked around.")
      expect(reported(world)).toEqual(nothing)
      expect(existsSync(join(world.dataDir, ".env"))).toBe(false)
    },
  )

  it.skipIf(binaries.claude === null)(
    "finds nothing of ours with Claude Code, once allowed to run",
    async () => {
      await using stage = await startClaudeStage({ bots: 1 })
      const { world, brain } = stage
      const owner = stage.newChat()
      await owner.says("/new")
      brain.run(`${command(world)}; echo tried`)
      brain.say("Looked around.")
      await owner.says("look around")
      await decides(owner, "Allow once")
      await owner.sees("Looked around.")
      expect(reported(world)).toEqual(nothing)
      expect(existsSync(join(world.dataDir, ".env"))).toBe(false)
    },
  )

  it("finds nothing of ours with an agent that asks for nothing", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    await owner.says(`[[tool ${command(world)}]] look around`)
    await owner.sees(/echo: .*look around/)
    expect(reported(world)).toEqual(nothing)
  })

  it("finds all of it when the owner switched the mask off, as SECURITY.md says", async () => {
    await using world = await startWorld({ config: { host: { hideDataDirectory: false } } })
    const owner = world.owner()
    await owner.says(`[[tool ${command(world)}]] look around`)
    await owner.sees(/echo: .*look around/)
    expect(reported(world)).toMatchObject({ config: "done", ledger: "done", control: "done", host: "done" })
  })
})

function command(world: World): string {
  const words = [process.execPath, trespass, world.dataDir, String(world.runtimePid), report(world)]
  return words.join(" ")
}

function report(world: World): string {
  return join(world.directory, "trespass.json")
}

function reported(world: World): unknown {
  return JSON.parse(readFileSync(report(world), "utf8"))
}
