import { ProviderError } from "../core/provider-error.ts"

export interface MissingProgram {
  readonly label: string
  /** The setting that names the program, when the owner set it. */
  readonly setting: string | null
  /** What installs it; null where nobody knows. */
  readonly install: string | null
  /** The setting that could name it. */
  readonly key: string
}

/** `bad_request`: nothing was handed over, and no repetition helps before the owner did something. */
export function missingProgram({ label, setting, install, key }: MissingProgram): ProviderError {
  const code = setting === null ? "not_installed" : "program_missing"
  const command = install === null ? {} : { command: install }
  return new ProviderError({ class: "bad_request", reason: { code, agent: label, key, ...command } })
}
