/** What a command answers, as Telegram shows it. */
import type { Choice } from "../../runtime/commands/command.ts"
import type { Words } from "../../runtime/commands/words.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Button, Buttons } from "../delivery/payload.ts"
import type { Address } from "../places/address.ts"
import { bold, code, concat, type Rich } from "../rendering/rich.ts"

export function toRich(words: Words | string): Rich {
  if (typeof words === "string") return concat(words)
  return concat(
    ...words.map((span) => {
      if (typeof span === "string") return span
      return "bold" in span ? bold(span.bold) : code(span.code)
    }),
  )
}

/** Only inside an effect: buttons are stored. */
export function toButtons(
  choices: readonly (readonly Choice[])[],
  { out, to }: { out: Outgoing; to: Address },
): Buttons {
  return choices.map((row) =>
    row.map(({ label, does, style }): Button => {
      if ("of" in does) return out.button(to, label, does, style)
      return { label, copy: does.copy, ...(style ? { style } : {}) }
    }),
  )
}
