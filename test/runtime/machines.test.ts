/** Two machines, each with a host of its own: neither waits for the other, and only ours is started by us. */
import { expect, it } from "vitest"
import { HERE, type MachineId, type ProviderId, type SessionId } from "../../src/protocol/ids.ts"
import { KernelWorld } from "./kernel-world.ts"

const laptop = "m1" as MachineId
const there = "S777" as SessionId

async function twoMachines(): Promise<KernelWorld> {
  const world = await KernelWorld.start()
  const { ledger, workspace } = world
  ledger.machines.add({ id: laptop, name: "laptop", line: { kind: "other" } })
  const provider = "demo" as ProviderId
  const place = { machine: laptop, workspace, workspaceKind: "external", settings: {} } as const
  ledger.sessions.create({ id: there, title: "", titleBy: "runtime", provider, ...place }, 0)
  world.restarts()
  return world
}

it("a machine that is away holds up no other, and its prompt runs when its host is there", async () => {
  await using world = await twoMachines()
  const steps = [{ do: "accept" }, { do: "end", text: "done" }] as const
  const away = world.submits(steps, { session: there })
  const here = world.submits(steps)
  await world.isIn("completed", here)
  expect(world.turn(away).state).toBe("queued")
  expect(world.ledger.machines.cursor(laptop)).toBeNull()

  await world.startsHost("other")
  await world.isIn("completed", away)
  const journals = [HERE, laptop].map((machine) => world.ledger.machines.cursor(machine)?.journal)
  expect(new Set(journals).size).toBe(2)
  expect([HERE, laptop].map((machine) => world.ledger.handOvers.owed(machine))).toEqual([[], []])
})
