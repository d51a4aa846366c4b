import { describe, expect, it } from "vitest"
import { telegramText } from "../../core/texts/telegram.ts"
import { wordError } from "../../runtime/commands/error-words.ts"
import { OwnerError } from "../../runtime/errors.ts"
import { wordFailure } from "./owner-words.ts"

const en = telegramText("en")
const ko = telegramText("ko")
const signedOut = {
  class: "auth",
  reason: { code: "not_signed_in", agent: "Codex", command: "codex login" },
} as const

describe("a failure in a chat", () => {
  it("is told by its reason alone, which says more than its class", () => {
    expect(wordFailure(signedOut, en)).toBe(
      "Codex is not signed in, or its key was refused. On the machine, run: codex login",
    )
    expect(wordFailure(signedOut, ko)).toBe(
      "Codex에 로그인되어 있지 않거나 키가 거부되었습니다. 컴퓨터에서 실행하세요: codex login",
    )
  })

  it("is told by its class without one, then by the agent's own words and where more is", () => {
    const failure = { class: "unknown", detail: "Exotic trouble.", logId: "L1" } as const
    expect(wordFailure(failure, ko).split("\n")).toEqual([
      ko("failure.unknown"),
      "Exotic trouble.",
      ko("error.details", { id: "L1" }),
    ])
  })

  it("is what is told of a question that the agent could not answer", () => {
    expect(wordError(new OwnerError("agent_failed", {}, { failure: signedOut }), ko)).toBe(
      wordFailure(signedOut, ko),
    )
    const unavailable = { class: "unknown", reason: { code: "host_cannot_start" } } as const
    expect(wordError(new OwnerError("host_unavailable", {}, { failure: unavailable }), ko)).toBe(
      ko("error.host_unavailable", { reason: ko("reason.host_cannot_start") }),
    )
  })
})
