import { describe, expect, it } from "vitest"
import { FailureClass } from "../protocol/session.ts"
import { retryPolicy } from "./failure.ts"

describe("retryPolicy", () => {
  it.each(["capacity", "rate_limit", "transport", "empty_response"] as const)("retries %s", (failure) => {
    expect(retryPolicy(failure).retry).toBe(true)
  })

  it.each([
    "usage_limit",
    "auth",
    "context_overflow",
    "refused",
    "stopped",
    "bad_request",
    "unknown",
  ] as const)("does not retry %s", (failure) => {
    expect(retryPolicy(failure)).toEqual({ retry: false })
  })

  it.each([
    [1, 0, 2_500],
    [1, 0.999, 4_998],
    [2, 0, 5_000],
    [3, 0.5, 15_000],
    [6, 0, 60_000],
    [60, 0.999, 119_940],
  ])("waits after attempt %i at chance %f for %i ms when capacity is short", (attempt, random, ms) => {
    const policy = retryPolicy("capacity")
    expect(policy.retry && policy.delayMs(attempt, random)).toBe(ms)
  })

  it("always ends, and waits minutes at most", () => {
    for (const failure of FailureClass.options) {
      const policy = retryPolicy(failure)
      if (!policy.retry) continue
      expect(policy.maxAttempts).toBeLessThanOrEqual(6)
      for (let attempt = 1; attempt <= policy.maxAttempts; attempt++) {
        expect(policy.delayMs(attempt, 0)).toBeGreaterThan(0)
        expect(policy.delayMs(attempt, 0.9999)).toBeLessThanOrEqual(300_000)
      }
    }
  })
})
