import { describe, expect, it, vi } from "vitest"
import { startDelivery } from "../../../test/fakes/delivery.ts"

const HOUR_MS = 3_600_000

describe("delivery, when the clock on the wall is set", { concurrent: true }, () => {
  it("goes on at its own pace when the clock on the wall is set back", async () => {
    await using world = await startDelivery()
    const burst = Array.from({ length: 15 }, (_, n) => world.text(`line ${n}`))
    await world.settled(burst.at(-1) ?? 0, "sent")
    world.clock.offsetMs = -HOUR_MS
    const id = world.text("the answer")
    await world.settled(id, "sent", 6_000)
  })

  it("repeats what failed when the clock on the wall was set back meanwhile", async () => {
    await using world = await startDelivery()
    world.clock.offsetMs = HOUR_MS
    const fault = world.rig.telegram.fault({ kind: "status", code: 502, method: "sendMessage", times: 3 })
    const id = world.text("the answer")
    await fault.hit()
    world.clock.offsetMs = 0
    await world.settled(id, "sent", 10_000)
  })

  it.each([
    ["set back", 9 * HOUR_MS, 0],
    ["set forward", 0, 9 * HOUR_MS],
  ])("waits no longer than a penalty lasts when the clock on the wall is %s", async (_, before, after) => {
    await using world = await startDelivery()
    world.clock.offsetMs = before
    const fault = world.rig.telegram.fault({
      ...{ kind: "status", code: 429, retryAfterSeconds: 2, method: "sendMessage" },
    })
    const held = world.text("held up")
    await fault.hit()
    await vi.waitFor(() => expect(world.row(held).state).toBe("pending"))
    world.clock.offsetMs = after
    await world.restart()
    await world.settled(held, "sent", 8_000)
  })
})
