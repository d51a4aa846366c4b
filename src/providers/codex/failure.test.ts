import { describe, expect, it } from "vitest"
import { readRefusal, readTurnError } from "./failure.ts"

function read(message: string, codexErrorInfo: unknown = "other", resetsAt: number | null = null) {
  return readTurnError({ message, codexErrorInfo, additionalDetails: null }, resetsAt)
}

describe("readTurnError", () => {
  it.each([
    ["contextWindowExceeded", "context_overflow"],
    ["sessionBudgetExceeded", "usage_limit"],
    ["usageLimitExceeded", "usage_limit"],
    ["rateLimitExceeded", "rate_limit"],
    ["flexUnavailable", "capacity"],
    ["serverOverloaded", "capacity"],
    ["policyCapacityUnavailable", "capacity"],
    ["internalServerError", "capacity"],
    ["modelNotFound", "bad_request"],
    ["inferenceHookDenied", "refused"],
    ["bioPolicy", "refused"],
    ["cyberPolicy", "refused"],
    ["misalignmentPolicyViolation", "refused"],
    ["tooManyDenials", "refused"],
    ["unauthorized", "auth"],
    ["sandboxError", "unknown"],
    ["a word of the future", "unknown"],
    ["toString", "unknown"],
    [null, "unknown"],
    [{ httpConnectionFailed: { httpStatusCode: 401 } }, "auth"],
    [{ httpConnectionFailed: { httpStatusCode: 403 } }, "auth"],
    [{ httpConnectionFailed: { httpStatusCode: 404 } }, "bad_request"],
    [{ httpConnectionFailed: { httpStatusCode: 502 } }, "capacity"],
    [{ httpConnectionFailed: { httpStatusCode: null } }, "transport"],
    [{ responseStreamConnectionFailed: { httpStatusCode: 429 } }, "rate_limit"],
    [{ responseStreamDisconnected: { httpStatusCode: null } }, "transport"],
    [{ responseTooManyFailedAttempts: { httpStatusCode: 429 } }, "rate_limit"],
    [{ responseTooManyFailedAttempts: { httpStatusCode: 503 } }, "capacity"],
  ])("%j is %s", (info, expected) => {
    expect(read("Something happened.", info).class).toBe(expected)
  })

  it.each([
    ["stream disconnected before completion: stream closed", "transport"],
    ["error sending request for url (http://127.0.0.1:9/v1/responses)", "transport"],
    ["Missing environment variable: `MY_KEY`.", "auth"],
    ["Incomplete response returned, reason: max_output_tokens", "unknown"],
    ['{"error":{"message":"Invalid value: \\"x\\".","type":"invalid_request_error"}}', "bad_request"],
    ["{not json", "unknown"],
  ])("%s is %s", (message, expected) => {
    expect(read(message).class).toBe(expected)
  })

  it("says when a usage limit ends, and only there", () => {
    expect(read("", "usageLimitExceeded", 5).resetsAt).toBe(5)
    expect(read("", "usageLimitExceeded").resetsAt).toBeUndefined()
    expect(read("", "rateLimitExceeded", 5).resetsAt).toBeUndefined()
    const unpaid = read("Quota exceeded. Check your plan and billing details.", "usageLimitExceeded", 5)
    expect(unpaid).toEqual({ class: "usage_limit", reason: { code: "credit_too_low" } })
  })

  it("passes on what an API said, without its wrapping, paths and addresses", () => {
    const body = { error: { message: "See https://api.example.com/v1/files in /srv/data/x\nmore", code: 1 } }
    expect(read(JSON.stringify(body)).detail).toBe("See … in …")
  })

  it("names the variable whose absence is the reason", () => {
    const reason = { code: "key_variable_missing", variable: "MY_KEY" }
    expect(read("Missing environment variable: `MY_KEY`.").reason).toEqual(reason)
  })
})

describe("readRefusal", () => {
  it.each([
    ["thread 01a2 already has an active writer", "refused", "open_elsewhere"],
    ["thread 01a2 is closing; retry thread/resume after the thread is closed.", "refused", "open_elsewhere"],
    ["no rollout found for thread id 01a2", "bad_request", "session_unknown"],
    ["thread not found: 01a2", "bad_request", "session_unknown"],
    ["model provider `x` not found", "bad_request", "model_provider_unknown"],
    ["please log in", "auth", "not_signed_in"],
    ["authentication required to read rate limits", "auth", "not_signed_in"],
  ])("%s", (message, expected, code) => {
    expect(readRefusal(message)).toMatchObject({ class: expected, reason: { code, agent: "Codex" } })
  })

  it("takes no word for another that is in it", () => {
    for (const message of ["The author left", "plugin catalog in maintenance"]) {
      expect(readRefusal(message).class).toBe("bad_request")
    }
  })

  it("passes on what it does not know", () => {
    expect(readRefusal("remote image URLs are not supported")).toEqual({
      class: "bad_request",
      detail: "remote image URLs are not supported.",
    })
  })
})
