import { describe, expect, it, vi } from "vitest"
import { startDelivery } from "../../../test/fakes/delivery.ts"
import type { SessionId } from "../../protocol/ids.ts"
import type { Payload } from "./payload.ts"

describe("a file of a session", { concurrent: true }, () => {
  it("sends a file that a row names as what it becomes, and goes on meanwhile", async () => {
    await using world = await startDelivery()
    const fetched = Promise.withResolvers<() => Payload>()
    world.unpack = () => fetched.promise
    await world.restart()
    const session = "S007" as SessionId
    const path = "/elsewhere/report.txt"
    const named = world.owe({ kind: "named_file", to: world.to, session, path, allowed: null })
    await world.settled(world.text("meanwhile"), "sent")
    const file = { kind: "file", to: world.to, name: "report.txt", as: "document" } as const
    fetched.resolve(() => ({ ...file, text: "all is well" }))
    await world.settled(named, "sent")
    const message = await world.chat.sees(({ document }) => document?.file_name === "report.txt")
    expect(world.chat.downloads(message).toString()).toBe("all is well")
  })

  it("asks again for a file whose machine could not be asked, and stops in the middle of one", async () => {
    await using world = await startDelivery()
    const session = "S007" as SessionId
    const named = world.owe({ kind: "named_file", to: world.to, session, path: "/x", allowed: null })
    await vi.waitFor(() => expect(world.row(named).error).toMatch(/cannot be asked/))
    expect(world.row(named).notBefore).toBeGreaterThan(Date.now())
    const begun = Promise.withResolvers<void>()
    let aborted = false
    world.unpack = (_, __, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => {
          aborted = true
          reject(signal.reason)
        })
        begun.resolve()
      })
    await world.restart()
    world.owe({ kind: "named_file", to: world.to, session, path: "/y", allowed: null })
    await begun.promise
    await world.lanes.stop()
    expect(aborted).toBe(true)
  })
})
