import { describe, expect, it } from "vitest"
import { classify } from "./failure.ts"
import type { Result } from "./wire.ts"

const result = (more: Partial<Result>): Result => ({ subtype: "success", is_error: true, ...more })

describe("classify", () => {
  it.each([
    ["rate_limit", { api_error_status: 429 }, "rate_limit"],
    ["rate_limit", { result: "You've hit your 5-hour limit · resets 3pm" }, "usage_limit"],
    ["billing_error", { api_error_status: 400 }, "usage_limit"],
    ["authentication_failed", {}, "auth"],
    ["server_error", { api_error_status: 529 }, "capacity"],
    ["server_error", { result: "Connection dropped" }, "transport"],
    ["server_error", { result: "Request timed out" }, "timeout"],
    ["invalid_request", { terminal_reason: "prompt_too_long" }, "context_overflow"],
    ["invalid_request", { stop_reason: "refusal" }, "refused"],
    ["invalid_request", {}, "bad_request"],
    ["model_not_found", { api_error_status: 404 }, "bad_request"],
    [
      undefined,
      { subtype: "error_during_execution", errors: ["No conversation found with …"] },
      "bad_request",
    ],
    [undefined, { subtype: "error_max_turns" }, "unknown"],
    ["something new", { api_error_status: 503 }, "capacity"],
    ["something new", {}, "unknown"],
  ] as const)("%s with %j is %s", (assistantError, evidence, expected) => {
    const failure = classify({
      result: result(evidence as Partial<Result>),
      assistantError,
      rejectedUntil: undefined,
    })
    expect(failure.class).toBe(expected)
  })

  it.each([
    ["authentication_failed", { code: "not_signed_in", agent: "Claude Code", command: "claude auth login" }],
    ["oauth_org_not_allowed", { code: "organisation_not_allowed", agent: "Claude Code" }],
    ["billing_error", { code: "credit_too_low" }],
    ["model_not_found", { code: "model_unavailable" }],
    ["max_output_tokens", { code: "answer_too_long" }],
    ["overloaded", undefined],
  ])("gives the reason of %s in place of what Claude Code says", (assistantError, reason) => {
    const said = result({ result: "Please run /login" })
    const failure = classify({ result: said, assistantError, rejectedUntil: undefined })
    expect([failure.reason, failure.detail]).toEqual([reason, undefined])
  })

  it("passes on what Claude Code says where nothing of ours says more", () => {
    const said = { result: result({ result: "You've hit your 5-hour limit" }), rejectedUntil: undefined }
    const { detail } = classify({ ...said, assistantError: "rate_limit" })
    expect(detail).toBe("You've hit your 5-hour limit")
  })

  it("says until when a usage limit holds, when that is known", () => {
    const used = { result: result({}), assistantError: "rate_limit" }
    expect(classify({ ...used, rejectedUntil: 5 })).toMatchObject({ class: "usage_limit", resetsAt: 5 })
    expect(classify({ ...used, rejectedUntil: null })).not.toHaveProperty("resetsAt")
  })

  it("shows neither payloads nor paths", () => {
    for (const text of ['{"type":"error"}', "cannot read /home/me/x", "at foo (bar.ts:12)"]) {
      const failure = classify({
        result: result({ result: text }),
        assistantError: undefined,
        rejectedUntil: undefined,
      })
      expect(failure).not.toHaveProperty("detail")
    }
  })

  it("shows no key", () => {
    const said = result({
      result: "Incorrect API key provided: sk-proj-0123456789abcdefghijklmnopqrstuvwxyz.",
    })
    const { detail } = classify({ result: said, assistantError: "invalid_request", rejectedUntil: undefined })
    expect(detail).toMatch(/^Incorrect API key provided: \S*redacted/)
    expect(detail).not.toContain("0123456789")
  })

  it("calls an answer without any content empty only where nothing was shown", () => {
    const said = result({ result: "API Error: API returned an empty or malformed response (HTTP 200)" })
    const evidence = { result: said, assistantError: undefined, rejectedUntil: undefined }
    expect(classify(evidence)).toEqual({ class: "empty_response" })
    expect(classify({ ...evidence, shown: true })).toEqual({ class: "transport" })
  })
})
