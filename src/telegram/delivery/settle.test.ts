import { describe, expect, it } from "vitest"
import { bold, plain } from "../rendering/rich.ts"
import type { SendFailure } from "../wire/call-error.ts"
import type { Payload } from "./payload.ts"
import { type Attempted, type Settlement, settle } from "./settle.ts"

const to = { bot: 5, chat: 42, thread: null }
const topic = { ...to, thread: 7 }
const text: Payload = { kind: "text", to, rich: plain("hi") }
const edit: Payload = { kind: "edit", to, target: { key: "k" }, rich: plain("hi") }
const tap: Payload = { kind: "tap", bot: 5, queryId: "1" }
const photo: Payload = { kind: "file", to, path: "/x.png", name: "x.png", as: "photo" }

const unknown: SendFailure = { kind: "ambiguous", detail: "timeout" }
const rejected = (description: string): SendFailure => ({ kind: "rejected", description })

function outcomeOf(failure: SendFailure, payload: Payload, given: Partial<Attempted> = {}): Settlement {
  const row = { priority: "final", ambiguous: 0 } as const
  const place = { sessionTag: "S001 · ", isPrivate: true }
  return settle({ row, payload, ...place, wasCut: false, unreached: 1, ...given }, failure)
}

const BLOCKED = "Forbidden: bot was blocked by the user"

describe("after a failed call", () => {
  it.each<[string, Settlement["kind"], SendFailure, Payload]>([
    ["a 429 is waited out", "retry", { kind: "flood", retryAfterSeconds: 3 }, text],
    ["without a connection the chat waits", "pause", { kind: "unreachable", detail: "ECONNREFUSED" }, text],
    ["with a revoked token the chat waits", "pause", { kind: "revoked", description: "Unauthorized" }, text],
    ["a final of unknown outcome is repeated", "retry", unknown, text],
    ["an edit of unknown outcome is repeated", "retry", unknown, edit],
    ["for an owner who blocked the bot it waits", "pause", { kind: "blocked", description: BLOCKED }, text],
    ["for an owner who never opened it, too", "pause", rejected("Bad Request: chat not found"), text],
    [
      "an unchanged message is as it should be",
      "done",
      rejected("Bad Request: message is not modified: x"),
      edit,
    ],
    ["a vanished message needs no edit", "drop", rejected("Bad Request: message to edit not found"), edit],
    [
      "an old tap needs no answer",
      "drop",
      rejected("Bad Request: query is too old and response timeout"),
      tap,
    ],
    ["a plain text that is refused fails", "fail", rejected("Bad Request: message is too long"), text],
  ])("%s", (_name, kind, failure, payload) => {
    expect(outcomeOf(failure, payload).kind).toBe(kind)
  })

  it("fails in a group that does not have the bot any more", () => {
    const given = { isPrivate: false }
    expect(outcomeOf({ kind: "blocked", description: "x" }, text, given).kind).toBe("fail")
    expect(outcomeOf(rejected("Bad Request: chat not found"), text, given).kind).toBe("fail")
  })

  it("says so when a repeat may be a duplicate, and only then", () => {
    expect(outcomeOf(unknown, text)).toMatchObject({ ambiguous: true })
    expect(outcomeOf({ kind: "flood", retryAfterSeconds: 3 }, text)).toMatchObject({
      ambiguous: false,
      delayMs: 3000,
    })
  })

  it("never gives a final or a request up because its outcome stays unknown", () => {
    for (const priority of ["answer", "request", "final"] as const) {
      const settlement = outcomeOf(unknown, text, { row: { priority, ambiguous: 50 } })
      expect(settlement).toMatchObject({ kind: "retry", delayMs: 60_000 })
    }
  })

  it("gives status up: a text at once, an edit after some tries", () => {
    expect(outcomeOf(unknown, text, { row: { priority: "status", ambiguous: 0 } }).kind).toBe("drop")
    expect(outcomeOf(unknown, edit, { row: { priority: "status", ambiguous: 0 } }).kind).toBe("retry")
    expect(outcomeOf(unknown, edit, { row: { priority: "status", ambiguous: 3 } }).kind).toBe("drop")
  })

  it("waits longer each time it cannot connect, never above three seconds", () => {
    const delays = [1, 2, 3, 20].map((unreached) => {
      const settlement = outcomeOf({ kind: "unreachable", detail: "x" }, text, { unreached })
      return settlement.kind === "pause" ? settlement.delayMs : null
    })
    expect(delays).toEqual([100, 200, 400, 3000])
  })

  it("repeats at once what its own restart cut off", () => {
    expect(outcomeOf(unknown, text, { wasCut: true })).toMatchObject({
      kind: "retry",
      delayMs: 0,
      ambiguous: true,
    })
  })
})

describe("after a refusal, the safer form", () => {
  const rewritten = (payload: Payload, description: string): Payload | null => {
    const settlement = outcomeOf(rejected(description), payload)
    return settlement.kind === "rewrite" ? settlement.payload : null
  }

  it("drops the formatting once", () => {
    const styled: Payload = { kind: "text", to, rich: bold("hi") }
    const safer = rewritten(styled, "Bad Request: can't parse entities")
    expect(safer).toEqual({ ...styled, rich: { text: "hi", entities: [] } })
    expect(rewritten(safer ?? styled, "Bad Request: can't parse entities")).toBeNull()
  })

  it("goes to the flat chat under the session's name, formatting kept in place", () => {
    const inTopic: Payload = { kind: "text", to: topic, rich: bold("hi") }
    const settlement = outcomeOf(rejected("Bad Request: message thread not found"), inTopic)
    expect(settlement).toMatchObject({
      kind: "rewrite",
      topicGone: true,
      payload: { to, rich: { text: "S001 · hi", entities: [{ type: "bold", offset: 7, length: 2 }] } },
    })
  })

  it("keeps a full text whole rather than naming the session", () => {
    const full: Payload = { kind: "text", to: topic, rich: plain("x".repeat(4096)) }
    const safer = rewritten(full, "Bad Request: message thread not found")
    expect(safer).toEqual({ ...full, to })
  })

  it("drops only the buttons that Telegram refuses", () => {
    const buttons = [
      [
        { label: "Allow", action: "a" },
        { label: "Open", url: "http://localhost" },
      ],
    ]
    const safer = rewritten({ ...text, buttons }, "Bad Request: inline keyboard button URL is invalid")
    expect(safer).toMatchObject({ buttons: [[{ label: "Allow", action: "a" }]] })
  })

  it("sends a picture that Telegram cannot read as a file", () => {
    expect(rewritten(photo, "Bad Request: PHOTO_INVALID_DIMENSIONS")).toEqual({ ...photo, as: "document" })
  })

  it("tells that a topic is gone when it cannot be renamed", () => {
    const rename: Payload = { kind: "topic_edit", to: topic, name: "x" }
    expect(outcomeOf(rejected("Bad Request: message thread not found"), rename)).toMatchObject({
      kind: "drop",
      topicGone: true,
    })
  })
})
