/** Every command once: `/help`, Telegram's menu and the parser are made of this. */
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

export interface Line {
  readonly name: string
  readonly rest: string
}

/** `/name@bot rest`; null when the text is no command, or one for another bot. */
export function parseLine(text: string, username: string | null): Line | null | "other_bot" {
  const match = /^\/([a-zA-Z0-9_]{1,32})(?:@([a-zA-Z0-9_]+))?(?:\s+([\s\S]*))?$/.exec(text.trim())
  if (!match?.[1]) return null
  if (match[2] !== undefined && match[2].toLowerCase() !== username?.toLowerCase()) return "other_bot"
  return { name: match[1].toLowerCase(), rest: (match[3] ?? "").trim() }
}
