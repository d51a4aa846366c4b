/** What Claude Code is, as far as it never changes: its name, capabilities and permission modes. */
import { ProviderId } from "../../protocol/ids.ts"
import type { Capabilities, Mode } from "../../protocol/session.ts"

export const CLAUDE = ProviderId.parse("claude")
export const LABEL = "Claude Code"

export const INSTALL_COMMAND = "npm install -g @anthropic-ai/claude-code"
export const UPDATE_COMMAND = "claude update"
export const SIGN_IN_COMMAND = "claude auth login"

/** The oldest version tried that tells failures, effort and limits as this adapter reads them; the suite runs at it. */
export const MINIMUM_VERSION = "2.1.302"

export const capabilities: Capabilities = {
  steer: true,
  fork: false,
  resume: true,
  listNative: true,
  approvals: true,
  questions: true,
  planMode: true,
  images: true,
  effort: true,
  sandbox: [],
  provesConsumption: true,
}

/** Ids are Claude Code's own `--permission-mode` values. */
export const modes: readonly Mode[] = [
  { id: "default", meaning: "ask", label: "Ask" },
  { id: "acceptEdits", meaning: "accept_edits", label: "Accept edits" },
  { id: "plan", meaning: "plan", label: "Plan" },
  { id: "auto", meaning: "auto", label: "Auto" },
  { id: "dontAsk", meaning: "other", label: "Only what rules allow" },
  { id: "bypassPermissions", meaning: "never_ask", label: "Never ask" },
]

export const BYPASS = "bypassPermissions"
