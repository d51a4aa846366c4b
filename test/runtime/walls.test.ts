/** A fault in what shows things never holds up what is shown. */
import { expect, it } from "vitest"
import { KernelWorld } from "./kernel-world.ts"

const bug = (): never => {
  throw new TypeError("a bug of what is shown")
}

it("a surface and a listener that fail at the end of a turn hold up neither it nor the next one", async () => {
  await using world = await KernelWorld.start()
  const told: string[] = []
  const { kernel } = world
  kernel.add({
    name: "buggy",
    onFact: (fact) => (fact.kind === "turn.ended" ? bug() : undefined),
    onFault: bug,
  })
  kernel.add({ name: "sound", onFact: (fact) => void told.push(fact.kind) })
  kernel.live.subscribe((_, change) => (change.kind === "ended" ? bug() : undefined))
  const first = world.submits([
    { do: "accept" },
    { do: "wait", gate: "end" },
    { do: "end", text: "the answer" },
  ])
  await world.isIn("running", first)
  const second = world.submits([{ do: "accept" }, { do: "end", text: "the next answer" }])
  world.opens("end")
  await world.isIn("completed", first)
  await world.isIn("completed", second)
  expect(told.filter((kind) => kind === "turn.ended")).toHaveLength(2)
  const answers = world.ledger.facts.ofTurn(first, 1).map(({ fact }) => fact)
  expect(answers).toEqual([{ kind: "turn.ended", outcome: { kind: "completed", text: "the answer" } }])
})

it("what an agent did while no runtime was there happened then, not when it was heard of", async () => {
  await using world = await KernelWorld.start()
  const turn = world.submits([{ do: "accept" }, { do: "wait", gate: "end" }, { do: "end", text: "done" }])
  await world.isIn("running", turn)
  world.stops()
  world.opens("end")
  await world.until("the agent is done", () => world.transcript().some((line) => line.startsWith("ended")))
  world.restarts()
  await world.isIn("completed", turn)
  const [end] = world.ledger.facts.ofTurn(turn, 1)
  expect(world.turn(turn).endedAt).toBe(end?.at)
  expect(end?.recordedAt).toBeGreaterThan(end?.at ?? 0)
})
