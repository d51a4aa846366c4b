import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { StorageError } from "../ledger/errors.ts"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import type { HostEvent } from "../protocol/host-link.ts"
import { type AttemptId, HERE, type SessionId } from "../protocol/ids.ts"
import type { ProviderEvent } from "../protocol/session.ts"
import type { RuntimeContext } from "./context.ts"
import { EventIntake } from "./event-intake.ts"

let directory: string
let ledger: Ledger
let seen: string[]
let logged: string[]
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "event-intake-"))
  ledger = await openLedger(directory, 0)
  ledger.machines.setCursor(HERE, { journal: "j", acked: 0 })
  seen = []
  logged = []
})
afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

const attempt = "00000000-0000-4000-8000-000000000001" as AttemptId
const ended: ProviderEvent = { kind: "attempt.ended", attempt, outcome: { kind: "completed", text: "done" } }
const accepted: ProviderEvent = { kind: "attempt.accepted", attempt }

function take(events: readonly ProviderEvent[], failing: Partial<Record<string, Error>>): void {
  const context = {
    ledger,
    log: {
      ...{ debug() {}, info() {}, warn() {}, keep: () => "kept" },
      error: (_: object, message: string) => logged.push(message),
    },
  } as unknown as RuntimeContext
  const fail = (step: string) => {
    const error = failing[step]
    if (error) throw error
    seen.push(step)
  }
  const intake = new EventIntake(context, {
    machine: HERE,
    apply: ({ event }) => fail(`apply ${event.kind}`),
    endPlainly: () => fail("end plainly"),
    onTaken: (seq) => seen.push(`taken ${seq}`),
    onStuck: (error) => seen.push(`stuck: ${(error as Error).message}`),
  })
  events.forEach((event, index) => {
    intake.receive({ seq: index + 1, at: 5, session: "S001" as SessionId, event } satisfies HostEvent)
  })
  intake.flush()
}
const acked = () => ledger.machines.cursor(HERE)?.acked

describe("events of the host", () => {
  it("are taken in together with the cursor", () => {
    take([accepted, ended], {})
    expect([seen, acked()]).toEqual([["apply attempt.accepted", "apply attempt.ended", "taken 2"], 2])
  })

  it("do not hold up the others when one of them cannot be taken in", () => {
    take([accepted, ended], { "apply attempt.accepted": new TypeError("a bug") })
    expect([seen, acked()]).toEqual([["apply attempt.ended", "taken 2"], 2])
  })

  it("end an attempt also when its end cannot be taken in", () => {
    take([ended], { "apply attempt.ended": new TypeError("a bug") })
    expect([seen, acked()]).toEqual([["end plainly", "taken 1"], 1])
  })

  it("are not acknowledged when an attempt cannot be ended at all", () => {
    const bug = new TypeError("a bug")
    take([accepted, ended], { "apply attempt.ended": bug, "end plainly": bug })
    expect(seen.slice(-2)).toEqual(["apply attempt.accepted", "stuck: a bug"])
    expect(acked()).toBe(1)
  })

  it("wait for a disk that takes nothing", () => {
    take([ended], { "apply attempt.ended": new StorageError("full") })
    expect([seen, logged, acked()]).toEqual([["stuck: the ledger could not be written"], [], 0])
  })
})
