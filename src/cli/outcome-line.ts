import type { Outcome } from "../protocol/session.ts"
import type { CliContext } from "./context.ts"

export function outcomeLine(outcome: Outcome, say: CliContext["say"]): string {
  switch (outcome.kind) {
    case "completed":
    case "stopped":
    case "indeterminate":
      return say(`outcome.${outcome.kind}`)
    case "failed": {
      const { class: failureClass, detail } = outcome.failure
      return detail === undefined
        ? say("outcome.failed", { class: failureClass })
        : say("outcome.failed_detail", { class: failureClass, detail })
    }
  }
}
