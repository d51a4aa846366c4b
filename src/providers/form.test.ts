import { describe, expect, it } from "vitest"
import { type Form, formContent, formQuestions, readForm } from "./form.ts"

function form(properties: Record<string, unknown>, required: readonly string[] = []): Form {
  return readForm("Well?", { type: "object", properties, required })
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
    expect(formContent(request, answers({ q0: ["A"] }))).toEqual({ q0: "A" })
    const own = formContent(request, answers({ q0: ["something else"] }))
    expect(own).toEqual({ q0_custom: "something else" })
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
    expect(formContent(form(properties), answers({ x: given }))).toEqual({ x: value })
  })

  it.each([
    ["an option that was not offered", { x: { type: "string", enum: ["a"] } }, ["b"]],
    ["two answers to a single choice", { x: { type: "string", enum: ["a", "b"] } }, ["a", "b"]],
    ["words for a number", { x: { type: "number" } }, ["many"]],
    ["a fraction for an integer", { x: { type: "integer" } }, ["1.5"]],
    ["a number out of bounds", { x: { type: "integer", minimum: 1, maximum: 5 } }, ["6"]],
    ["nothing for a required field", { x: { type: "string" } }, []],
  ])("does not take %s", (_, properties, given) => {
    expect(formContent(form(properties, ["x"]), answers({ x: given }))).toBeNull()
  })

  it("takes no answer of another kind", () => {
    const request = form({ x: { type: "string" } })
    expect(formContent(request, { kind: "dismissed" })).toBeNull()
    expect(formContent(request, { kind: "option", option: "x" })).toBeNull()
  })
})

describe("a form nobody has seen before", () => {
  it.each([undefined, null, "form", { properties: [] }, { type: "object" }])("%j has no fields", (schema) => {
    expect(formQuestions(readForm("May I?", schema))).toEqual([])
    expect(formContent(readForm("May I?", schema), answers({}))).toEqual({})
  })

  it("asks a field it does not understand as a line of text", () => {
    const request = form({ x: { type: 5, enum: "red" }, y: null })
    expect(formQuestions(request)).toMatchObject([
      { id: "x", freeText: true, options: [] },
      { id: "y", freeText: true, options: [] },
    ])
  })

  it("tells choices of the same name apart, and knows the names beside an enum", () => {
    const request = form({ x: { type: "string", enum: [1, 2, 3], enumNames: ["One", "Same", "Same"] } })
    expect(formQuestions(request)[0]?.options.map((option) => option.label)).toEqual([
      ...["One", "Same (2)", "Same (3)"],
    ])
    expect(formContent(request, answers({ x: ["Same (3)"] }))).toEqual({ x: "3" })
  })
})
