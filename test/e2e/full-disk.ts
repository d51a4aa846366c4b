/**
 * What becomes of prompts while the disk is full. A program of its own: it runs in a mount namespace, in which the data
 * directory is a small disk. Prints what it saw as one line of JSON.
 */
import { execFileSync } from "node:child_process"
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fillDisk } from "../fakes/full-disk.ts"
import { prepareWorld, type World } from "../world.ts"

/** Two disks: one for everything, and one for the host's journal alone. */
const [disk = "", journalDisk = ""] = process.argv.slice(2)
const SIZE = "48m"

/** Longer than a message can be, as far as Telegram tells: the rest may come in another one. */
const FULL_MESSAGE = "paste ".repeat(682).padEnd(4096, "!")

const PROMPTS = ["before", "during", "paste paste", "while it is full", "while the journal is full"]
const timesIn = (world: World, prompt: string) =>
  world.consumed().filter(({ text }) => text.includes(prompt)).length

async function play(world: World): Promise<Record<string, unknown>> {
  useDisks(world)
  await world.starts()
  const owner = world.owner()
  await owner.says("before")
  await owner.sees("echo: before")
  const [runtime, host] = [world.runtimePid, world.hostPid]
  const full = await fillTheDisk(world)
  await fillTheJournal(world)
  return {
    ...full,
    survived: [world.runtimePid === runtime && isAlive(runtime), world.hostPid === host && isAlive(host)],
    consumed: Object.fromEntries(PROMPTS.map((prompt) => [prompt, timesIn(world, prompt)])),
    log: readFileSync(join(disk, "logs", "runtime.log"), "utf8"),
    exit: await world.stops(),
  }
}

async function fillTheDisk(world: World): Promise<Record<string, unknown>> {
  const owner = world.owner()
  const waitingAtTelegram = () => world.bots[0]?.updates.pendingCount ?? 0
  await owner.says("during [[hold a]]")
  await owner.seesDraft(/holding a/)
  // Received, and not handled yet: the rest of it could still come.
  await owner.says(FULL_MESSAGE)
  await until(() => waitingAtTelegram() === 0, "the paste to be received")
  fillDisk(disk)
  await owner.says("while it is full")
  const alarm = await owner.sees(/cannot write to its disk/)
  world.releases("a")
  await until(() => hasEnded(world, "during"), "the agent to end its turn")
  const waiting = waitingAtTelegram()
  const answeredWhileFull = screen(owner).filter((text) => /echo: (during|paste|while)/.test(text)).length
  free(disk)
  await owner.sees(/echo: during/)
  await owner.sees(/echo: paste/)
  // It may have come in time to count as the rest of the paste.
  await owner.sees(/while it is full/)
  await owner.sees(/again and goes on/)
  return { alarm: alarm.text, waiting, answeredWhileFull }
}

async function fillTheJournal(world: World): Promise<void> {
  const owner = world.owner()
  fillDisk(journalDisk)
  await owner.says("while the journal is full")
  await owner.seesDraft(/disk of this machine is full/)
  free(journalDisk)
  await owner.sees(/echo: while the journal/)
}

function useDisks(world: World): void {
  for (const path of [disk, journalDisk]) {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${SIZE},mode=0700`, "tmpfs", path])
  }
  const config = JSON.parse(readFileSync(join(world.dataDir, "config.json"), "utf8"))
  config.providers.acp.echo.env.ACP_AGENT_ENDS = endsOf(world)
  writeFileSync(join(disk, "config.json"), JSON.stringify(config), { mode: 0o600 })
  rmSync(world.dataDir, { recursive: true })
  symlinkSync(disk, world.dataDir)
  symlinkSync(join(journalDisk, "journal.sqlite"), join(disk, "host-journal.sqlite"))
}

const endsOf = (world: World): string => join(world.directory, "ends.log")

function hasEnded(world: World, prompt: string): boolean {
  return existsSync(endsOf(world)) && readFileSync(endsOf(world), "utf8").includes(prompt)
}

/** For what is no event in the chat. */
async function until(isSo: () => boolean, wanted: string): Promise<void> {
  const limit = performance.now() + 10_000
  while (!isSo()) {
    if (performance.now() > limit) throw new Error(`waited 10 s for ${wanted}`)
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const screen = (owner: ReturnType<World["owner"]>): readonly string[] =>
  owner.messages().flatMap(({ from, text }) => (from?.is_bot && text ? [text] : []))

function free(path: string): void {
  rmSync(join(path, "filler"), { force: true })
}

function isAlive(pid: number | null): boolean {
  return pid !== null && process.kill(pid, 0)
}

const world = await prepareWorld()
let report: Record<string, unknown>
try {
  report = await play(world)
} catch (error) {
  writeFileSync(2, `${world.output}\n${world.owner().transcript()}\n`)
  throw error
} finally {
  free(disk)
  free(journalDisk)
  await world[Symbol.asyncDispose]()
}
console.log(JSON.stringify(report))
