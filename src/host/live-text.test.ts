import { describe, expect, it } from "vitest"
import type { AttemptId, ProviderId, SessionId } from "../protocol/ids.ts"
import { LiveText } from "./live-text.ts"

const attempt = "00000000-0000-4000-8000-000000000001" as AttemptId
const spec = {
  ...{
    session: "S001" as SessionId,
    provider: "demo" as ProviderId,
    workspace: "/",
    nativeId: null,
    settings: {},
  },
}
const delta = (item: string, text: string) => ({ spec, attempt, item, channel: "message" as const, text })

function read(live: LiveText): string[] {
  const pieces: string[] = []
  for (let piece = live.next(); piece; piece = live.next())
    pieces.push(`${piece.item}@${piece.offset} ${piece.text}`)
  return pieces
}

describe("LiveText", () => {
  it("gives out what came since the last reading as one piece, per item", () => {
    const live = new LiveText()
    live.add(delta("a", "one "))
    live.add(delta("b", "x"))
    live.add(delta("a", "two"))
    expect(read(live)).toEqual(["a@0 one two", "b@0 x"])
    live.add(delta("a", "!"))
    expect(read(live)).toEqual(["a@7 !"])
    expect(read(live)).toEqual([])
  })

  it("gives a new reader all of it", () => {
    const live = new LiveText()
    live.add(delta("a", "one"))
    read(live)
    live.startOver()
    expect(read(live)).toEqual(["a@0 one"])
  })

  it("keeps the tail of a text that has grown long, with offsets that stay true", () => {
    const live = new LiveText()
    const kept = 256 * 1024
    for (let n = 0; n < 40; n++) live.add(delta("a", String(n % 10).repeat(100_000)))
    const piece = live.next()
    expect(piece?.text.length).toBe(kept)
    expect((piece?.offset ?? 0) + kept).toBe(4_000_000)
    live.add(delta("a", "end"))
    expect(live.next()).toMatchObject({ offset: 4_000_000, text: "end" })
  })

  it("forgets an item that ended, and all of an attempt that ended", () => {
    const live = new LiveText()
    for (const item of ["a", "b", "c"]) live.add(delta(item, item))
    live.drop(attempt, "a")
    expect(read(live)).toEqual(["b@0 b", "c@0 c"])
    live.startOver()
    live.drop(attempt, null)
    expect(read(live)).toEqual([])
  })
})
