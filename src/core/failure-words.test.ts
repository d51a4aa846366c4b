import { describe, expect, it } from "vitest"
import { Reason } from "../protocol/reason.ts"
import { Failure, FailureClass, Notice } from "../protocol/session.ts"
import { describeFailure, explainReason } from "./failure-words.ts"
import { chatText } from "./texts/chat.ts"
import { cliText } from "./texts/cli.ts"
import { controlText } from "./texts/control.ts"
import { type FailureSay, failureText } from "./texts/failure.ts"
import { opsText } from "./texts/ops.ts"
import { telegramText } from "./texts/telegram.ts"
import { languages } from "./texts/text.ts"

const agent = "Codex"
const command = "npm i -g x"

/** Every reason, in each of its forms. A new one does not compile until it is here. */
const everyReason: { readonly [C in Reason["code"]]: readonly Extract<Reason, { code: C }>[] } = {
  not_installed: [
    { code: "not_installed", agent, key: "a.key", command },
    { code: "not_installed", agent, key: "a.key" },
  ],
  program_missing: [
    { code: "program_missing", agent, key: "a.key", command },
    { code: "program_missing", agent, key: "a.key" },
  ],
  too_old: [{ code: "too_old", agent, version: "0.1.0", minimum: "0.2.0", command }],
  version_unreadable: [{ code: "version_unreadable", agent, command }],
  not_configured: [{ code: "not_configured", agent }],
  not_started: [{ code: "not_started", agent }],
  program_not_found: [{ code: "program_not_found", agent }],
  program_not_executable: [{ code: "program_not_executable", agent }],
  ended_at_start: [{ code: "ended_at_start", agent }],
  sign_in_offered: [{ code: "sign_in_offered", agent, methods: "API key" }],
  hangs: [{ code: "hangs", agent, request: "turn/interrupt" }],
  no_answer: [{ code: "no_answer", agent, request: "initialize", seconds: 30 }],
  protocol_mismatch: [{ code: "protocol_mismatch", agent, version: "7" }],
  answer_not_understood: [{ code: "answer_not_understood", agent }],
  adapter_failed: [{ code: "adapter_failed", agent }],
  sign_in_unreadable: [{ code: "sign_in_unreadable", agent, command }],
  not_signed_in: [
    { code: "not_signed_in", agent, command },
    { code: "not_signed_in", agent },
  ],
  key_variable_missing: [{ code: "key_variable_missing", variable: "MY_KEY" }],
  organisation_not_allowed: [{ code: "organisation_not_allowed", agent }],
  credit_too_low: [{ code: "credit_too_low" }],
  model_unavailable: [{ code: "model_unavailable" }],
  model_provider_unknown: [{ code: "model_provider_unknown", agent }],
  server_status: [
    { code: "server_status", status: 404 },
    { code: "server_status", status: 503 },
  ],
  answer_too_long: [{ code: "answer_too_long" }],
  not_compacted: [{ code: "not_compacted" }],
  answer_cut_off: [{ code: "answer_cut_off" }],
  step_limit: [{ code: "step_limit", agent }],
  too_many_denials: [{ code: "too_many_denials", agent }],
  busy: [{ code: "busy", agent }],
  open_elsewhere: [{ code: "open_elsewhere", agent }],
  in_background: [{ code: "in_background", agent, command: "claude stop" }],
  session_unknown: [{ code: "session_unknown", agent }],
  session_deleted: [{ code: "session_deleted", agent }],
  cannot_resume: [{ code: "cannot_resume", agent }],
  not_reopened: [{ code: "not_reopened", agent }],
  workspace_gone: [{ code: "workspace_gone" }],
  attachment_unreadable: [{ code: "attachment_unreadable" }],
  setting_unavailable: [{ code: "setting_unavailable", agent, setting: "effort" }],
  setting_not_offered: [{ code: "setting_not_offered", agent, setting: "model", value: "m-1" }],
  settings_unknown: [{ code: "settings_unknown", agent }],
  asking_mode_gone: [{ code: "asking_mode_gone", agent, mode: "ask-1" }],
  root_refused: [{ code: "root_refused", agent }],
  sandbox_failed: [{ code: "sandbox_failed", agent }],
  sandbox_cannot_start: [{ code: "sandbox_cannot_start", agent }],
  sandbox_needs_namespaces: [{ code: "sandbox_needs_namespaces", agent }],
  sandbox_needs_programs: [{ code: "sandbox_needs_programs", variable: "SCRUB", programs: "bwrap" }],
  request_unknown: [{ code: "request_unknown", agent, request: "a/b" }],
  request_needs_machine: [{ code: "request_needs_machine", server: "shop" }],
  history_not_saved: [{ code: "history_not_saved", agent }],
  approval_empty: [{ code: "approval_empty", agent, tool: "" }],
  approval_too_long: [{ code: "approval_too_long", agent, tool: "store" }],
  disk_full: [{ code: "disk_full" }],
  host_cannot_start: [{ code: "host_cannot_start" }],
  host_held: [
    { code: "host_held", pid: 17 },
    { code: "host_held", pid: null },
  ],
  host_incompatible: [{ code: "host_incompatible" }],
  host_gone: [{ code: "host_gone" }],
  host_silent: [{ code: "host_silent" }],
  host_late: [{ code: "host_late", seconds: 5 }],
  host_taken: [{ code: "host_taken" }],
  host_fault: [{ code: "host_fault" }],
}
const reasons: readonly Reason[] = Object.values(everyReason).flat()

/** What of a reason the owner must read as it is: names, versions and commands, in no language. */
function factsOf({ code: _, ...args }: Reason): readonly string[] {
  if ("command" in args && "key" in args) return Object.values({ ...args, key: "" }).map(String)
  return Object.entries(args).flatMap(([name, value]) =>
    name === "setting" || value === null ? [] : [String(value)],
  )
}

/** English that is no name, command or setting: two plain words in a row. */
function englishIn(text: string, reason: Reason): string | null {
  const names = ["RemoteAgent", "remoteagent doctor", "remoteagent stop --agents", "Ubuntu", "sysctl", "root"]
  const rest = [...factsOf(reason), ...names].reduce((left, name) => left.replaceAll(name, "·"), text)
  return /[a-z]{2,} [a-z]{2,}/i.exec(rest)?.[0] ?? null
}

describe("a reason", () => {
  it.each(reasons.map((reason) => [reason.code, reason] as const))("%s is worded in English", (_, reason) => {
    const words = explainReason(reason, failureText("en"))
    for (const fact of factsOf(reason)) expect(words).toContain(fact)
    expect(words).toMatch(/^\S.*[.\w]$/)
    expect(words).not.toMatch(/[{}]|undefined|[가-힣]/)
  })

  it.each(reasons.map((reason) => [reason.code, reason] as const))("%s is worded in Korean", (_, reason) => {
    const words = explainReason(reason, failureText("ko"))
    for (const fact of factsOf(reason)) expect(words).toContain(fact)
    expect(words).toMatch(/[가-힣]/)
    expect(words).not.toMatch(/[{}]|undefined/)
    expect(englishIn(words, reason)).toBeNull()
  })

  it("is said by every surface in its language", () => {
    for (const text of [telegramText, chatText, cliText, controlText, opsText])
      for (const language of languages) {
        const say: FailureSay = text(language)
        expect(explainReason({ code: "disk_full" }, say)).toBe(failureText(language)("reason.disk_full"))
      }
  })
})

describe("a failure", () => {
  it("is told by its reason, else by its class, and with the agent's own words", () => {
    const say = failureText("ko")
    const reason = { code: "model_unavailable" } as const
    expect(describeFailure({ class: "bad_request", reason }, say)).toBe(say("reason.model_unavailable"))
    expect(describeFailure({ class: "unknown", detail: "Words." }, say)).toBe(
      `${say("class.unknown")} Words.`,
    )
    for (const one of FailureClass.options) {
      expect(describeFailure({ class: one }, say)).toMatch(/^[가-힣 ]+\.$/)
    }
  })
})

describe("on the wire", () => {
  it.each(reasons)("a reason arrives as it was sent: %j", (reason) => {
    expect(Reason.parse(JSON.parse(JSON.stringify(reason)))).toEqual(reason)
  })

  it("a failure of an older host is read, and one of a newer host without what we do not know", () => {
    const older = { class: "auth", detail: "Codex is not signed in." }
    expect(Failure.parse(older)).toStrictEqual(older)
    const newer = { class: "auth", reason: { code: "of_the_future", more: 1 }, logId: "x" }
    expect(Failure.parse(newer)).toEqual({ class: "auth", logId: "x" })
    const notice = { code: "warning", detail: "", reason: { code: "of_the_future" } }
    expect(Notice.parse(notice)).toEqual({ code: "warning", detail: "" })
  })
})
