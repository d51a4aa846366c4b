import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, expect, it } from "vitest"
import { CollectedLog } from "../../test/fakes/telegram-rig.ts"
import { systemClock } from "../core/clock.ts"
import { riskText } from "../core/texts/risk.ts"
import { telegramText } from "../core/texts/telegram.ts"
import { type Ledger, openLedger } from "../ledger/ledger.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Fact } from "../protocol/facts.ts"
import type { AttemptId, ProviderId, RequestId } from "../protocol/ids.ts"
import type { RequestBody } from "../protocol/session.ts"
import { Kernel } from "../runtime/kernel.ts"
import { Topics } from "./chats/topics.ts"
import { Outgoing } from "./delivery/outgoing.ts"
import { readPayload } from "./delivery/payload.ts"
import { TelegramNotices } from "./notify.ts"
import { RequestNotices } from "./requests/notice.ts"
import { TurnCards } from "./turns/card.ts"
import { Answers } from "./turns/outcome.ts"

let directory: string
let ledger: Ledger
let kernel: Kernel
let turn: Turn
const log = new CollectedLog()
const attempt = "00000000-0000-4000-8000-00000000000a" as AttemptId
const bug = (): never => {
  throw new TypeError("a bug of this surface")
}

/** A chat with a session at work, and a surface in which one part is broken. */
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "notify-"))
  ledger = await openLedger(directory, 1)
  kernel = new Kernel({
    ...{ ledger, log, clock: systemClock, newId: randomUUID, random: Math.random },
    ...{ workspaceRoot: join(directory, "managed"), defaultWorkspace: null, defaultProvider: null },
    connectHost: () => Promise.reject(new Error("there is no host")),
    defaults: () => ({}),
  })
  const say = telegramText("en")
  const out = new Outgoing(ledger, systemClock, () => undefined)
  const broken = new Outgoing(ledger, { ...systemClock, now: bug }, () => undefined)
  kernel.add(
    new TelegramNotices({
      ...{ say, out, reach: { ledger, bots: [], fallback: null } },
      cards: new TurnCards({ ledger, say, out }),
      topics: new Topics({ kernel, say, out }),
      requests: new RequestNotices({ ledger, clock: systemClock, say: bug, out, sayRisk: riskText("en") }),
      answers: new Answers({ ledger, say, out: broken }),
    }),
  )
  const channel = ledger.channels.ensure("telegram", "7:42", 1).id
  const session = kernel.sessions.create({ provider: "demo" as ProviderId }).id
  kernel.sessions.bind(channel, session)
  const from = { session, channel, origin: "owner", sourceMessage: null, clientId: null, hold: null } as const
  const { id } = kernel.turns.submit({ ...from, prompt: { text: "x", files: [] } })
  ledger.turns.dispatch(id, attempt)
  ledger.turns.setState(id, "running", 1)
  turn = ledger.turns.find(id) as Turn
})
afterEach(() => {
  kernel.stop()
  ledger.close()
  rmSync(directory, { recursive: true })
})

const owed = () =>
  ledger.outbox.openOf("telegram:7:42", 9).map((row) => {
    const payload = readPayload(row.payload)
    return [row.priority, payload?.kind === "text" ? payload.rich.text : payload?.kind]
  })
const happens = (fact: Fact) => ledger.transact(() => kernel.record(fact, turn))

it("gives the answer as it is when it cannot be shown as usual, with the log's id", () => {
  happens({
    kind: "turn.ended",
    outcome: { kind: "completed", text: "All **done**.\nTELEGRAM_FILE: /a.txt" },
  })
  const text = expect.stringMatching(
    /^The answer of S001 cannot be shown as usual \(log \w+\)\. Its text:\n\nAll \*\*done\*\*\.\nTELEGRAM_FILE: \/a\.txt$/,
  )
  expect(owed()).toEqual([["final", text]])
  expect(ledger.facts.lastSeq(turn.session)).toBeGreaterThan(3)
})

it("says that a decision is waited for when the question cannot be shown, and where it can be answered", () => {
  const request = "r" as RequestId
  const body: RequestBody = {
    ...{ kind: "approval", subject: "command", title: "rm -rf /", acceptsReason: false },
    options: [{ id: "y", effect: "allow_once" }],
  }
  ledger.requests.open({ id: request, session: turn.session, turn: turn.id, attempt, body }, 1)
  happens({ kind: "request.opened", request, version: 1, body })
  const text = expect.stringMatching(/^S001 waits for your decision.*\(log \w+\).*remoteagent chat S001$/)
  expect(owed()).toEqual([["request", text]])
})
