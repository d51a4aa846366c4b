import { describe, expect, it } from "vitest"
import { currentSettings, modelsOf, modesOf, readChoices, replaceOptions } from "./choices.ts"
import { profileFor } from "./profiles.ts"
import { SessionResult } from "./wire.ts"

const select = (id: string, category: string, values: readonly string[]) => ({
  type: "select",
  id,
  name: id,
  category,
  currentValue: values[0],
  options: values.map((value) => ({ value, name: value.toUpperCase() })),
})
const modes = {
  currentModeId: "low",
  availableModes: [
    { id: "low", name: "Low" },
    { id: "high", name: "High" },
  ],
}
const goose = profileFor("goose")
const pi = profileFor("pi-acp")

describe("what an agent lets us choose", () => {
  it("is known by the category of its options, never by their name", () => {
    const result = SessionResult.parse({
      configOptions: [
        select("anything", "model", ["m1", "m2"]),
        select("mode", "collaboration_mode", ["x"]),
        select("effort", "thought_level", ["low", "high"]),
        { type: "boolean", id: "b", name: "b", category: "mode", currentValue: true },
      ],
    })
    const choices = readChoices(result, goose)
    expect(Object.keys(choices).toSorted()).toEqual(["effort", "model"])
    expect(currentSettings(choices)).toEqual({ model: "m1", effort: "low" })
    expect(modelsOf(choices)).toEqual([
      { id: "m1", label: "M1", isDefault: true, efforts: ["low", "high"] },
      { id: "m2", label: "M2", isDefault: false, efforts: [] },
    ])
  })

  it("reads grouped options", () => {
    const grouped = {
      ...select("m", "model", ["m1"]),
      options: [{ group: "g", name: "G", options: [{ value: "m1", name: "M1" }] }],
    }
    expect(readChoices(SessionResult.parse({ configOptions: [grouped] }), goose).model?.values).toEqual([
      { id: "m1", label: "M1" },
    ])
  })

  it("takes `modes` for permission modes or for levels of thinking as the agent means them", () => {
    const result = SessionResult.parse({ modes })
    expect(readChoices(result, goose).mode?.current).toBe("low")
    expect(readChoices(result, pi)).toMatchObject({ effort: { current: "low" } })
    expect(readChoices(result, pi).mode).toBeUndefined()
  })

  it("falls back to the legacy models and prefers options to both older ways", () => {
    const models = { currentModelId: "old", availableModels: [{ modelId: "old", name: "Old" }] }
    expect(readChoices(SessionResult.parse({ models }), goose).model?.via).toEqual({ kind: "set_model" })
    const both = SessionResult.parse({ models, modes, configOptions: [select("m", "model", ["new"])] })
    expect(readChoices(both, goose).model).toMatchObject({ via: { kind: "option", id: "m" }, current: "new" })
  })

  it("replaces all options by those an agent answers with, since a model brings and takes others", () => {
    const result = SessionResult.parse({ modes, configOptions: [select("e", "thought_level", ["low"])] })
    const next = SessionResult.parse({ configOptions: [select("m", "model", ["m1"])] })
    const choices = replaceOptions(readChoices(result, goose), next.configOptions)
    expect(Object.keys(choices).toSorted()).toEqual(["mode", "model"])
  })

  it("lists a current model that the agent left out of its own list", () => {
    const models = { currentModelId: "hidden", availableModels: [{ modelId: "a", name: "A" }] }
    const listed = modelsOf(readChoices(SessionResult.parse({ models }), goose))
    expect(listed.map((model) => [model.id, model.isDefault])).toEqual([
      ["hidden", true],
      ["a", false],
    ])
  })

  it("says what a known mode means and calls the rest other", () => {
    const result = SessionResult.parse({ configOptions: [select("m", "mode", ["approve", "brand-new"])] })
    const offered = modesOf(readChoices(result, goose), goose)
    expect(offered.map((mode) => mode.meaning)).toEqual(["ask", "other"])
    expect(modesOf(null, goose)).toBe(goose.modes)
  })
})
