import { randomUUID } from "node:crypto"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { systemClock } from "../../core/clock.ts"
import { riskText } from "../../core/texts/risk.ts"
import { telegramText } from "../../core/texts/telegram.ts"
import { type Ledger, openLedger } from "../../ledger/ledger.ts"
import type { AttemptId, ProviderId, RequestId, SessionId } from "../../protocol/ids.ts"
import { Action } from "../../runtime/commands/action.ts"
import type { RuntimeContext } from "../../runtime/context.ts"
import { HandOvers } from "../../runtime/hand-over.ts"
import { Recorder } from "../../runtime/recorder.ts"
import { Requests } from "../../runtime/requests.ts"
import { Turns } from "../../runtime/turns.ts"
import { Outgoing } from "../delivery/outgoing.ts"
import { type Payload, readPayload } from "../delivery/payload.ts"
import type { Tapped } from "../delivery/tapped.ts"
import { RequestAnswers } from "./answers.ts"
import { RequestNotices } from "./notice.ts"

const session = "S001" as SessionId
const firstId = "r1" as RequestId
const id = firstId
const handOversOf = (runtime: RuntimeContext) =>
  new HandOvers(runtime, { journal: () => "journal", tell: () => undefined })
const to = { bot: 1, chat: 42, thread: null }

describe("a reply to an approval", () => {
  let directory: string
  let ledger: Ledger
  let answers: RequestAnswers
  let notices: RequestNotices
  let runtime: RuntimeContext
  beforeEach(async () => {
    directory = mkdtempSync(join(tmpdir(), "answers-"))
    ledger = await openLedger(directory, 0)
    const log = { debug() {}, info() {}, warn() {}, error() {}, keep: () => "log" }
    const recorder = new Recorder({ ledger, clock: systemClock, log })
    recorder.add({
      name: "test",
      onFact: (fact, about) => {
        if (fact.kind === "request.answered") notices.closed(about.request(fact.request), about.session)
      },
    })
    runtime = {
      ...{ ledger, clock: systemClock, log, newId: randomUUID, random: () => 0 },
      record: (fact, subject, at) => recorder.record(fact, subject, at),
    }
    const say = telegramText("en")
    const out = new Outgoing(ledger, systemClock, () => undefined)
    notices = new RequestNotices({ ledger, say, sayRisk: riskText("en"), out, clock: systemClock })
    const requests = new Requests(runtime, handOversOf(runtime))
    answers = new RequestAnswers({
      kernel: { ledger, clock: systemClock, requests },
      ...{ say, notices },
    })
    const workspace = { workspace: directory, workspaceKind: "external" } as const
    const provider = "demo" as ProviderId
    ledger.sessions.create(
      { id: session, title: "", titleBy: "runtime", provider, settings: {}, ...workspace },
      0,
    )
  })
  function opens(id: RequestId = firstId): void {
    const context = { handOvers: handOversOf(runtime), queued: () => undefined, wake: () => undefined }
    const submission = {
      session,
      origin: "owner",
      channel: null,
      sourceMessage: null,
      clientId: null,
      hold: null,
    } as const
    const turn = new Turns(runtime, context).submit({ ...submission, prompt: { text: "go", files: [] } })
    const attempt = randomUUID() as AttemptId
    ledger.turns.dispatch(turn.id, attempt)
    ledger.turns.setState(turn.id, "running", 1)
    const options = [
      { id: "yes", effect: "allow_once" },
      { id: "rule", effect: "allow_always", scope: "xargs" },
      { id: "no", effect: "deny" },
    ] as const
    const body = {
      kind: "approval",
      subject: "command",
      title: "ls",
      command: "ls",
      options,
      acceptsReason: true,
    } as const
    ledger.requests.open({ id, session, turn: turn.id, attempt, body }, 1)
    const request = ledger.requests.find(id)
    const found = ledger.sessions.find(session)
    if (request && found) ledger.transact(() => notices.opened(request, found, to))
  }

  const owed = (): readonly Payload[] =>
    ledger.outbox.ofRequest(id).flatMap((row) => readPayload(row.payload) ?? [])

  it.each([
    ...[
      "yes",
      "yes please",
      "ok thanks",
      "okay, do it",
      "yes, go",
      "go",
      "proceed",
      "allowed",
      "Allow once",
      "fine",
    ],
    ...[
      "👍",
      "y!",
      "si",
      "네",
      "네 진행해",
      "넵",
      "ㅇㅇ",
      "ㅇㅋ",
      "해줘",
      "진행해",
      "허용해",
      "허용해줘",
      "한 번 허용",
      "오케이",
    ],
    ...[
      "예제 파일은 지우지 마",
      "그래도 안 돼",
      "네가 틀렸어, 하지 마",
      "허용 안 함",
      "no, use the other branch",
    ],
    ...["why?", "what does this do?", "이게 뭐야?"],
  ])("%j decides nothing: the owner is asked what they mean", (text) => {
    opens()
    expect(ledger.transact(() => answers.reply(id, text, to))).toBeUndefined()
    expect(ledger.requests.find(id)?.state).toBe("open")
    const asked = owed().at(-1)
    expect(asked).toMatchObject({ kind: "text", rich: { text: `Deny with this reason?\n${text}` } })
    const buttons = asked?.kind === "text" ? (asked.buttons ?? []).flat() : []
    expect(buttons.map(({ label }) => label)).toEqual(["Deny", "Allow once"])
    const bodies = buttons.map((button) =>
      "action" in button ? ledger.actions.find(button.action)?.body : null,
    )
    expect(bodies).toMatchObject([
      { args: { answer: { option: "no", reason: text } } },
      { args: { answer: { option: "yes" } } },
    ])
  })
  it("gives a rule that lets an agent run anything only with a second tap", () => {
    opens()
    const bodyOf = (label: string) => {
      const shown = owed().at(-1)
      const button = (shown?.kind === "text" ? (shown.buttons ?? []) : [])
        .flat()
        .find((one) => one.label === label)
      const action = button && "action" in button ? ledger.actions.find(button.action)?.body : null
      return { shown, action: Action.parse(action) }
    }
    const tap = (label: string) => {
      const act = answers.tapped({ action: bodyOf(label).action, address: to } as Tapped)
      return ledger.transact(() => act?.())
    }
    expect(bodyOf("Always allow (1)").action.once).toBe(false)
    expect(tap("Always allow (1)")).toBeUndefined()
    expect(ledger.requests.find(id)?.state).toBe("open")
    const { shown } = bodyOf("Yes, allow it lastingly")
    expect(shown?.kind === "text" && shown.rich.text).toMatch(
      /^S001: 1\. Always allow: xargs ⚠ lets it run anything\?/,
    )
    expect(tap("Yes, allow it lastingly")).toEqual({ text: "Always allowed" })
    expect(ledger.requests.find(id)?.answer).toEqual({ kind: "option", option: "rule" })
  })
  describe("many at once", () => {
    const many = Array.from(
      { length: 40 },
      (_, index) => `many-${String(index).padStart(2, "0")}` as RequestId,
    )
    const openNow = () => many.filter((one) => ledger.requests.find(one)?.state === "open")
    const cards = () => many.filter((one) => ledger.outbox.ofRequest(one).length > 0)
    const lines = () => rows().filter(({ key }) => key?.startsWith("request-crowd:"))
    const rows = () => ledger.outbox.openOf("telegram:1:42", 500)
    const denyAll = { of: "request", verb: "deny_all", session, args: {}, once: true }

    it("have five cards and one line; the next comes when one is decided", () => {
      for (const one of many) opens(one)
      expect(cards()).toEqual(many.slice(0, 5))
      expect(lines()).toHaveLength(1)
      answered(many[2] as RequestId)
      expect(cards()).toEqual(many.slice(0, 6))
      expect(lines()).toHaveLength(1)
    })

    it("are denied with one tap, which shows none that was not shown before", () => {
      for (const one of many) opens(one)
      const act = answers.tapped({ action: denyAll, address: to } as Tapped)
      expect(ledger.transact(() => act?.())).toEqual({ text: "Denied: 40" })
      expect(openNow()).toEqual([])
      expect(cards()).toEqual(many.slice(0, 5))
    })

    function answered(one: RequestId): void {
      ledger.transact(() => answers.answer(one, 1, { kind: "option", option: "no" }))
    }
  })
  afterEach(() => {
    ledger.close()
    rmSync(directory, { recursive: true })
  })
})
