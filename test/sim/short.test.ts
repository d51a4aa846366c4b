import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"

const LIMIT_MS = 240_000

/** A process of its own: the simulation puts itself in the place of timers, clocks and files. */
async function play(...words: readonly string[]): Promise<{ readonly code: number; readonly said: string }> {
  const run = promisify(execFile)(process.execPath, [join(import.meta.dirname, "run.ts"), ...words])
  try {
    return { code: 0, said: (await run).stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string }
    return { code, said: stdout + stderr }
  }
}

describe("a simulated machine", () => {
  it("keeps its promises in the histories that once broke one", { timeout: LIMIT_MS }, async () => {
    const { code, said } = await play("--recorded", "--slot", "7")
    expect(said).toMatch(/no promise broken\s*$/)
    expect(code).toBe(0)
  })

  it("keeps its promises in others, and plays the same seed the same way", {
    timeout: LIMIT_MS,
  }, async () => {
    const { code, said } = await play("--seed", "7000", "--seeds", "12", "--bots", "2", "--slot", "8")
    expect(said).toMatch(/no promise broken\s*$/)
    expect(code).toBe(0)
    const again = await play("--seed", "7003", "--repeat", "2", "--slot", "9")
    expect(again).toMatchObject({ code: 0 })
  })
})
