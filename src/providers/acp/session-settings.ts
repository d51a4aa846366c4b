/** Putting an agent's session into the settings the owner chose, and above all into a mode that asks. */
import { z } from "zod"
import type { Settings } from "../../protocol/session.ts"
import { type Choice, type Choices, replaceOptions, type Setting, withCurrent } from "./choices.ts"
import type { AcpConnection } from "./connection.ts"
import { failed } from "./failure.ts"
import type { AcpProfile } from "./profile.ts"
import { ConfigOptions } from "./wire.ts"

interface Target {
  readonly connection: AcpConnection
  readonly nativeId: string
  readonly profile: AcpProfile
}

const OptionsResult = z.object({ configOptions: ConfigOptions }).nullish()

/**
 * @throws ProviderError (`bad_request`) when the agent does not offer what was chosen, or cannot be made to ask: then
 * nothing may be sent to it.
 */
export async function applySettings(target: Target, choices: Choices, settings: Settings): Promise<Choices> {
  let known = choices
  // The model first: another model offers other levels of effort.
  if (settings.model !== undefined) known = await choose(target, known, "model", settings.model)
  if (settings.effort !== undefined) known = await choose(target, known, "effort", settings.effort)
  const { approvals } = target.profile
  if (settings.mode !== undefined) return await choose(target, known, "mode", settings.mode)
  if (approvals.kind !== "mode") return known
  if (!known.mode?.values.some((value) => value.id === approvals.ask)) {
    const agent = target.profile.label
    throw failed("bad_request", { code: "asking_mode_gone", agent, mode: approvals.ask })
  }
  return await choose(target, known, "mode", approvals.ask)
}

async function choose(target: Target, known: Choices, setting: Setting, value: string): Promise<Choices> {
  const choice = known[setting]
  const agent = target.profile.label
  if (!choice) throw failed("bad_request", { code: "setting_unavailable", agent, setting })
  if (choice.current === value) return known
  if (!choice.values.some((offered) => offered.id === value)) {
    throw failed("bad_request", { code: "setting_not_offered", agent, setting, value })
  }
  return await set(target, known, choice, value)
}

async function set(
  { connection, nativeId }: Target,
  known: Choices,
  choice: Choice,
  value: string,
): Promise<Choices> {
  const changed = withCurrent(known, choice.setting, value)
  switch (choice.via.kind) {
    case "set_mode":
      await connection.request("session/set_mode", { sessionId: nativeId, modeId: value }, z.unknown())
      return changed
    case "set_model":
      await connection.request("session/set_model", { sessionId: nativeId, modelId: value }, z.unknown())
      return changed
    case "option": {
      const params = { sessionId: nativeId, configId: choice.via.id, value }
      const result = await connection.request("session/set_config_option", params, OptionsResult)
      return result?.configOptions ? replaceOptions(known, result.configOptions) : changed
    }
  }
}
