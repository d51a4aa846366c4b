import { existsSync } from "node:fs"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"
import { ReadingValve } from "../../src/host/valve.ts"
import { createCodexProvider } from "../../src/providers/codex/provider.ts"
import { codexBinary } from "../agents/install.ts"
import { type CodexWorld, createCodexWorld } from "./codex-world.ts"
import { expectWholeAttempt } from "./recorder.ts"

const binary = codexBinary()

describe.skipIf(binary === null)("codex, while nothing is read of it", () => {
  let world: CodexWorld
  beforeEach(async () => {
    world = await createCodexWorld(binary ?? "")
  })
  afterEach(async () => {
    await world.close()
  })

  it("keeps what it has to say, and its turn is told whole afterwards", async () => {
    const valve = new ReadingValve()
    const context = world.surroundings.context({ command: world.binary, env: world.env })
    const provider = createCodexProvider({ ...context, valve })
    const { recorder, send } = await world.open(
      { settings: { sandbox: "danger-full-access", mode: "never" } },
      provider,
    )
    const evidence = join(world.workspace, "evidence")
    world.model.script.command(`head -c 20000000 /dev/zero | tr '\\0' x | fold -w 200; touch ${evidence}`)
    world.model.script.reply("done")
    const attempt = await send("talk much")
    valve.close()
    const before = recorder.told.length
    await vi.waitUntil(() => existsSync(evidence), { timeout: 20_000 })
    expect(recorder.told.length).toBe(before)
    valve.open()
    expect(await recorder.ended(attempt)).toEqual({ kind: "completed", text: "done" })
    expectWholeAttempt(recorder, attempt)
    await provider.close()
  })
})
