/** Every command once: the parsers, menus, `/help` and `docs/commands.md` of all surfaces are made of this. */
import { attach } from "./attach.ts"
import type { Command } from "./command.ts"
import { fresh, start } from "./fresh.ts"
import { helpFor } from "./help.ts"
import { effort, mode, model, sandbox } from "./settings.ts"
import { status } from "./status.ts"
import { detach, list, switchTo } from "./switch.ts"
import { queue, steer, stop } from "./work.ts"

export const commands: readonly Command[] = [
  start,
  fresh,
  list,
  switchTo,
  status,
  stop,
  queue,
  steer,
  model,
  effort,
  mode,
  sandbox,
  attach,
  detach,
  helpFor(() => commands),
]

/** By its name or one of its other names. */
export function findCommand(name: string): Command | null {
  return commands.find((command) => command.name === name || command.aliases.includes(name)) ?? null
}
