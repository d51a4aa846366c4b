import type { Message } from "grammy/types"
import { describe, expect, it } from "vitest"
import { type Arrival, gather } from "./gather.ts"

const arrival = (message: Partial<Message> | undefined, receivedAt = 0): Arrival => ({
  message: message as Message | undefined,
  receivedAt,
})
const text = (value: string, at = 0, date = 7) => arrival({ text: value, date }, at)
const forward = (at = 0, date = 7) =>
  arrival({ text: "theirs", date, forward_origin: {} as Message["forward_origin"] & object }, at)
const photo = (album: string, at = 0) => arrival({ media_group_id: album }, at)
const long = "x".repeat(4096)

describe("gather", () => {
  it.each([
    ["an ordinary message", [text("hi")], { kind: "ready", count: 1 }],
    ["two ordinary messages stay two", [text("a"), text("b")], { kind: "ready", count: 1 }],
    ["a tap", [arrival(undefined)], { kind: "ready", count: 1 }],
    ["an album that may grow", [photo("a", 100)], { kind: "wait", until: 700 }],
    [
      "an album followed by another message",
      [photo("a"), photo("a"), text("b")],
      { kind: "ready", count: 2 },
    ],
    ["two albums", [photo("a"), photo("b")], { kind: "ready", count: 1 }],
    ["a cut paste waits for its rest", [text(long, 100)], { kind: "wait", until: 1300 }],
    ["a paste with its rest", [text(long), text("end", 100)], { kind: "ready", count: 2 }],
    [
      "a long message and what was written after it",
      [text(long), text("and?", 100, 9)],
      { kind: "ready", count: 1 },
    ],
    ["a long command with its rest", [text(`/steer ${long}`), text("end", 100)], { kind: "ready", count: 2 }],
    ["what is forwarded may go on", [forward(100)], { kind: "wait", until: 700 }],
    [
      "several forwarded with a comment",
      [text("fix these"), forward(), forward(), text("later", 0, 9)],
      { kind: "ready", count: 3 },
    ],
    ["a comment does not wait for what may be forwarded", [text("fix these")], { kind: "ready", count: 1 }],
    ["a message, and something forwarded later", [text("hi"), forward(0, 9)], { kind: "ready", count: 1 }],
    ["a command before something forwarded", [text("/stop"), forward()], { kind: "ready", count: 1 }],
    ["a command does not continue a paste", [text(long), text("/stop", 100)], { kind: "ready", count: 1 }],
  ] as const)("%s", (_, arrivals, expected) => {
    expect(gather(arrivals, 100)).toEqual(expected)
  })

  it("takes an album once it has been quiet", () => {
    expect(gather([photo("a", 100), photo("a", 200)], 800)).toEqual({ kind: "ready", count: 2 })
  })
})
