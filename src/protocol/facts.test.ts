import { describe, expect, it } from "vitest"
import { endsTurn, FactRecord } from "./facts.ts"

const turn = "00000000-0000-4000-8000-000000000001"
const record = { stream: "S001", seq: 7, turn, attempt: null, at: 1, recordedAt: 2 }

describe("a fact's record", () => {
  it("is read back as it was written", () => {
    const prompt = {
      text: "look",
      files: [{ path: "/a.png", name: "a.png", mediaType: "image/png", size: 3 }],
    }
    const queued = {
      ...{ kind: "turn.queued", origin: "owner", prompt, from: "telegram", clientId: null },
      ...{ hold: null, behind: null },
    }
    expect(FactRecord.parse({ ...record, fact: queued })).toEqual({ ...record, fact: queued })
  })

  it.each([{ kind: "turn.admired", stars: 5 }, { kind: "turn.steered", into: 12 }, "nonsense"])(
    "keeps its place when this reader does not know what it says: %j",
    (fact) => {
      expect(FactRecord.parse({ ...record, fact })).toEqual({ ...record, fact: null })
    },
  )

  it("belongs to a session or to the machine", () => {
    const fact = { kind: "limits.changed", provider: "codex", limits: [{ name: "5h", usedPercent: 3 }] }
    expect(FactRecord.parse({ ...record, stream: "machine", turn: null, fact }).stream).toBe("machine")
    expect(() => FactRecord.parse({ ...record, stream: "everything", fact })).toThrow(/stream/)
  })
})

it("ends a turn by an outcome, by being dropped, or by becoming part of another", () => {
  const outcome = { kind: "completed", text: "" } as const
  expect(endsTurn({ kind: "turn.ended", outcome })).toBe(true)
  expect(endsTurn({ kind: "turn.dropped", held: null })).toBe(true)
  expect(
    endsTurn({ kind: "turn.held", hold: { kind: "limit", until: 9, failure: { class: "capacity" } } }),
  ).toBe(false)
})
