import { RequestError } from "@agentclientprotocol/sdk"
import { describe, expect, it } from "vitest"
import type { Log } from "../provider.ts"
import { asProviderError, classify } from "./failure.ts"

describe("an agent's error", () => {
  it.each([
    ["Codex without a sign-in", { code: -32_000, message: "Authentication required" }, "auth"],
    ["Gemini with an HTTP status for a code", { code: 401, message: "{}" }, "auth"],
    ["Gemini, too many requests", { code: 429, message: "{}" }, "rate_limit"],
    [
      "Claude, data.errorKind",
      { code: -32_603, message: "Internal error", data: { errorKind: "rate_limit" } },
      "rate_limit",
    ],
    [
      "Claude, server error",
      { code: -32_603, message: "Internal error", data: { errorKind: "server_error" } },
      "capacity",
    ],
    [
      "Qwen, data.details",
      { code: -32_603, message: "Internal error", data: { details: "400 bad" } },
      "bad_request",
    ],
    ["a full context", { code: -32_603, message: "prompt is too long: 210000 tokens" }, "context_overflow"],
    ["a used-up account", { code: -32_603, message: "You exceeded your current quota" }, "usage_limit"],
    ["no network", { code: -32_603, message: "fetch failed: ECONNREFUSED" }, "transport"],
    ["invalid parameters", { code: -32_602, message: "nope" }, "bad_request"],
    ["anything else", { code: -32_603, message: "Internal error" }, "unknown"],
  ])("%s", (_, error, expected) => {
    expect(classify(error)).toBe(expected)
  })

  it.each([
    [
      { label: "X", signIn: "x login" },
      { code: "not_signed_in", agent: "X", command: "x login" },
    ],
    [{ label: "X" }, { code: "not_signed_in", agent: "X" }],
  ])("for want of a sign-in, is told with the agent's command for it: %j", (profile, reason) => {
    const error = RequestError.authRequired()
    const log: Log = { debug() {}, info() {}, warn() {}, error() {}, keep: () => "id" }
    const { failure } = asProviderError(error, { alive: true, offered: null, profile, log })
    expect(failure).toEqual({ class: "auth", reason, logId: "id" })
  })

  it("is told without its payload, which is kept in the log", () => {
    const kept: unknown[] = []
    const nothing = (): void => undefined
    const log: Log = {
      debug: nothing,
      info: nothing,
      warn: nothing,
      error: nothing,
      keep: (_, it) => `id-${kept.push(it)}`,
    }
    const error = new RequestError(-32_603, "boom at /home/ada/x.js:1:2", { stack: "secret" })
    const { failure } = asProviderError(error, { alive: true, offered: null, profile: { label: "X" }, log })
    expect(failure).toEqual({ class: "unknown", logId: "id-1" })
    expect(JSON.stringify(kept)).toContain("secret")
  })
})
