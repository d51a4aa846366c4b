/** Cards that offer a choice, each button being the command that makes it. */
import type { Buttons } from "../delivery/payload.ts"
import type { Call } from "./command.ts"

export interface Choice {
  readonly label: string
  readonly line: string
  readonly isCurrent?: boolean
}

/** One choice a row: names are long, and a thumb is wide. */
export function choiceButtons(call: Call, choices: readonly Choice[]): Buttons {
  return choices.map(({ label, line, isCurrent }) => [
    call.button(isCurrent ? `✓ ${label}` : label, { kind: "command", line }),
  ])
}
