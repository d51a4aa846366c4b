import { describe, expect, it, vi } from "vitest"
import { startDelivery } from "../../../test/fakes/delivery.ts"
import { plain } from "../rendering/rich.ts"

describe("what is shown in passing", { concurrent: true }, () => {
  it("streams the newest draft, at least a second apart, with a Stop button", async () => {
    await using world = await startDelivery()
    let words = "one"
    const render = () => ({ kind: "draft", draftId: 7, rich: plain(words) }) as const
    const show = () => world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    show()
    await world.chat.seesDraft("one")
    for (words of ["two", "three", "four"]) show()
    const draft = await world.chat.seesDraft("four")
    expect(draft.canStop).toBe(true)
    const frames = world.rig.telegram.calls.filter((call) => call.method === "sendMessageDraft")
    expect(frames.map((call) => call.args.text)).toEqual(["one", "four"])
    world.rig.telegram.assertClean()
  })

  it("shows nothing more once forgotten, and the final comes at once", async () => {
    await using world = await startDelivery()
    const render = () => ({ kind: "draft", draftId: 7, rich: plain("thinking") }) as const
    world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    await world.chat.seesDraft("thinking")
    world.lanes.show({
      to: world.to,
      slot: "turn",
      kind: "draft",
      render: () => ({ ...render(), rich: plain("late") }),
    })
    world.lanes.forget("turn")
    await world.settled(world.text("the answer"), "sent")
    await new Promise((resolve) => setTimeout(resolve, 1500))
    expect(world.chat.draft()).toBeUndefined()
    const frames = world.rig.telegram.calls.filter((call) => call.method === "sendMessageDraft")
    expect(frames).toHaveLength(1)
  })

  it("sheds drafts during their penalty while the final passes", async () => {
    await using world = await startDelivery()
    world.rig.telegram.fault({
      ...{ kind: "status", code: 429, retryAfterSeconds: 3, method: "sendMessageDraft" },
    })
    let frame = 0
    const render = () => ({ kind: "draft", draftId: 7, rich: plain(`frame ${++frame}`) }) as const
    world.lanes.show({ to: world.to, slot: "turn", kind: "draft", render })
    await world.rig.telegram.seesCalls("sendMessageDraft")
    const started = Date.now()
    await world.settled(world.text("the answer"), "sent")
    expect(Date.now() - started).toBeLessThan(1000)
    await world.chat.seesDraft(/frame/)
    expect(Date.now() - started).toBeGreaterThanOrEqual(2900)
    expect(world.rig.telegram.penaltyViolations()).toEqual([])
  })

  it("edits a card by the key of its row and tells when frames are refused", async () => {
    await using world = await startDelivery()
    world.text("card v1", { key: "card", priority: "status" })
    const target = { key: "card" }
    const render = () => ({ kind: "edit", target, rich: plain("card v2") }) as const
    world.lanes.show({ to: world.to, slot: "card", kind: "edit", render })
    await world.chat.sees("card v2")
    const draft = () => ({ kind: "draft", draftId: 1, rich: plain("x") }) as const
    world.rig.telegram.fault({ kind: "status", code: 400, method: "sendMessageDraft" })
    world.lanes.show({ to: world.to, slot: "draft", kind: "draft", render: draft })
    await vi.waitFor(() => expect(world.heard.refusedSlots).toEqual(["draft"]))
  })
})
