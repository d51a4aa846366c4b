/**
 * What we ourselves have to say about a failure, a notice or an agent that is not ready: a code with its arguments,
 * put into the owner's language by `core/failure-words.ts`. Which agent and which command are data, never sentences.
 */
import { z } from "zod"

const agent = z.string()

function about<C extends string>(code: C) {
  return z.object({ code: z.literal(code), agent })
}

function plain<C extends string>(code: C) {
  return z.object({ code: z.literal(code) })
}

export const Reason = z.discriminatedUnion("code", [
  // The program
  z.object({ code: z.literal("not_installed"), agent, command: z.string().optional(), key: z.string() }),
  /** The setting `key` names a program that is missing or may not be executed. */
  z.object({ code: z.literal("program_missing"), agent, command: z.string().optional(), key: z.string() }),
  z.object({
    code: z.literal("too_old"),
    agent,
    version: z.string(),
    minimum: z.string(),
    command: z.string(),
  }),
  z.object({ code: z.literal("version_unreadable"), agent, command: z.string() }),
  about("not_configured"),
  about("not_started"),
  about("program_not_found"),
  about("program_not_executable"),
  about("ended_at_start"),
  z.object({
    code: z.literal("no_answer"),
    agent,
    /** The protocol's name of what was asked. */
    request: z.string(),
    seconds: z.number().nonnegative(),
  }),
  /** It runs, and does not even answer `request`. */
  z.object({ code: z.literal("hangs"), agent, request: z.string() }),
  z.object({ code: z.literal("protocol_mismatch"), agent, version: z.string() }),
  about("answer_not_understood"),
  about("adapter_failed"),
  z.object({ code: z.literal("sign_in_unreadable"), agent, command: z.string() }),

  // The account and the model
  z.object({ code: z.literal("not_signed_in"), agent, command: z.string().optional() }),
  /** `methods`: the agent's own names of the ways to sign in. */
  z.object({ code: z.literal("sign_in_offered"), agent, methods: z.string() }),
  z.object({ code: z.literal("key_variable_missing"), variable: z.string() }),
  about("organisation_not_allowed"),
  plain("credit_too_low"),
  plain("model_unavailable"),
  about("model_provider_unknown"),
  z.object({ code: z.literal("server_status"), status: z.number().int() }),
  plain("answer_too_long"),
  plain("answer_cut_off"),
  plain("not_compacted"),
  about("step_limit"),
  about("too_many_denials"),

  // The session
  about("busy"),
  about("open_elsewhere"),
  z.object({ code: z.literal("in_background"), agent, command: z.string() }),
  about("session_unknown"),
  about("session_deleted"),
  about("cannot_resume"),
  about("not_reopened"),
  plain("workspace_gone"),
  plain("attachment_unreadable"),

  // Its settings
  z.object({ code: z.literal("setting_unavailable"), agent, setting: z.enum(["model", "effort", "mode"]) }),
  z.object({
    code: z.literal("setting_not_offered"),
    agent,
    setting: z.enum(["model", "effort", "mode"]),
    value: z.string(),
  }),
  about("settings_unknown"),
  z.object({ code: z.literal("asking_mode_gone"), agent, mode: z.string() }),
  about("root_refused"),

  // Its sandbox
  about("sandbox_failed"),
  about("sandbox_cannot_start"),
  about("sandbox_needs_namespaces"),
  /** The setting `variable` asks for a sandbox that needs these programs. */
  z.object({ code: z.literal("sandbox_needs_programs"), variable: z.string(), programs: z.string() }),

  // What happened beside the work
  z.object({ code: z.literal("request_unknown"), agent, request: z.string() }),
  z.object({ code: z.literal("request_needs_machine"), server: z.string() }),
  about("history_not_saved"),
  /** Denied by ourselves: the request says nothing that could be shown, or more than can be. `tool` may be empty. */
  z.object({ code: z.literal("approval_empty"), agent, tool: z.string() }),
  z.object({ code: z.literal("approval_too_long"), agent, tool: z.string() }),

  // This machine and our own host
  plain("disk_full"),
  plain("host_cannot_start"),
  z.object({ code: z.literal("host_held"), pid: z.number().int().nullable() }),
  plain("host_incompatible"),
  plain("host_gone"),
  /** It runs and says nothing. */
  plain("host_silent"),
  /** Another runtime is connected to it. */
  plain("host_taken"),
  z.object({ code: z.literal("host_late"), seconds: z.number().nonnegative() }),
  plain("host_fault"),
])
export type Reason = z.infer<typeof Reason>

/** A newer peer may know reasons that we do not: whatever carries one is read without it. */
export const OptionalReason = Reason.optional().catch(undefined)
