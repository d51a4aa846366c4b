import { expect, it } from "vitest"
import { MAX_MESSAGE_BYTES } from "../protocol/host-link.ts"
import type { AttemptId, ItemId } from "../protocol/ids.ts"
import { ProviderEvent } from "../protocol/session.ts"
import { boundEvent } from "./bound-event.ts"

const attempt = "00000000-0000-4000-8000-000000000001" as AttemptId
const ended = (text: string): ProviderEvent => ({
  kind: "attempt.ended",
  attempt,
  outcome: { kind: "completed", text },
})

it("leaves an event alone that fits", () => {
  const event = ended("x".repeat(5_000_000))
  expect(boundEvent(event)).toBe(event)
})

it("leaves out the middle of a text that is too long, and keeps its ends", () => {
  const bounded = boundEvent(ended(`begin${"€".repeat(9_000_000)}end`))
  expect(Buffer.byteLength(JSON.stringify(bounded))).toBeLessThan(MAX_MESSAGE_BYTES)
  expect(ProviderEvent.parse(bounded)).toMatchObject({
    outcome: { text: expect.stringMatching(/^begin€[\s\S]*…[\s\S]*€end$/) },
  })
})

it("says when even that does not help", () => {
  const steps = Array.from({ length: 400_000 }, () => ({ text: "step", status: "pending" }) as const)
  expect(
    boundEvent({
      kind: "item",
      attempt,
      item: { kind: "plan", id: "p" as ItemId, status: "running", steps },
    }),
  ).toBeNull()
})
