import { randomUUID } from "node:crypto"
import { describe, expect, it } from "vitest"
import { AttemptId, RequestId } from "../protocol/ids.ts"
import type { ProviderEvent, RequestBody } from "../protocol/session.ts"
import { AttemptRecord } from "./attempt-record.ts"
import { OpenRequests } from "./open-requests.ts"

const attempt = AttemptId.parse(randomUUID())

function recorded() {
  const told: (ProviderEvent | string)[] = []
  const late: object[] = []
  const nothing = (): void => undefined
  const log = {
    ...{ debug: nothing, warn: nothing, error: nothing, keep: () => "log-1" },
    info: (fields: object) => void late.push(fields),
  }
  const sink = {
    emit: (event: ProviderEvent) => void told.push(event),
    delta: (_: AttemptId, item: string, channel: string, text: string) =>
      void told.push(`${channel} ${item}: ${text}`),
    closed: nothing,
  }
  return { told, late, record: new AttemptRecord({ attempt, sink, log }) }
}

const kinds = (told: readonly (ProviderEvent | string)[]): readonly string[] =>
  told.map((one) => (typeof one === "string" ? one : one.kind))

const command = { kind: "command", command: "ls", status: "running" } as const

describe("what is told of an attempt", () => {
  it("begins with its acceptance, whatever was told before", () => {
    const { told, record } = recorded()
    record.notice({ code: "context_compacted" })
    record.append("m", "message", "hi")
    expect(told).toEqual([])
    record.accept()
    record.accept()
    expect(kinds(told)).toEqual(["attempt.accepted", "notice", "item", "message m: hi"])
  })

  it("ends once, and nothing comes after", () => {
    const { told, late, record } = recorded()
    record.accept()
    record.end({ kind: "completed", text: "done" })
    record.end({ kind: "stopped", text: "" })
    record.put({ ...command, id: "c" })
    record.append("m", "message", "late")
    record.notice({ code: "context_compacted" })
    record.requestOpened(RequestId.parse("r"), approval("x"))
    expect(kinds(told)).toEqual(["attempt.accepted", "attempt.ended"])
    expect(late).toHaveLength(5)
  })

  it("says the same item once", () => {
    const { told, record } = recorded()
    record.accept()
    for (let n = 0; n < 3; n++) record.put({ ...command, id: "c" })
    expect(kinds(told)).toEqual(["attempt.accepted", "item"])
  })

  it("goes on where the agent prompts itself: what is open is closed, what is done is forgotten", () => {
    const { told, record } = recorded()
    record.accept()
    record.put({ ...command, id: "c" })
    record.append("m", "message", "unfinished")
    record.startOver()
    expect(record.items()).toEqual([])
    expect(told.slice(-2)).toMatchObject([
      { kind: "item", item: { id: "c", status: "interrupted" } },
      { kind: "item", item: { id: "m", status: "dropped" } },
    ])
    record.append("m2", "message", "more")
    record.end({ kind: "completed", text: "more" })
    expect(kinds(told).filter((kind) => kind.startsWith("attempt"))).toEqual([
      "attempt.accepted",
      "attempt.ended",
    ])
  })

  it("tells nothing of an attempt that was given up before it began", () => {
    const { told, record } = recorded()
    record.append("m", "message", "hi")
    record.abandon()
    record.accept()
    expect(told).toEqual([])
  })

  it.each([
    [{ kind: "completed", text: "" }, ["dropped", "interrupted", "completed"]],
    [{ kind: "stopped", text: "" }, ["interrupted", "interrupted", "interrupted"]],
    [
      { kind: "failed", failure: { class: "crashed" }, text: "" },
      ["interrupted", "interrupted", "interrupted"],
    ],
  ] as const)("closes what is left open by how it ended: %j", (outcome, statuses) => {
    const { record } = recorded()
    record.accept()
    record.append("m", "message", "half")
    record.put({ ...command, id: "c" })
    record.put({ id: "p", kind: "plan", status: "running", steps: [{ text: "one", status: "running" }] })
    record.end(outcome)
    expect(record.items().map((item) => item.status)).toEqual(statuses)
    expect(record.item("m")).toMatchObject({ text: "half" })
  })

  it("gives a command the output that came by pieces, when it does not come whole", () => {
    const { record } = recorded()
    record.accept()
    record.put({ ...command, id: "c" })
    record.append("c", "output", "one\n")
    record.append("c", "output", "two\n")
    record.put({ ...command, id: "c", status: "completed" })
    expect(record.item("c")).toMatchObject({ output: "one\ntwo\n", status: "completed" })
  })

  it("does not let text grow that is complete", () => {
    const { told, record } = recorded()
    record.accept()
    record.put({ id: "m", kind: "message", status: "completed", text: "whole" })
    record.append("m", "message", " and more")
    expect(record.item("m")).toMatchObject({ text: "whole" })
    expect(kinds(told)).toEqual(["attempt.accepted", "item"])
  })

  it.each(["", "x".repeat(10_000)])("takes any id", (id) => {
    const { told, record } = recorded()
    record.accept()
    record.put({ ...command, id })
    record.put({ ...command, id, status: "completed" })
    expect(kinds(told)).toEqual(["attempt.accepted", "item", "item"])
    expect(record.items()).toMatchObject([{ status: "completed" }])
  })
})

function approval(title: string): RequestBody {
  const options = [{ id: "yes", effect: "allow_once" } as const]
  return { kind: "approval", subject: "command", title, command: title, options, acceptsReason: false }
}

describe("open requests", () => {
  function asking() {
    const { told, record } = recorded()
    record.accept()
    const requests = new OpenRequests<string, string>(randomUUID)
    const open = (key: string, title: string) =>
      requests.open(key, {
        record,
        body: approval(title),
        translate: (answer) => (answer.kind === "option" ? `${title}: ${answer.option}` : null),
      })
    const yes = { kind: "option", option: "yes" } as const
    return { told, record, requests, open, yes }
  }

  it("have ids of our own", () => {
    const { open, requests, yes } = asking()
    for (const key of ["", "r".repeat(500)]) {
      const request = open(key, "ls")
      expect(request).toMatch(/^[0-9a-f-]{36}$/)
      expect(request && requests.answer(request, yes)).toEqual({ key, reply: "ls: yes" })
    }
  })

  it("are not asked twice when an agent repeats one", () => {
    const { told, open } = asking()
    expect(open("a", "ls")).toBe(open("a", "ls"))
    expect(kinds(told)).toEqual(["attempt.accepted", "request.opened"])
  })

  it("answer what was shown, when the agent uses an id again for something else", () => {
    const { told, open, requests, yes } = asking()
    const first = open("a", "ls")
    const second = open("a", "rm -rf /")
    expect(kinds(told)).toEqual(["attempt.accepted", "request.opened", "request.closed", "request.opened"])
    expect(first && requests.answer(first, yes)).toBeNull()
    expect(second && requests.answer(second, yes)).toEqual({ key: "a", reply: "rm -rf /: yes" })
  })

  it("stay open for an answer that does not fit, and are answered once", () => {
    const { open, requests, yes } = asking()
    const request = open("a", "ls") ?? expect.unreachable()
    expect(() => requests.answer(request, { kind: "dismissed" })).toThrow()
    expect(requests.answer(request, yes)).not.toBeNull()
    expect(requests.answer(request, yes)).toBeNull()
  })

  it("cannot be put to anybody once the attempt has ended", () => {
    const { record, open, requests } = asking()
    record.end({ kind: "stopped", text: "" })
    expect(open("a", "ls")).toBeNull()
    expect(requests.size).toBe(0)
  })
})
