import { describe, expect, it } from "vitest"
import { formatAddress, laneOf, parseAddress, parseLane } from "./address.ts"

describe("an address", () => {
  it.each([
    ["5:42", { bot: 5, chat: 42, thread: null }],
    ["5:-1001234567890", { bot: 5, chat: -1001234567890, thread: null }],
    ["5:42:7", { bot: 5, chat: 42, thread: 7 }],
  ])("reads %s and writes it again", (text, address) => {
    expect(parseAddress(text)).toEqual(address)
    expect(formatAddress(address)).toBe(text)
  })

  it.each(["", "5", "5:", "5:x", "-5:42", "5:42:", "5:42:7:8", " 5:42", "5:42:-1"])("refuses %j", (text) => {
    expect(parseAddress(text)).toBeNull()
  })

  it("shares its lane with all topics of the chat", () => {
    const lane = laneOf({ bot: 5, chat: -42 })
    expect(lane).toBe("telegram:5:-42")
    expect(parseLane(lane)).toEqual({ bot: 5, chat: -42 })
    expect(parseLane("web:5:42")).toBeNull()
    expect(parseLane("telegram:5:ignored")).toBeNull()
  })
})
