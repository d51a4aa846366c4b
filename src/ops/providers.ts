import { describeFailure, explainReason } from "../core/failure-words.ts"
import type { OpsSay } from "../core/texts/ops.ts"
import type { ProviderStatus, Remedy } from "../protocol/session.ts"
import type { Finding } from "./finding.ts"

/**
 * One agent that works is enough, so the others are notes. The demonstration is always there and counts for nothing.
 */
export function providerFindings(statuses: readonly ProviderStatus[], say: OpsSay): readonly Finding[] {
  const agents = statuses.filter(({ provider }) => provider !== "demo")
  const findings = agents.map((status) => providerFinding(status, say))
  if (agents.some(({ state }) => state === "ready")) return findings
  const none: Finding = {
    id: "providers",
    state: "warn",
    what: say("provider.none_ready"),
    remedy: say("provider.none_ready_remedy"),
  }
  return [...findings, none]
}

function providerFinding(status: ProviderStatus, say: OpsSay): Finding {
  const what = providerText(status, say)
  const remedies = status.remedies.map((one) => remedyText(one, say)).filter((text) => !what.includes(text))
  const isWell = status.state === "ready" && status.sandboxUsable !== false
  const isBroken = status.state === "broken" || (status.state === "ready" && !isWell)
  return {
    id: `provider:${status.provider}`,
    state: isWell ? "ok" : isBroken ? "fail" : "warn",
    what,
    remedy: isWell ? null : remedies.join(" ") || null,
  }
}

function providerText(status: ProviderStatus, say: OpsSay): string {
  const { label, account, failure } = status
  const version = status.version ?? ""
  switch (status.state) {
    case "ready":
      if (status.sandboxUsable === false) return say("provider.no_sandbox", { label, version })
      return account
        ? say("provider.ready_account", { label, version, account })
        : say("provider.ready", { label, version })
    case "signed_out":
    case "too_old":
      return say(`provider.${status.state}`, { label, version })
    case "not_installed":
      return say("provider.not_installed", { label })
    case "broken":
      return say("provider.broken", {
        label,
        detail: failure ? describeFailure(failure, say) : (status.detail ?? "?"),
      })
  }
}

/** What the owner can do, in words. */
function remedyText(remedy: Remedy, say: OpsSay): string {
  switch (remedy.kind) {
    case "install":
    case "sign_in":
      return say(`remedy.${remedy.kind}`, { command: remedy.command })
    case "update":
      return say("remedy.update", { command: remedy.command, minimum: remedy.minimum })
    case "configure":
      return say("remedy.configure", { key: remedy.key })
    case "sandbox":
      return remedy.reason ? explainReason(remedy.reason, say) : remedy.detail
  }
}
