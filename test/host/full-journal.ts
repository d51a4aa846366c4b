/**
 * What the host does with an agent that streams while its journal's disk is full. A program of its own: it runs in a
 * mount namespace. Prints what it saw as one line of JSON.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, rmSync, symlinkSync } from "node:fs"
import { join } from "node:path"
import { setTimeout as delay } from "node:timers/promises"
import { fillDisk } from "../fakes/full-disk.ts"
import { allItems, readyToStream, residentMegabytes, told } from "./streaming.ts"
import { until, World } from "./world.ts"

/** By what it is full: by something else, or by the journal itself, because nobody acknowledges. */
const [disk = "", by = "others"] = process.argv.slice(2)
/** Long enough for what would be read of the agent by then to show. */
const WATCHED_MS = 3_000

execFileSync("mount", ["-t", "tmpfs", "-o", "size=32m,mode=0700", "tmpfs", disk])
await using world = new World()
symlinkSync(join(disk, "journal.sqlite"), join(world.dataDir, "host-journal.sqlite"))
const log = join(world.dataDir, "logs", "host.log")
const reader = await world.connects()
const attempt = await readyToStream(world, reader)
const before = residentMegabytes(reader.link.pid)
if (by === "others") fillDisk(disk)
world.opens("go")
await until(() => existsSync(log) && readFileSync(log, "utf8").includes("agents are held back"))
let peak = 0
const end = performance.now() + WATCHED_MS
while (performance.now() < end) {
  peak = Math.max(peak, residentMegabytes(reader.link.pid))
  await delay(20)
}
const whileFull = told(reader.events, attempt)
rmSync(join(disk, "filler"), { force: true })
await until(() => {
  reader.ack()
  peak = Math.max(peak, residentMegabytes(reader.link.pid))
  return told(reader.events, attempt).end !== null
}, 60_000)
const { items, end: outcome } = told(reader.events, attempt)
console.log(
  JSON.stringify({
    grownBy: peak - before,
    toldWhileFull: whileFull.items.length,
    endedWhileFull: whileFull.end !== null,
    hasAllInOrder: items.length === allItems.length && items.every((id, n) => id === n),
    outcome,
  }),
)
