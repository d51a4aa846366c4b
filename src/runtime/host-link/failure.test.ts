import { describe, expect, it } from "vitest"
import type { Failure } from "../../protocol/session.ts"
import { failureOfLink } from "./failure.ts"
import { HostLinkError } from "./link.ts"

describe("why the host is not available", () => {
  it.each([
    [new HostLinkError("not_started", "x"), "host_cannot_start"],
    [new HostLinkError("refused", "x"), "host_incompatible"],
    [new HostLinkError("closed", "x"), "host_gone"],
    [new HostLinkError("storage", "x"), "disk_full"],
    [new HostLinkError("invalid", "x"), "host_fault"],
    [Object.assign(new Error("x"), { code: "ENOSPC" }), "disk_full"],
    [new Error("/srv/data is gone"), "host_fault"],
  ])("%s is told by a reason, not by its message", (error, code) => {
    expect(failureOfLink(error)).toEqual({ class: "unknown", reason: { code } })
  })

  it("is what the host itself said, when it said so", () => {
    const failure: Failure = { class: "auth", reason: { code: "not_signed_in", agent: "X" } }
    expect(failureOfLink(new HostLinkError("provider", "x", { failure }))).toBe(failure)
  })
})
