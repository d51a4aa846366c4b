import type { ConfigProblem } from "../core/config-fault.ts"

/** One thing that was looked at. */
export interface Finding {
  /** Stable, for scripts: `node`, `disk`, `bot:<id>`, `provider:codex` … */
  readonly id: string
  /** `fail`: broken now; `warn`: works, and may not be what the owner wants. */
  readonly state: "ok" | "warn" | "fail"
  /** For the owner; never a secret. */
  readonly what: string
  /** What to do; null when there is nothing to do. */
  readonly remedy: string | null
}

export function configFindings(problems: readonly ConfigProblem[]): readonly Finding[] {
  return problems.map(({ key, severity, what, accepted, remedy }) => ({
    id: `config:${key}`,
    state: severity === "warning" ? "warn" : "fail",
    what: `${what} (${accepted})`,
    remedy,
  }))
}
