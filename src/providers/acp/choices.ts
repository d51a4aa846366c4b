/**
 * What an agent lets us choose for a session. Agents offer it in three ways: configuration options with a category
 * (today's protocol), `modes`, and the legacy `models`; the category decides, never the name.
 */
import type { Mode, Model, Settings } from "../../protocol/session.ts"
import type { AcpProfile } from "./profile.ts"
import type { SessionResult } from "./wire.ts"

export type Setting = "model" | "mode" | "effort"

export interface Choice {
  readonly setting: Setting
  /** How it is set: a configuration option by id, or one of the two older methods. */
  readonly via: { readonly kind: "option"; readonly id: string } | { readonly kind: "set_mode" | "set_model" }
  readonly current: string
  readonly values: readonly { readonly id: string; readonly label: string }[]
}

export type Choices = Readonly<Partial<Record<Setting, Choice>>>

const categories: Readonly<Record<string, Setting>> = {
  model: "model",
  mode: "mode",
  thought_level: "effort",
}

export function readChoices(result: SessionResult, profile: AcpProfile): Choices {
  const choices: Partial<Record<Setting, Choice>> = {}
  const { modes, models } = result
  if (models) {
    const values = models.availableModels.map((model) => ({ id: model.modelId, label: model.name }))
    choices.model = { setting: "model", via: { kind: "set_model" }, current: models.currentModelId, values }
  }
  if (modes && profile.modesAre !== "none") {
    const setting = profile.modesAre === "permission" ? "mode" : "effort"
    const values = modes.availableModes.map((mode) => ({ id: mode.id, label: mode.name }))
    choices[setting] = { setting, via: { kind: "set_mode" }, current: modes.currentModeId, values }
  }
  return { ...choices, ...readOptions(result.configOptions) }
}

/** The choices among configuration options alone; a later answer of the agent replaces the whole set. */
function readOptions(options: SessionResult["configOptions"]): Choices {
  const choices: Partial<Record<Setting, Choice>> = {}
  for (const option of options ?? []) {
    const setting = option ? categories[option.category ?? ""] : undefined
    if (!option || !setting || choices[setting]) continue
    const flat = option.options.flatMap((entry) => ("options" in entry ? entry.options : [entry]))
    choices[setting] = {
      setting,
      via: { kind: "option", id: option.id },
      current: option.currentValue,
      values: flat.map((entry) => ({ id: entry.value, label: entry.name })),
    }
  }
  return choices
}

/** After the agent answered with its options again: they replace all option-backed choices, the older ways stay. */
export function replaceOptions(known: Choices, options: SessionResult["configOptions"]): Choices {
  const kept = Object.values(known).filter((choice) => choice.via.kind !== "option")
  return { ...Object.fromEntries(kept.map((choice) => [choice.setting, choice])), ...readOptions(options) }
}

export function withCurrent(known: Choices, setting: Setting, value: string): Choices {
  const choice = known[setting]
  return choice ? { ...known, [setting]: { ...choice, current: value } } : known
}

export function currentSettings(choices: Choices): Settings {
  return {
    ...(choices.model && { model: choices.model.current }),
    ...(choices.effort && { effort: choices.effort.current }),
    ...(choices.mode && { mode: choices.mode.current }),
  }
}

export function modelsOf(choices: Choices): readonly Model[] {
  const model = choices.model
  if (!model) return []
  // Levels of effort are told for the current model only.
  const efforts = choices.effort?.values.map((value) => value.id) ?? []
  const isListed = model.values.some((value) => value.id === model.current)
  const values = isListed ? model.values : [{ id: model.current, label: model.current }, ...model.values]
  return values.map(({ id, label }) => {
    const isDefault = id === model.current
    return { id, label, isDefault, efforts: isDefault ? efforts : [] }
  })
}

/** The agent's modes in its own order with what we know of their meaning; before a session, the profile's. */
export function modesOf(choices: Choices | null, profile: AcpProfile): readonly Mode[] {
  const offered = choices?.mode
  if (!offered) return choices ? [] : profile.modes
  return offered.values.map(({ id, label }) => {
    return profile.modes.find((mode) => mode.id === id) ?? { id, label, meaning: "other" }
  })
}
