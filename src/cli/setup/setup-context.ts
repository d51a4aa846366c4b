import type { Readable, Writable } from "node:stream"
import { confirm, isCancel } from "@clack/prompts"
import type { Config } from "../../core/config.ts"
import type { SetupSay } from "../../core/texts/setup.ts"

/** What the steps of the set-up share. */
export interface Setup {
  readonly config: Config
  readonly say: SetupSay
  /** Aborts at Ctrl-C while nothing is being asked. */
  readonly signal: AbortSignal
  /** The terminal that is asked in. */
  readonly io: { readonly input: Readable; readonly output: Writable }
}

/** Null: Ctrl-C. */
export async function askYesOrNo({ say, io }: Setup, message: string): Promise<boolean | null> {
  const answer = await confirm({ message, active: say("setup.yes"), inactive: say("setup.no"), ...io })
  return isCancel(answer) ? null : answer
}
