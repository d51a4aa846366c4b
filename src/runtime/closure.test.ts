import { describe, expect, it } from "vitest"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Closure } from "../protocol/facts.ts"
import type { AttemptId, RequestId, TurnId } from "../protocol/ids.ts"
import { closureOf, type Unanswered } from "./closure.ts"

const [id, turn, attempt] = ["r" as RequestId, "t" as TurnId, "a" as AttemptId]
const request = { id, turn, attempt } as StoredRequest
const running = { id: turn, attempt, state: "running", outcome: null, stopRequestedAt: null }
const failed = (failure: string) => ({ outcome: { kind: "failed", failure: { class: failure } } })

function ledgerOf(more: object, closures: readonly Closure[] = []) {
  return {
    turns: { find: () => ({ ...running, ...more }) as Turn },
    facts: { closuresOf: () => closures },
  }
}

describe("an agent does not wait any more", () => {
  it.each<[string, Unanswered, object]>([
    ["because it took the question back", "withdrawn", {}],
    ["because the turn is being stopped", "stopped", { stopRequestedAt: 1 }],
    ["because the turn was stopped", "stopped", { outcome: { kind: "stopped" } }],
    ["because the turn has ended", "ended", { outcome: { kind: "completed" } }],
    ["because the turn failed", "ended", failed("refused")],
    ["because its process ended", "restarted", failed("crashed")],
    ["because the host died", "restarted", { outcome: { kind: "indeterminate", consumed: "yes" } }],
    ["because it comes again", "restarted", { state: "queued" }],
    ["because it is at another attempt", "restarted", { attempt: "b" }],
  ])("%s", (_name, closure, more) => {
    expect(closureOf(ledgerOf(more), request)).toBe(closure)
  })

  it("because it was answered in the agent itself, whatever came of the turn", () => {
    const ledger = ledgerOf({ outcome: { kind: "completed" } }, ["elsewhere"])
    expect(closureOf(ledger, request)).toBe("elsewhere")
  })
})
