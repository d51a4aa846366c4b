/** A session's settings in Codex' words, and back. */
import type { Mode, Sandbox, Settings } from "../../protocol/session.ts"
import type { OwnersConfig, SandboxPolicy } from "./incoming.ts"
import type * as wire from "./protocol.generated.ts"

export const modes: readonly Mode[] = [
  { id: "ask", meaning: "ask", label: "Ask before leaving the sandbox" },
  {
    id: "ask_untrusted",
    meaning: "ask_untrusted",
    label: "Ask before every command that is not known to be harmless",
  },
  { id: "plan", meaning: "plan", label: "Plan only" },
  { id: "never_ask", meaning: "never_ask", label: "Never ask" },
]

/** What a turn or thread is really run with. */
export interface Enforcement {
  readonly approvalPolicy: wire.AskForApproval
  readonly sandbox: Sandbox | null
  /** The sandbox cannot work here, so everything is asked for instead. */
  readonly isWithoutSandbox: boolean
}

/**
 * Null stays with what `config.toml` says. Where neither the owner's choice nor his `config.toml` says anything, Codex
 * would be read-only, which makes a remote session useless: then it may write in the workspace.
 */
export function enforce(settings: Settings, config: OwnersConfig, sandboxUsable: boolean): Enforcement {
  const isConfigured = config.sandbox_mode !== null || config.default_permissions !== null
  const chosen = settings.sandbox ?? (isConfigured ? null : "workspace-write")
  const approvalPolicy = approvalPolicyOf(settings, config)
  const effective = chosen ?? config.sandbox_mode
  if (sandboxUsable || effective === "danger-full-access") {
    return { approvalPolicy, sandbox: chosen, isWithoutSandbox: false }
  }
  // A sandbox that cannot start fails every command without asking. Without one, only asking for all is as safe.
  return { approvalPolicy: "untrusted", sandbox: "danger-full-access", isWithoutSandbox: true }
}

function approvalPolicyOf({ mode }: Settings, config: OwnersConfig): wire.AskForApproval {
  switch (mode) {
    case "ask_untrusted":
      return "untrusted"
    case "never_ask":
      return "never"
    case undefined: {
      const configured = config.approval_policy
      return configured === "never" || configured === "untrusted" ? configured : "on-request"
    }
    default:
      return "on-request"
  }
}

/** For `turn/start`; takes over what the owner's `config.toml` allows beyond the workspace. */
export function sandboxPolicy(sandbox: Sandbox, config: OwnersConfig): wire.SandboxPolicy {
  const own = config.sandbox_workspace_write
  switch (sandbox) {
    case "read-only":
      return { type: "readOnly", networkAccess: false }
    case "danger-full-access":
      return { type: "dangerFullAccess" }
    case "workspace-write":
      return {
        type: "workspaceWrite",
        writableRoots: own?.writable_roots ?? [],
        networkAccess: own?.network_access ?? false,
        excludeTmpdirEnvVar: own?.exclude_tmpdir_env_var ?? false,
        excludeSlashTmp: own?.exclude_slash_tmp ?? false,
      }
  }
}

export function sandboxOf(policy: SandboxPolicy): Sandbox {
  switch (policy.type) {
    case "readOnly":
      return "read-only"
    case "workspaceWrite":
      return "workspace-write"
    default:
      return "danger-full-access"
  }
}

/** Codex' own account of its settings. A policy per kind of action counts as asking. */
export function modeOf(approvalPolicy: unknown, collaborationMode: string | null): string {
  if (collaborationMode === "plan") return "plan"
  if (approvalPolicy === "untrusted") return "ask_untrusted"
  if (approvalPolicy === "never") return "never_ask"
  return "ask"
}
