import { describe, expect, it } from "vitest"
import { itemId, requestId } from "./ids.ts"

describe("ids from an agent's names", () => {
  it("keeps a name that fits", () => {
    expect(itemId("toolu_01")).toBe("toolu_01")
    expect(requestId("r".repeat(200))).toBe("r".repeat(200))
  })

  it.each(["", "x".repeat(201), "\ud800"])("hashes %j, always to the same", (name) => {
    expect(itemId(name)).toMatch(/^hash-[\w-]{43}$/)
    expect(itemId(name)).toBe(itemId(name))
  })

  it("tells long names with the same beginning apart", () => {
    const beginning = "x".repeat(300)
    expect(itemId(`${beginning}a`)).not.toBe(itemId(`${beginning}b`))
  })
})
