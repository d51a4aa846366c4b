/** A host and a runtime of different builds: ours and the last one that spoke the first protocol, from the history. */
import { execFileSync, spawnSync } from "node:child_process"
import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { homedir } from "node:os"
import { dirname, join } from "node:path"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { AttemptId } from "../../src/protocol/ids.ts"
import { World } from "./world.ts"

/** Spoke protocol 1 alone. A shallow clone does not have it; then `link.test.ts` and `client.test.ts` are what there is. */
const OLD_BUILD = "54cb569"
const repository = dirname(dirname(import.meta.dirname))
const hasHistory =
  spawnSync("git", ["cat-file", "-e", `${OLD_BUILD}^{commit}`], { cwd: repository }).status === 0

let old = ""
beforeAll(() => {
  if (!hasHistory) return
  // Not below the temporary directory: agents refuse to keep their state there.
  old = mkdtempSync(join(homedir(), ".old-build-"))
  const archive = execFileSync("git", ["archive", OLD_BUILD, "src", "test/fakes", "package.json"], {
    cwd: repository,
    maxBuffer: 1 << 28,
  })
  execFileSync("tar", ["-x", "-C", old], { input: archive })
  symlinkSync(join(repository, "node_modules"), join(old, "node_modules"))
})
afterAll(() => {
  if (old !== "") rmSync(old, { recursive: true, force: true })
})

const steps = (text: string) => JSON.stringify([{ do: "accept" }, { do: "end", text }])

/** The old runtime's end of the link, in a process of its own: runs one turn and prints what it saw. */
const OLD_RUNTIME = `
  const { connectHost } = await import(process.env.OLD + "/src/runtime/host-link/client.ts")
  const { acquireLock } = await import(process.env.OLD + "/src/platform/lock.ts")
  const { socketPath } = await import(process.env.OLD + "/src/platform/socket-path.ts")
  const dataDir = process.env.DATA
  const kinds = []
  const lock = acquireLock({ path: dataDir + "/runtime.lock", purpose: "runtime", now: 1 })
  const link = await connectHost({
    socketPath: socketPath(dataDir, "host"), version: "0.0.9", journal: null, acked: 0,
    onLive() {},
    onEvent(event) {
      kinds.push(event.event.kind)
      if (event.event.kind !== "attempt.ended") return
      link.ack(event.seq)
      console.log(JSON.stringify({ kinds, lock: lock.kind, outcome: event.event.outcome }))
      process.exit(0)
    },
  })
  await link.command(JSON.parse(process.env.COMMAND))
`

describe.skipIf(!hasHistory)("a runtime of this build", () => {
  it("works with a host of the old one, says nothing to it that it does not know, and lets it leave", async () => {
    await using world = new World({ hostMain: () => join(old, "test/fakes/scripted-host.ts") })
    const reader = await world.connects()
    expect([...reader.link.features]).toEqual([])
    const big = "ü".repeat(1 << 19)
    const attempt = await world.starts(reader, [
      { do: "accept" },
      { do: "item", id: "a", status: "completed", text: big },
      { do: "end", text: "done" },
    ])
    const { event } = await reader.sees(attempt, "attempt.ended")
    expect(event).toMatchObject({ outcome: { kind: "completed", text: "done" } })
    expect(await world.starts(reader, [], { attempt })).toBe(attempt)
    reader.ack()
    await reader.link.command({ kind: "host.retire" })
    await reader.link.closed
  })
})

describe.skipIf(!hasHistory)("a host of this build", () => {
  const runOld = (world: World, attempt: string): { kinds: string[]; outcome: unknown; lock: string } => {
    const command = {
      ...{ kind: "turn.start", attempt, spec: world.spec(), recoverOnly: false },
      prompt: { text: steps("done"), files: [] },
    }
    const env = { PATH: process.env.PATH, OLD: old, DATA: world.dataDir, COMMAND: JSON.stringify(command) }
    const said = execFileSync(process.execPath, ["--input-type=module", "--eval", OLD_RUNTIME], {
      ...{ env, encoding: "utf8", timeout: 30_000 },
    })
    return JSON.parse(said)
  }

  it("works with a runtime of the old one that holds the data directory", async () => {
    await using world = new World()
    const reader = await world.connects()
    reader.link.close()
    const attempt = randomUUID() as AttemptId
    const { kinds, outcome, lock } = runOld(world, attempt)
    expect([lock, kinds, outcome]).toEqual([
      "held",
      ["session.changed", "attempt.accepted", "attempt.ended"],
      { kind: "completed", text: "done" },
    ])
    expect(world.consumed(attempt)).toBe(1)
  })
})
