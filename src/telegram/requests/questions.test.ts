import { describe, expect, it } from "vitest"
import { choose, finish, NOT_BEGUN, type QuestionsBody, write } from "./questions.ts"

const question = (id: string, multiple = false) => ({
  id,
  text: `${id}?`,
  options: [{ label: "red" }, { label: "blue" }],
  multiple,
  freeText: true,
})
const one: QuestionsBody = { kind: "question", questions: [question("colour")] }
const two: QuestionsBody = { kind: "question", questions: [question("first", true), question("second")] }

describe("answering questions", () => {
  it("is complete with one tap on a single choice", () => {
    expect(choose(one, NOT_BEGUN, { question: 0, option: 1 })).toEqual({
      kind: "complete",
      answers: { colour: ["blue"] },
    })
  })

  it("switches options on and off where several may be chosen, and goes on when done", () => {
    const on = choose(two, NOT_BEGUN, { question: 0, option: 0 })
    if (on.kind !== "more") throw new Error("expected more")
    const both = choose(two, on.answering, { question: 0, option: 1 })
    if (both.kind !== "more") throw new Error("expected more")
    const off = choose(two, both.answering, { question: 0, option: 0 })
    if (off.kind !== "more") throw new Error("expected more")
    expect(off.answering.given).toEqual({ first: ["blue"] })
    const next = finish(two, off.answering, 0)
    if (next.kind !== "more") throw new Error("expected more")
    expect(next.answering.index).toBe(1)
    expect(write(two, next.answering, "green")).toEqual({
      kind: "complete",
      answers: { first: ["blue"], second: ["green"] },
    })
  })

  it("does not go on without an answer", () => {
    expect(finish(two, NOT_BEGUN, 0)).toEqual({ kind: "more", answering: NOT_BEGUN })
  })

  it("refuses taps on a question that is not asked now", () => {
    expect(choose(two, NOT_BEGUN, { question: 1, option: 0 }).kind).toBe("stale")
    expect(finish(two, { index: 1, given: {} }, 0).kind).toBe("stale")
    expect(choose(one, NOT_BEGUN, { question: 0, option: 9 }).kind).toBe("stale")
  })
})
