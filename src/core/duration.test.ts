import { describe, expect, it } from "vitest"
import { formatDuration } from "./duration.ts"

describe("formatDuration", () => {
  it.each([
    [-5_000, "0s"],
    [0, "0s"],
    [999, "0s"],
    [42_900, "42s"],
    [60_000, "1m 00s"],
    [190_000, "3m 10s"],
    [3_599_999, "59m 59s"],
    [3_720_000, "1h 02m"],
    [86_399_000, "23h 59m"],
    [183_600_000, "2d 03h"],
  ])("%i ms is %s", (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})
