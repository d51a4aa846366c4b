import { describe, expect, it } from "vitest"
import { parseTarget } from "./trace-target.ts"

describe("what a message may be called by", () => {
  it.each([
    ["42/7", { kind: "telegram", bot: null, chat: 42, message: "7" }],
    ["-1001234/7", { kind: "telegram", bot: null, chat: -1001234, message: "7" }],
    ["99:42/7", { kind: "telegram", bot: 99, chat: 42, message: "7" }],
    ["https://t.me/c/1234/7", { kind: "telegram", bot: null, chat: -1001234, message: "7" }],
    ["https://t.me/c/1234/5/7?single", { kind: "telegram", bot: null, chat: -1001234, message: "7" }],
    ["https://t.me/somebody/7", { kind: "id", id: "https://t.me/somebody/7" }],
    ["cli:1/2", { kind: "id", id: "cli:1/2" }],
    ["", { kind: "id", id: "" }],
  ])("%s", (text, target) => {
    expect(parseTarget(text)).toEqual(target)
  })
})
