/** Failures in the owner's language: the only place that puts a reason into words. */
import type { Reason } from "../protocol/reason.ts"
import type { Failure } from "../protocol/session.ts"
import type { FailureSay } from "./texts/failure.ts"

/** What failed, for surfaces without words of their own for a class: our reason, else the class; then the agent's words. */
export function describeFailure({ class: failureClass, reason, detail }: Failure, say: FailureSay): string {
  const ours = reason ? explainReason(reason, say) : say(`class.${failureClass}`)
  return detail === undefined ? ours : `${ours} ${detail}`
}

/** What happened and what helps, complete without anything around it. */
export function explainReason(reason: Reason, say: FailureSay): string {
  switch (reason.code) {
    case "not_installed":
    case "program_missing": {
      const { code, command, ...args } = reason
      if (command === undefined) return say(`reason.${code}.unknown_command`, args)
      return say(`reason.${code}`, { ...args, command })
    }
    case "not_signed_in": {
      const { agent, command } = reason
      if (command === undefined) return say("reason.not_signed_in.unknown_command", { agent })
      return say("reason.not_signed_in", { agent, command })
    }
    case "server_status": {
      const isFailing = reason.status >= 500
      return say(isFailing ? "reason.server_status.failing" : "reason.server_status", reason)
    }
    case "setting_unavailable":
      return say("reason.setting_unavailable", { ...reason, setting: say(`setting.${reason.setting}`) })
    case "setting_not_offered":
      return say("reason.setting_not_offered", { ...reason, setting: say(`setting.${reason.setting}`) })
    case "host_held":
      return say("reason.host_held", { pid: reason.pid ?? "?" })
    case "host_late":
      return say("reason.host_late", { seconds: String(reason.seconds) })
    case "too_old":
      return say("reason.too_old", reason)
    case "no_answer":
      return say("reason.no_answer", reason)
    case "hangs":
      return say("reason.hangs", reason)
    case "protocol_mismatch":
      return say("reason.protocol_mismatch", reason)
    case "sign_in_offered":
      return say("reason.sign_in_offered", reason)
    case "key_variable_missing":
      return say("reason.key_variable_missing", reason)
    case "asking_mode_gone":
      return say("reason.asking_mode_gone", reason)
    case "sandbox_needs_programs":
      return say("reason.sandbox_needs_programs", reason)
    case "request_unknown":
      return say("reason.request_unknown", reason)
    case "approval_empty":
    case "approval_too_long":
      return say(`reason.${reason.code}`, { ...reason, tool: reason.tool || "?" })
    case "request_needs_machine":
      return say("reason.request_needs_machine", reason)
    case "version_unreadable":
    case "sign_in_unreadable":
    case "in_background":
      return say(`reason.${reason.code}`, reason)
    case "credit_too_low":
    case "model_unavailable":
    case "answer_too_long":
    case "answer_cut_off":
    case "not_compacted":
    case "workspace_gone":
    case "attachment_unreadable":
    case "disk_full":
    case "host_cannot_start":
    case "host_incompatible":
    case "host_gone":
    case "host_silent":
    case "host_taken":
    case "host_fault":
      return say(`reason.${reason.code}`)
    case "not_configured":
    case "not_started":
    case "program_not_found":
    case "program_not_executable":
    case "ended_at_start":
    case "answer_not_understood":
    case "adapter_failed":
    case "organisation_not_allowed":
    case "model_provider_unknown":
    case "step_limit":
    case "too_many_denials":
    case "busy":
    case "open_elsewhere":
    case "session_unknown":
    case "session_deleted":
    case "cannot_resume":
    case "not_reopened":
    case "settings_unknown":
    case "root_refused":
    case "sandbox_failed":
    case "sandbox_cannot_start":
    case "sandbox_needs_namespaces":
    case "history_not_saved":
      return say(`reason.${reason.code}`, reason)
  }
}
