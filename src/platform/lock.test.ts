import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { acquireLock } from "./lock.ts"

let directory = ""
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "lock-"))
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

/** Takes the lock in another process, which says so and then does nothing. */
async function otherHolder(path: string) {
  const code = `
    import { acquireLock } from ${JSON.stringify(join(import.meta.dirname, "lock.ts"))}
    const lock = acquireLock({ path: ${JSON.stringify(path)}, purpose: "other", now: 7 })
    globalThis.held = lock
    console.log(lock.kind)
    setInterval(() => {}, 1e6)`
  const child = spawn(process.execPath, ["--input-type=module", "--eval", code], {
    stdio: ["ignore", "pipe", "inherit"],
  })
  const [said] = await once(child.stdout, "data")
  return { child, said: String(said).trim() }
}

describe("acquireLock", () => {
  it("is held by one process, and says by which", async () => {
    const path = join(directory, "a.lock")
    const { child, said } = await otherHolder(path)
    expect(said).toBe("held")
    expect(acquireLock({ path, purpose: "me", now: 8 })).toEqual({
      kind: "taken",
      heldBy: { pid: child.pid, startedAt: 7, purpose: "other" },
    })
    child.kill("SIGKILL")
    await once(child, "exit")
  })

  it("is free as soon as its holder is killed", async () => {
    const path = join(directory, "a.lock")
    const { child } = await otherHolder(path)
    child.kill("SIGKILL")
    await once(child, "exit")
    const mine = acquireLock({ path, purpose: "me", now: 8 })
    expect(mine.kind).toBe("held")
    const { child: second, said } = await otherHolder(path)
    expect(said).toBe("taken")
    second.kill("SIGKILL")
    await once(second, "exit")
    if (mine.kind === "held") mine.release()
    const again = acquireLock({ path, purpose: "me", now: 9 })
    expect(again.kind).toBe("held")
    if (again.kind === "held") again.release()
  })
})
