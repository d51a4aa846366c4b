import { describe, expect, it } from "vitest"
import type { SessionId, TurnId } from "../protocol/ids.ts"
import type { Item } from "../protocol/session.ts"
import { type LiveChange, LiveTurns } from "./live.ts"

const turn = "00000000-0000-4000-8000-000000000001" as TurnId
const session = "S001" as SessionId

function write(live: LiveTurns, offset: number, text: string): string | undefined {
  live.text(turn, session, { item: "m", channel: "message", offset, text })
  return live.find(turn)?.texts.get("m")?.text
}

describe("live text", () => {
  it("grows where it left off, and starts over at 0", () => {
    const live = new LiveTurns()
    expect(write(live, 0, "Hello")).toBe("Hello")
    expect(write(live, 5, " there")).toBe("Hello there")
    expect(write(live, 0, "Again")).toBe("Again")
  })

  it("knows only what follows a gap", () => {
    const live = new LiveTurns()
    write(live, 0, "Hello")
    expect(write(live, 500, "later")).toBe("later")
    expect(write(live, 505, " on")).toBe("later on")
  })

  it("stays bounded however much is written", () => {
    const live = new LiveTurns()
    const piece = "x".repeat(50_000)
    for (let index = 0; index < 20; index += 1) write(live, index * piece.length, piece)
    expect(write(live, 20 * piece.length, "end")?.length).toBe(64 * 1024)
    expect(live.find(turn)?.texts.get("m")?.text.endsWith("end")).toBe(true)
  })
})

describe("live turns", () => {
  const item = (id: string, status: Item["status"] = "completed") =>
    ({ id, kind: "message", status, text: id }) as Item

  it("lets go of the text of an item that is finished, and of the turn when it ends", () => {
    const live = new LiveTurns()
    const heard: LiveChange["kind"][] = []
    live.subscribe((_, change) => heard.push(change.kind))
    write(live, 0, "Hello")
    live.item(turn, session, item("m"))
    expect(live.find(turn)?.texts.size).toBe(0)
    live.end(turn)
    expect(live.find(turn)).toBeNull()
    expect(heard).toEqual(["text", "item", "ended"])
  })

  it("keeps the newest of many items", () => {
    const live = new LiveTurns()
    for (let index = 0; index < 150; index += 1) live.item(turn, session, item(`i${index}`))
    const kept = [...(live.find(turn)?.items.keys() ?? [])]
    expect(kept).toHaveLength(100)
    expect(kept.at(-1)).toBe("i149")
  })
})

it("tells every listener, also after one that fails", () => {
  const faults: string[] = []
  const live = new LiveTurns((fault) => faults.push(String(fault)))
  const seen: LiveChange["kind"][] = []
  live.subscribe(() => {
    throw new TypeError("a renderer's bug")
  })
  live.subscribe((_, change) => seen.push(change.kind))
  write(live, 0, "Hello")
  live.end(turn)
  expect([seen, faults.length]).toEqual([["text", "ended"], 2])
})
