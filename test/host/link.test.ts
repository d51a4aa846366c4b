import { describe, expect, it } from "vitest"
import { World } from "./world.ts"

const reply = [
  { do: "accept" },
  { do: "item", id: "a", status: "completed", text: "hi" },
  { do: "end", text: "done" },
] as const

describe("the host link", () => {
  it("runs a turn and tells what happened in order", async () => {
    await using world = new World()
    const reader = await world.connects()
    const attempt = await world.starts(reader, reply)
    await reader.sees(attempt, "attempt.ended")
    expect(reader.events.map(({ event }) => event.kind)).toEqual([
      ...["session.changed", "attempt.accepted", "item", "attempt.ended"],
    ])
  })
})
