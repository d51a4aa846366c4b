import fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type Call,
  decide,
  decideAll,
  initialMeter,
  type Meter,
  type MeterKind,
  type Priority,
  penalise,
  resumedMeter,
  spend,
} from "./meter.ts"

const T = 1_000_000

function spent(kind: MeterKind, calls: readonly Call[], at = T): Meter {
  return calls.reduce((meter, call) => spend(meter, call, at), initialMeter(kind))
}

function times(count: number, priority: Priority): readonly Call[] {
  return Array.from({ length: count }, () => ({ priority }))
}

describe("decide", () => {
  const cases: readonly (readonly [what: string, meter: Meter, call: Call, now: number, expected: object])[] =
    [
      ["a fresh chat takes anything", initialMeter("private"), { priority: "final" }, T, { kind: "send" }],
      ["a fresh chat takes a draft", initialMeter("private"), { priority: "draft" }, T, { kind: "send" }],
      ["a group takes no drafts", initialMeter("group"), { priority: "draft" }, T, { kind: "shed" }],
      [
        "drafts keep their distance",
        spent("private", times(1, "draft")),
        { priority: "draft" },
        T + 1_000,
        { kind: "wait", until: T + 1_200 },
      ],
      [
        "drafts go on after it",
        spent("private", times(1, "draft")),
        { priority: "draft" },
        T + 1_200,
        { kind: "send" },
      ],
      [
        "status edits keep theirs",
        spent("private", times(1, "status")),
        { priority: "status" },
        T + 2_999,
        { kind: "wait", until: T + 3_000 },
      ],
      [
        "a draft does not delay a status",
        spent("private", times(1, "draft")),
        { priority: "status" },
        T,
        { kind: "send" },
      ],
      [
        "cosmetics leave the reserve",
        spent("private", times(10, "final")),
        { priority: "status" },
        T,
        { kind: "shed" },
      ],
      ["finals may use it", spent("private", times(14, "final")), { priority: "final" }, T, { kind: "send" }],
      [
        "an empty chat makes finals wait a second",
        spent("private", times(15, "final")),
        { priority: "final" },
        T,
        { kind: "wait", until: T + 1_000 },
      ],
      [
        "the wait is over when it says",
        spent("private", times(15, "final")),
        { priority: "final" },
        T + 1_000,
        { kind: "send" },
      ],
      [
        "an empty group makes requests wait",
        spent("group", times(6, "final")),
        { priority: "request" },
        T,
        { kind: "wait", until: T + 4_286 },
      ],
      [
        "an album needs room for all",
        spent("private", times(10, "final")),
        { priority: "final", count: 10 },
        T,
        { kind: "wait", until: T + 5_000 },
      ],
      [
        "an album beyond the burst goes out on a full one",
        initialMeter("group"),
        { priority: "final", count: 10 },
        T,
        { kind: "send" },
      ],
      [
        "nothing enters a penalty",
        penalise(initialMeter("private"), 10, T),
        { priority: "answer" },
        T + 10_000,
        { kind: "wait", until: T + 10_250 },
      ],
      [
        "cosmetics are shed in a penalty",
        penalise(initialMeter("private"), 10, T),
        { priority: "draft" },
        T + 1,
        { kind: "shed" },
      ],
      [
        "a final goes first after it",
        penalise(initialMeter("private"), 10, T),
        { priority: "final" },
        T + 10_250,
        { kind: "send" },
      ],
      [
        "cosmetics wait for the reserve after it",
        penalise(initialMeter("private"), 10, T),
        { priority: "status" },
        T + 10_250,
        { kind: "shed" },
      ],
      [
        "a shorter penalty does not shorten a longer",
        penalise(penalise(initialMeter("private"), 60, T), 1, T),
        { priority: "final" },
        T + 2_000,
        { kind: "wait", until: T + 60_250 },
      ],
      [
        "a clock set back gives nothing away",
        spent("private", times(15, "final")),
        { priority: "final" },
        T - 60_000,
        { kind: "wait", until: T - 59_000 },
      ],
    ]
  it.each(cases)("%s", (_what, meter, call, now, expected) => {
    expect(decide(meter, call, now)).toEqual(expected)
  })

  it("keeps cosmetics four times as far apart for a minute after a penalty", () => {
    const calm = T + 10_250
    const meter = spend(penalise(initialMeter("private"), 10, T), { priority: "status" }, calm + 20_000)
    expect(decide(meter, { priority: "status" }, calm + 25_000)).toEqual({
      kind: "wait",
      until: calm + 32_000,
    })
    const later = spend(meter, { priority: "status" }, calm + 60_000)
    expect(decide(later, { priority: "status" }, calm + 63_000)).toEqual({ kind: "send" })
  })
})

describe("decideAll", () => {
  const empty = spent("private", times(15, "final"))
  it.each([
    ["all let pass", [initialMeter("private"), initialMeter("bot")], "final", { kind: "send" }],
    [
      "the longest wait counts",
      [empty, penalise(initialMeter("bot"), 3, T)],
      "final",
      { kind: "wait", until: T + 3_250 },
    ],
    [
      "one that sheds is enough",
      [initialMeter("private"), spent("bot", times(4, "final"))],
      "status",
      { kind: "shed" },
    ],
  ] as const)("%s", (_what, meters, priority, expected) => {
    expect(decideAll(meters, { priority }, T)).toEqual(expected)
  })
})

describe("a lane that obeys the meter", () => {
  const priorities = fc.constantFrom<Priority>("answer", "request", "final", "status", "draft")
  const limits: readonly (readonly [MeterKind, windowMs: number, most: number])[] = [
    ["private", 1_000, 16],
    ["private", 60_000, 75],
    ["group", 60_000, 20],
    ["bot", 1_000, 30],
  ]
  it.each(limits)("%s: in any %i ms at most %i messages", (kind, windowMs, most) => {
    const pauses = fc.array(fc.tuple(priorities, fc.integer({ min: 0, max: 900 })), {
      minLength: 60,
      maxLength: 150,
    })
    fc.assert(
      fc.property(pauses, (calls) => {
        const sent = sentBy(kind, calls)
        for (const at of sent) {
          expect(sent.filter((other) => other >= at && other < at + windowMs).length).toBeLessThanOrEqual(
            most,
          )
        }
      }),
      { numRuns: 40 },
    )
  })
})

/** Sends as early as the meter allows; returns when. */
function sentBy(kind: MeterKind, calls: readonly (readonly [Priority, number])[]): readonly number[] {
  const sent: number[] = []
  let meter = initialMeter(kind)
  let now = T
  for (const [priority, pause] of calls) {
    now += pause < 600 ? 0 : pause
    let decision = decide(meter, { priority }, now)
    if (decision.kind === "wait") {
      now = decision.until
      decision = decide(meter, { priority }, now)
      expect(decision.kind).not.toBe("wait")
    }
    if (decision.kind !== "send") continue
    meter = spend(meter, { priority }, now)
    sent.push(now)
  }
  return sent
}

describe("a meter after a restart", () => {
  const calls = (count: number, everyMs: number) =>
    Array.from({ length: count }, (_, index) => ({
      priority: "final" as const,
      at: 100_000 + index * everyMs,
    }))

  it("remembers a burst that was just sent", () => {
    const meter = resumedMeter("private", calls(10, 0), 100_000)
    expect(decide(meter, { priority: "final" }, 100_000).kind).toBe("wait")
    expect(decide(meter, { priority: "final" }, 101_000).kind).toBe("send")
  })

  it("does not hold against the chat what was sent at the sustained rate", () => {
    const meter = resumedMeter("private", calls(60, 1_000), 160_000)
    expect(decide(meter, { priority: "final" }, 160_000).kind).toBe("send")
  })

  it("never makes a final wait for more than seconds, however much is counted", () => {
    const decision = decide(resumedMeter("private", calls(500, 0), 100_000), { priority: "final" }, 100_000)
    expect(decision.kind === "wait" && decision.until - 100_000).toBeLessThanOrEqual(6_000)
  })

  it("shows nothing in passing at once", () => {
    expect(
      decide(resumedMeter("private", calls(1, 0), 100_000), { priority: "draft" }, 100_000).kind,
    ).not.toBe("send")
  })
})
