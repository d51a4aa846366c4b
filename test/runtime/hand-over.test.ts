/** What a host is owed reaches its agent once, whatever the owner does meanwhile and whoever is restarted. */
import { expect, it } from "vitest"
import { HERE, type TurnId } from "../../src/protocol/ids.ts"
import { KernelWorld } from "./kernel-world.ts"

/** A turn whose prompt the agent is only just taking, so that a steer waits at the host. */
async function isBeingTaken(world: KernelWorld): Promise<TurnId> {
  const first = world.submits([
    { do: "hold", gate: "taken" },
    { do: "accept" },
    { do: "wait", gate: "end" },
    { do: "end", text: "first done" },
  ])
  await world.until("its agent is being given it", () => world.isAt("taken"))
  return first
}

it("a prompt that is being passed on is nobody else's until it is known where it went", async () => {
  await using world = await KernelWorld.start()
  const first = await isBeingTaken(world)
  const second = world.submits([{ do: "accept" }, { do: "end", text: "second done" }])
  world.kernel.turns.steer(second)
  expect(() => world.kernel.turns.runNext(second)).toThrow("turn_not_queued")
  expect(() => world.kernel.turns.drop(second)).toThrow("turn_not_queued")
  world.opens("taken")
  await world.isIn("running", first)
  await world.until("the steer is settled", () => world.turn(second).state !== "steering")
  world.opens("end")
  await world.isIn("completed", first)
  await world.isIn("completed", second)
  await world.until("nothing is owed", () => !world.ledger.handOvers.isAnyOwed(HERE))
  expect(world.reached(second)).toBe(1)
})

it("a steer that a restart cut off is said again under its own id and taken once", async () => {
  await using world = await KernelWorld.start()
  const first = await isBeingTaken(world)
  const second = world.submits([{ do: "accept" }, { do: "end", text: "second done" }])
  world.kernel.turns.steer(second)
  world.restarts()
  world.opens("taken")
  await world.isIn("completed", second)
  world.opens("end")
  await world.isIn("completed", first)
  expect(world.reached(second)).toBe(1)
})

it("a steer that came too early works when it is tried again", async () => {
  await using world = await KernelWorld.start({ settings: { model: "hold:opened" } })
  const first = world.submits([{ do: "accept" }, { do: "wait", gate: "end" }, { do: "end", text: "done" }])
  await world.isIn("dispatching", first)
  await world.until("the host has it", () => world.kernel.hostPid !== null)
  const second = world.submits([{ do: "accept" }, { do: "end", text: "second done" }])
  world.kernel.turns.steer(second)
  await world.isIn("queued", second)
  world.opens("opened")
  await world.isIn("running", first)
  world.kernel.turns.steer(second)
  await world.isIn("completed", second)
  expect(world.transcript().filter((line) => line.startsWith("steered"))).toHaveLength(1)
  world.opens("end")
  await world.isIn("completed", first)
  expect(world.reached(second)).toBe(1)
})

it("a stop that was asked for while nobody was connected is said over the next link", async () => {
  await using world = await KernelWorld.start()
  const first = await isBeingTaken(world)
  world.opens("taken")
  await world.isIn("running", first)
  world.stops()
  world.kernel.turns.stop(world.session, { clearQueue: false })
  world.restarts()
  await world.isIn("completed", first)
  expect(world.ledger.handOvers.isAnyOwed(HERE)).toBe(false)
})

it("what an agent did by itself while the runtime was away is told without waiting for the owner", async () => {
  await using world = await KernelWorld.start()
  const first = world.submits([
    { do: "later", gate: "task" },
    { do: "accept" },
    { do: "end", text: "started the build" },
  ])
  await world.isIn("completed", first)
  world.stops()
  world.opens("task")
  world.restarts()
  const ownWork = () =>
    world.ledger.turns.recent(world.session, 5).filter(({ origin }) => origin === "provider")
  await world.until("its own work is told", () => ownWork().some(({ state }) => state === "completed"))
})

it("stopping the agents finds a host that this runtime has not needed yet", async () => {
  await using world = await KernelWorld.start()
  const first = world.submits([{ do: "accept" }, { do: "end", text: "done" }])
  await world.isIn("completed", first)
  const pid = world.kernel.hostPid
  world.restarts()
  await world.kernel.stopAgents()
  expect(pid).not.toBeNull()
  await world.until("the host has left", () => !isAlive(pid ?? 0))
})

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
