/** The host's memory does not depend on how much agents say, nor on whether anybody takes it. */
import { execFile, spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync } from "node:fs"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { allItems, readyToStream, residentMegabytes, told } from "./streaming.ts"
import { until, World } from "./world.ts"

const repository = resolve(import.meta.dirname, "../..")

/** Mounting needs root, or a user namespace, which not every machine allows. */
const canMount = spawnSync("unshare", ["-rm", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]).status === 0
if (!canMount)
  console.warn("NOT TESTED: a full journal. It needs `unshare -rm`, which this machine does not allow.")

describe("an agent that says 100 MB", () => {
  it("costs disk and no memory while the runtime is dead, and the next one hears all of it in order", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await readyToStream(world, reader)
    const { pid } = reader.link
    const before = residentMegabytes(pid)
    reader.link.close()
    await reader.link.closed
    world.opens("go")
    let peak = before
    await until(() => {
      peak = Math.max(peak, residentMegabytes(pid))
      return world.transcript().includes(`ended ${attempt} the answer`)
    }, 60_000)
    console.log(`runtime dead: resident memory ${before} MB before, ${peak} MB at most`)
    expect(peak - before).toBeLessThan(60)
    const late = await world.connects()
    await late.sees(attempt, "attempt.ended")
    expect(told(late.events, attempt)).toEqual({
      items: allItems,
      end: { kind: "completed", text: "the answer" },
    })
  })

  it.runIf(canMount)(
    "waits while the disk of the journal is full, and is told whole afterwards",
    async () => {
      const { toldWhileFull, ...seen } = await playFullJournal("others")
      expect(toldWhileFull).toBe(0)
      expectAllTold(seen)
    },
  )

  it.runIf(canMount)(
    "waits when nobody takes it until the disk is full, and goes on by itself when one does",
    async () => {
      const { toldWhileFull, ...seen } = await playFullJournal("itself")
      expect(toldWhileFull).toBeGreaterThan(100)
      expectAllTold(seen)
    },
  )
})

type Seen = Omit<Awaited<ReturnType<typeof playFullJournal>>, "toldWhileFull">

function expectAllTold({ grownBy, ...seen }: Seen): void {
  expect(seen).toEqual({
    endedWhileFull: false,
    hasAllInOrder: true,
    outcome: { kind: "completed", text: "the answer" },
  })
  expect(grownBy).toBeLessThan(80)
}

async function playFullJournal(by: "others" | "itself") {
  const base = join(repository, ".tmp")
  mkdirSync(base, { recursive: true })
  const disk = mkdtempSync(join(base, "journal-"))
  try {
    const script = join(import.meta.dirname, "full-journal.ts")
    const { stdout } = await promisify(execFile)("unshare", ["-rm", process.execPath, script, disk, by])
    const seen = JSON.parse(stdout)
    console.log(`journal filled by ${by}: resident memory grew by ${seen.grownBy} MB at most`)
    return seen as {
      readonly grownBy: number
      readonly toldWhileFull: number
      readonly endedWhileFull: boolean
      readonly hasAllInOrder: boolean
      readonly outcome: unknown
    }
  } finally {
    rmSync(disk, { recursive: true })
  }
}
