import { describe, expect, it } from "vitest"
import { startWorld } from "../world.ts"

describe("a message from Telegram", () => {
  it("runs in the agent and comes back as an answer", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    await owner.says("hello there")
    await owner.sees("echo: hello there")
    expect(world.consumed().map(({ text }) => text)).toEqual(["hello there"])
    world.telegram.assertClean()
  })

  it("is answered once when the runtime dies while the agent works", async () => {
    await using world = await startWorld()
    const owner = world.owner()
    await owner.says("one [[hold a]]")
    await owner.seesDraft(/holding a/)
    await world.dies()
    world.releases("a")
    await world.starts()
    await owner.sees(/echo: one/)
    expect(world.consumed().filter(({ text }) => text.startsWith("one"))).toHaveLength(1)
    world.telegram.assertClean()
  })
})
