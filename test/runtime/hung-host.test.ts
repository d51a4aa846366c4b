/** A host that hangs, as it does on a disk that does not answer: said to the owner, and ended when it stays so. */
import { expect, it } from "vitest"
import { type Clock, systemClock } from "../../src/core/clock.ts"
import { processStart } from "../../src/platform/process-table.ts"
import { readWorkStatus } from "../../src/runtime/feed/overview.ts"
import { KernelWorld } from "./kernel-world.ts"

/** Ten seconds pass in one, so that a minute of silence can be waited for. */
const TIMES = 10
const hurried: Clock = {
  now: () => systemClock.now(),
  monotonic: () => systemClock.monotonic() * TIMES,
  after: (ms, run) => systemClock.after(ms / TIMES, run),
}

const reply = [{ do: "accept" }, { do: "end", text: "done" }] as const

it.each(["while it is connected", "before the runtime starts"])(
  "is said, shown and ended, and the prompt is answered by another: hung %s",
  { timeout: 60_000 },
  async (when) => {
    await using world = await KernelWorld.start({ clock: hurried })
    const first = world.submits(reply)
    await world.isIn("completed", first)
    const pid = world.kernel.hostPid
    if (pid === null) throw new Error("no host")
    const startTime = await processStart(pid)
    process.kill(pid, "SIGSTOP")
    if (when === "before the runtime starts") world.restarts()
    const second = world.submits(reply)
    const notice = () => world.kernel.live.find(second)?.notice
    const since = hurried.monotonic()
    await world.until("it is said", () => JSON.stringify(notice() ?? "").includes("host_silent"))
    expect(hurried.monotonic() - since).toBeLessThan(40_000)
    expect(readWorkStatus(world.kernel).host).toEqual({ state: "silent" })
    await world.isIn("completed", second)
    expect(await processStart(pid)).not.toBe(startTime)
    expect(world.reached(second)).toBe(1)
  },
)

it("a host that was held up and goes on is left alone", { timeout: 60_000 }, async () => {
  await using world = await KernelWorld.start({ clock: hurried })
  const first = world.submits(reply)
  await world.isIn("completed", first)
  const pid = world.kernel.hostPid ?? 0
  process.kill(pid, "SIGSTOP")
  const second = world.submits(reply)
  await world.until("it is noticed", () => world.kernel.isHostSilent)
  process.kill(pid, "SIGCONT")
  await world.isIn("completed", second)
  expect(world.kernel.hostPid).toBe(pid)
})
