import { describe, expect, it } from "vitest"
import { plain } from "../rendering/rich.ts"
import { type Cosmetic, type CosmeticKind, Slot } from "./cosmetic.ts"

const to = { bot: 5, chat: 42, thread: null }
const draft = (text: string): Cosmetic => ({ kind: "draft", draftId: 1, rich: plain(text) })

function slotOf(kind: CosmeticKind, render: () => Cosmetic | null): Slot {
  return new Slot({ to, slot: "s", kind, render })
}

describe("a slot", () => {
  it("is due at once, then a second after each frame, and before a draft fades", () => {
    const slot = slotOf("draft", () => draft("one"))
    expect(slot.dueAt).toBe(0)
    const frame = slot.frame(1000)
    if (frame) slot.shown(frame, 1000)
    expect(slot.dueAt).toBe(23_000)
    slot.update({ ...slot.show, render: () => draft("two") })
    expect(slot.dueAt).toBe(2000)
  })

  it("sends an unchanged draft only to keep it alive", () => {
    const slot = slotOf("draft", () => draft("same"))
    slot.shown(draft("same"), 1000)
    slot.update(slot.show)
    expect(slot.frame(2000)).toBeNull()
    expect(slot.frame(23_000)).toEqual(draft("same"))
  })

  it("keeps the typing alive and leaves a card as it is", () => {
    const typing = slotOf("typing", () => ({ kind: "typing" }))
    const first = typing.frame(0)
    if (first) typing.shown(first, 0)
    expect(typing.dueAt).toBe(4500)
    const edit: Cosmetic = { kind: "edit", target: { key: "c" }, rich: plain("card") }
    const card = slotOf("edit", () => edit)
    const frame = card.frame(0)
    if (frame) card.shown(frame, 0)
    expect(card.dueAt).toBeNull()
  })

  it("asks again later when there is nothing to show", () => {
    const slot = slotOf("draft", () => null)
    expect(slot.frame(1000)).toBeNull()
    expect(slot.dueAt).toBeNull()
    slot.update(slot.show)
    expect(slot.dueAt).toBe(2000)
  })

  it("shows the newest state after it was postponed", () => {
    const slot = slotOf("draft", () => draft("old"))
    expect(slot.frame(0)).toEqual(draft("old"))
    slot.postpone(5000)
    slot.update({ ...slot.show, render: () => draft("new") })
    expect(slot.dueAt).toBe(5000)
    expect(slot.frame(5000)).toEqual(draft("new"))
  })
})
