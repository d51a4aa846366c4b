import { describe, expect, it } from "vitest"
import { BoundedText, boundText, MAX_TEXT } from "./bounded-text.ts"

describe("BoundedText", () => {
  it("keeps what fits, however it arrives", () => {
    const text = new BoundedText()
    for (const part of ["a", "b".repeat(MAX_TEXT - 2), "c"]) text.append(part)
    expect(text.value()).toEqual({ text: `a${"b".repeat(MAX_TEXT - 2)}c`, truncated: false })
  })

  it("leaves out the middle and says how much", () => {
    const { text, truncated } = boundText(`begin${"x".repeat(MAX_TEXT)}end`)
    expect(truncated).toBe(true)
    expect(text.startsWith("begin")).toBe(true)
    expect(text.endsWith("end")).toBe(true)
    expect(text).toContain("… 8 characters left out …")
  })

  it("gives the same for one piece and for many", () => {
    const whole = "0123456789".repeat(20_000)
    const pieces = new BoundedText()
    for (let at = 0; at < whole.length; at += 777) pieces.append(whole.slice(at, at + 777))
    expect(pieces.value()).toEqual(boundText(whole))
  })

  it("never cuts a character in half", () => {
    for (const prefix of ["", "x", "xy", "xyz"]) {
      expect(boundText(prefix + "😀".repeat(MAX_TEXT)).text.isWellFormed()).toBe(true)
    }
  })
})
