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
  const what =
    setting === null
      ? `${label} is not installed.`
      : `${label}'s program, set in ${key}, is missing or may not be executed.`
  const correct = setting === null ? `Set ${key} to its program.` : `Correct ${key}.`
  const remedy =
    install === null
      ? correct
      : setting === null
        ? `Install it with: ${install}`
        : `Correct ${key}, or install it with: ${install}`
  return new ProviderError({ class: "bad_request", detail: `${what} ${remedy}` })
}
