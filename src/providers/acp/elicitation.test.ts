import { describe, expect, it } from "vitest"
import { formQuestions, formResponse } from "./elicitation.ts"
import { ElicitationRequest } from "./wire.ts"

function form(properties: Record<string, object>, required: readonly string[] = []): ElicitationRequest {
  return ElicitationRequest.parse({
    mode: "form",
    message: "Well?",
    requestedSchema: { properties, required },
  })
}

function answers(given: Record<string, string[]>) {
  return { kind: "answers", answers: given } as const
}

describe("a form as questions", () => {
  it("asks its message when it has one field, and offers the titles of the choices", () => {
    const request = form({
      color: { type: "string", oneOf: [{ const: "r", title: "Red", description: "warm" }] },
    })
    expect(formQuestions(request)).toEqual([
      {
        id: "color",
        text: "Well?",
        options: [{ label: "Red", description: "warm" }],
        multiple: false,
        freeText: false,
      },
    ])
  })

  it("asks each field by its description or title when it has several", () => {
    const request = form({
      a: { type: "string", description: "Your name?" },
      b: { type: "boolean", title: "Sure?" },
    })
    const [a, b] = formQuestions(request)
    expect(a).toMatchObject({ text: "Well?\n\nYour name?", freeText: true, options: [] })
    expect(b).toMatchObject({ text: "Sure?", header: "Sure?", options: [{ label: "Yes" }, { label: "No" }] })
  })

  it("makes one question of a choice and its field for an answer of one's own", () => {
    const request = form({
      q0: { type: "string", oneOf: [{ const: "A", title: "A" }] },
      q0_custom: { type: "string", title: "Other" },
    })
    expect(formQuestions(request)).toMatchObject([{ id: "q0", text: "Well?", freeText: true }])
    expect(formResponse(answers({ q0: ["A"] }), request)).toEqual({ action: "accept", content: { q0: "A" } })
    const own = formResponse(answers({ q0: ["something else"] }), request)
    expect(own).toEqual({ action: "accept", content: { q0_custom: "something else" } })
  })
})

describe("answers as the form's content", () => {
  const several = {
    type: "array",
    items: {
      anyOf: [
        { const: "a", title: "A" },
        { const: "b", title: "B" },
      ],
    },
  }
  it.each([
    [
      "a label becomes its value",
      { x: { type: "string", oneOf: [{ const: "r", title: "Red" }] } },
      ["Red"],
      "r",
    ],
    ["several labels become an array", { x: several }, ["A", "B"], ["a", "b"]],
    ["yes becomes true", { x: { type: "boolean" } }, ["Yes"], true],
    ["a number is a number", { x: { type: "integer" } }, ["42"], 42],
    ["free text is kept", { x: { type: "string" } }, ["as it is"], "as it is"],
  ])("%s", (_, properties, given, value) => {
    const response = formResponse(answers({ x: given }), form(properties))
    expect(response).toEqual({ action: "accept", content: { x: value } })
  })

  it.each([
    ["an option that was not offered", { x: { type: "string", enum: ["a"] } }, ["b"]],
    ["two answers to a single choice", { x: { type: "string", enum: ["a", "b"] } }, ["a", "b"]],
    ["words for a number", { x: { type: "number" } }, ["many"]],
    ["a fraction for an integer", { x: { type: "integer" } }, ["1.5"]],
    ["nothing for a required field", { x: { type: "string" } }, []],
  ])("does not take %s", (_, properties, given) => {
    expect(formResponse(answers({ x: given }), form(properties, ["x"]))).toBeNull()
  })

  it("declines when the owner dismisses it, and takes no option of an approval", () => {
    const request = form({ x: { type: "string" } })
    expect(formResponse({ kind: "dismissed" }, request)).toEqual({ action: "decline" })
    expect(formResponse({ kind: "option", option: "x" }, request)).toBeNull()
  })
})
