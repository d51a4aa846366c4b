/** The one line under a card: who works, with what, how full, at what cost. */
import { contextShare } from "../../core/context-words.ts"
import type { Session } from "../../ledger/sessions.ts"
import type { Settings, Usage } from "../../protocol/session.ts"

export interface FooterFacts {
  readonly session: Session
  /** The agent's name for the owner. */
  readonly label: string
  readonly used: Settings
  readonly usage: Usage | null
}

export function footer({ session, label, used, usage }: FooterFacts): string {
  const parts = [
    label,
    used.model,
    used.effort,
    used.sandbox === "danger-full-access" ? "⚠ danger-full-access" : undefined,
    session.id,
    usage ? contextShare(usage) : undefined,
    usage?.costUsd === undefined ? undefined : `$${usage.costUsd.toFixed(2)}`,
  ]
  return parts.filter((part) => part !== undefined && part !== "").join(" · ")
}
