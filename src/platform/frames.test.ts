import { describe, expect, it } from "vitest"
import { MAX_FRAME_BYTES, MAX_MESSAGE_BYTES } from "../protocol/host-link.ts"
import { linesOf, readFrames } from "./frames.ts"

function carried(lines: readonly string[]): unknown[] {
  const frames: unknown[] = []
  const reader = readFrames((json) => frames.push(JSON.parse(json)))
  for (const line of lines) reader.push(Buffer.from(`${line}\n`))
  return frames
}

describe("a frame", () => {
  it("arrives as it was sent, and no line of it is longer than the limit, whatever it holds", () => {
    for (const unit of ["a", '"', "\\", "\n", "\u0001", "한", "😀", "\ud83d"]) {
      for (const length of [1, 100_000, 1_000_000]) {
        const frame = { type: "command", text: unit.repeat(length) }
        const json = JSON.stringify(frame)
        if (Buffer.byteLength(json) > MAX_MESSAGE_BYTES) continue
        const lines = linesOf(json)
        expect(Math.max(...lines.map((line) => Buffer.byteLength(line)))).toBeLessThanOrEqual(MAX_FRAME_BYTES)
        expect(carried([...lines, '{"type":"next"}'])).toEqual([frame, { type: "next" }])
      }
    }
  })

  it("without an end is refused before it fills the memory", () => {
    const part = JSON.stringify({ type: "part", last: false, data: "x".repeat(100_000) })
    expect(() => carried(Array.from({ length: 100 }, () => part))).toThrow("longer than")
  })
})
