import { describe, expect, it } from "vitest"
import { editDistance, nearest } from "./nearest.ts"

describe("the nearest name", () => {
  const known = ["start", "stop", "status", "TELEGRAM_BOT_TOKEN", "DATA_DIR"]

  it.each([
    ["statsu", "status"],
    ["strat", "start"],
    ["STOP", "stop"],
    ["TELEGRAM_BOT_TOKE", "TELEGRAM_BOT_TOKEN"],
    ["TELEGRM_BOT_TOKN", "TELEGRAM_BOT_TOKEN"],
    ["DATADIR", "DATA_DIR"],
    ["frobnicate", null],
    ["XDG_DATA_DIRS", null],
    ["", null],
  ])("of %s is %s", (name, expected) => {
    expect(nearest(name, known)).toBe(expected)
  })

  it("counts a swap of neighbours as one slip", () => {
    expect([editDistance("ab", "ba"), editDistance("ca", "abc"), editDistance("", "abc")]).toEqual([1, 3, 3])
  })
})
