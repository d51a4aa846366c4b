import type { Notice } from "../../protocol/session.ts"
import { LABEL } from "./offer.ts"
import type { WireMessage } from "./wire.ts"

type Noticed = Extract<WireMessage, { kind: "retry" | "fallback" | "compacted" | "history_not_saved" }>

/** What happens beside the work itself, in the words of every provider. */
export function noticeOf(message: Noticed): Notice {
  switch (message.kind) {
    case "retry":
      return {
        code: "retrying",
        ...(message.attempt === undefined ? {} : { attempt: message.attempt }),
        ...(message.of === undefined ? {} : { of: message.of }),
      }
    case "fallback":
      return { code: "model_changed", to: message.to, ...(message.from ? { from: message.from } : {}) }
    case "compacted":
      return { code: "context_compacted" }
    case "history_not_saved":
      return { code: "warning", detail: "", reason: { code: "history_not_saved", agent: LABEL } }
  }
}
