import { describeFailure } from "../core/failure-words.ts"
import type { Outcome } from "../protocol/session.ts"
import type { CliContext } from "./context.ts"

export function outcomeLine(outcome: Outcome, say: CliContext["say"]): string {
  switch (outcome.kind) {
    case "completed":
    case "stopped":
    case "indeterminate":
      return say(`outcome.${outcome.kind}`)
    case "failed":
      return say("outcome.failed", { what: describeFailure(outcome.failure, say) })
  }
}
