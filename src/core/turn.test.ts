import { describe, expect, it } from "vitest"
import type { Failure, Outcome, TurnState } from "../protocol/session.ts"
import { afterAttempt, type Hold, nextInQueue, titleFrom } from "./turn.ts"

const turn = (state: TurnState, hold: Hold | null = null) => ({ state, hold })
const confirm: Hold = { kind: "confirm", sentAt: 0 }
const limit: Hold = { kind: "limit", until: 100, failure: { class: "usage_limit" } }

describe("nextInQueue", () => {
  it.each([
    ["nothing open", [], "idle"],
    ["one queued", [turn("queued")], "run"],
    ["one at work", [turn("running"), turn("queued")], "busy"],
    ["one being handed over", [turn("queued"), turn("dispatching")], "busy"],
    ["only one to confirm", [turn("queued", confirm)], "idle"],
    ["one to confirm before an ordinary one", [turn("queued", confirm), turn("queued")], "run"],
    ["a usage limit holds back later turns", [turn("queued", limit), turn("queued")], "wait"],
  ] as const)("%s", (_, open, kind) => {
    expect(nextInQueue(open, 50).kind).toBe(kind)
  })

  it("waits for no pause of our own that a clock set back made longer than any", () => {
    const retry = (failure: Failure): Hold => ({
      kind: "retry",
      until: 3_600_000,
      attempt: 2,
      of: 6,
      failure,
    })
    expect(nextInQueue([turn("queued", retry({ class: "capacity" }))], 0).kind).toBe("run")
    expect(nextInQueue([turn("queued", retry({ class: "capacity", resetsAt: 3_600_000 }))], 0).kind).toBe(
      "wait",
    )
  })

  it("runs a held turn once its time has come", () => {
    expect(nextInQueue([turn("queued", limit)], 100).kind).toBe("run")
  })
})

const failed = (failure: Extract<Outcome, { kind: "failed" }>["failure"]): Outcome => ({
  kind: "failed",
  failure,
  text: "",
})
const next = (outcome: Outcome, given: { attempts?: number; stopRequested?: boolean } = {}) =>
  afterAttempt({ outcome, attempts: 1, stopRequested: false, now: 1000, random: 0.5, ...given })

describe("afterAttempt", () => {
  it("ends with whatever is not a failure", () => {
    const outcome: Outcome = { kind: "completed", text: "done" }
    expect(next(outcome)).toEqual({ kind: "end", outcome })
  })

  it("holds the queue until a usage limit resets", () => {
    const result = next(failed({ class: "usage_limit", resetsAt: 5000 }))
    expect(result).toMatchObject({ kind: "hold", hold: { kind: "limit", until: 5000 } })
  })

  it("retries a passing failure later, and names the next attempt", () => {
    const result = next(failed({ class: "capacity" }))
    expect(result).toMatchObject({ kind: "hold", hold: { kind: "retry", attempt: 2 } })
    if (result.kind === "hold" && result.hold.kind === "retry")
      expect(result.hold.until).toBeGreaterThan(1000)
  })

  it("gives up at the bound", () => {
    expect(next(failed({ class: "capacity" }), { attempts: 99 }).kind).toBe("end")
  })

  it("does not retry what the owner stopped", () => {
    const result = next(failed({ class: "capacity" }), { stopRequested: true })
    expect(result).toMatchObject({ kind: "end", outcome: { kind: "stopped" } })
  })

  it("does not retry what cannot pass", () => {
    expect(next(failed({ class: "auth" })).kind).toBe("end")
  })
})

describe("titleFrom", () => {
  it.each([
    ["fix the build", "fix the build"],
    ["  first line \n second", "first line"],
    ["", ""],
    ["가".repeat(80), `${"가".repeat(59)}…`],
  ])("%j → %j", (text, title) => {
    expect(titleFrom(text)).toBe(title)
  })
})
