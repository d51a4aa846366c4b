import type { Weight } from "./budget.ts"
import type { Payload } from "./payload.ts"

/** What a call for this payload counts as. */
export function weightOf(payload: Payload): Weight {
  switch (payload.kind) {
    case "tap":
    case "named_file":
      return "free"
    case "reaction":
    case "delete":
      return "light"
    case "text":
    case "edit":
    case "buttons":
    case "file":
    case "topic_create":
    case "topic_edit":
    case "topic_delete":
      return "message"
  }
}
