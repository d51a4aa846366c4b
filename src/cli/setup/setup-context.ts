import type { Config } from "../../core/config.ts"
import type { SetupSay } from "../../core/texts/setup.ts"

/** What the steps of the set-up share. */
export interface Setup {
  readonly config: Config
  readonly say: SetupSay
  /** The terminal that is asked in. */
  readonly io: { readonly input: NodeJS.ReadStream; readonly output: NodeJS.WriteStream }
}
