import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { Fact, type RecordedFact, type Stream } from "../protocol/facts.ts"
import type { AttemptId, ItemId, RequestId, SessionId, TurnId } from "../protocol/ids.ts"
import type { Item } from "../protocol/session.ts"
import { LEDGER_FILE } from "./database.ts"
import { type Ledger, openLedger } from "./ledger.ts"
import { BODY_BYTES, joinFact, splitFact } from "./long-texts.ts"

let directory = ""
let ledger: Ledger
beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), "facts-"))
  ledger = await openLedger(directory, 1)
})
afterEach(() => {
  ledger.close()
  rmSync(directory, { recursive: true })
})

const S1 = "S001" as SessionId
const turn = "00000000-0000-4000-8000-000000000001" as TurnId
const ALL = { facts: 1000, bytes: 1e9 }

function append(fact: Fact, more: { stream?: Stream; attempt?: AttemptId; at?: number } = {}): number {
  const { stream = S1, attempt = null, at = 1 } = more
  return ledger.facts.append({ stream, turn, attempt, at, fact }, 2).seq
}

const item = (value: object) =>
  ({ kind: "item", item: { id: "i" as ItemId, status: "completed", ...value } as Item }) as const
const says = (text: string) => item({ kind: "message", text })
const textOf = (record: RecordedFact | undefined) =>
  record?.fact.kind === "item" && record.fact.item.kind === "message" ? record.fact.item.text : null
const ends = (text: string) => ({ kind: "turn.ended", outcome: { kind: "completed", text } }) as const
const command = (output: string) => item({ kind: "command", command: "make", output })

function rows(sql: string) {
  const db = new DatabaseSync(join(directory, LEDGER_FILE), { readOnly: true })
  const found = db.prepare(sql).all()
  db.close()
  return found
}

describe("facts", () => {
  it("are numbered without gaps, each stream for itself, also over what was rolled back", () => {
    const stopped = { kind: "turn.stop_requested" } as const
    expect([append(stopped), append(stopped), append(stopped, { stream: "machine" })]).toEqual([1, 2, 1])
    const failed = () =>
      ledger.transact(() => {
        append(stopped)
        throw new Error("no")
      })
    expect(failed).toThrow("no")
    expect([append(stopped), ledger.facts.lastSeq(S1), ledger.facts.lastSeq("S002" as SessionId)]).toEqual([
      3, 3, 0,
    ])
  })

  it("say when they happened and when they were recorded", () => {
    append(says("hi"), { at: 70 })
    expect(ledger.facts.one(S1, 1)).toEqual({
      ...{ stream: S1, seq: 1, turn, attempt: null, at: 70, recordedAt: 2 },
      fact: says("hi"),
    })
  })

  it("are read forwards and backwards in pages that are bounded in number and bytes", () => {
    for (let i = 1; i <= 6; i += 1) append(says(`${i}`.repeat(1000)))
    const seqs = (page: ReturnType<Ledger["facts"]["after"]>) => [
      page.facts.map(({ seq }) => seq),
      page.hasMore,
    ]
    expect(seqs(ledger.facts.after(S1, 1, { facts: 2, bytes: 1e6 }))).toEqual([[2, 3], true])
    expect(seqs(ledger.facts.after(S1, 4, ALL))).toEqual([[5, 6], false])
    expect(seqs(ledger.facts.after(S1, 0, { facts: 100, bytes: 2500 }))).toEqual([[1, 2], true])
    expect(seqs(ledger.facts.after(S1, 0, { facts: 100, bytes: 1 }))).toEqual([[1], true])
    expect(seqs(ledger.facts.before(S1, 6, { facts: 2, bytes: 1e6 }))).toEqual([[4, 5], true])
    expect(seqs(ledger.facts.before(S1, 3, ALL))).toEqual([[1, 2], false])
  })

  it("know an attempt that another one has followed", () => {
    const attempts = ["first", "second"] as AttemptId[]
    for (const attempt of attempts)
      append({ kind: "turn.started", origin: "owner", attempts: 1 }, { attempt })
    expect(attempts.map(ledger.facts.turnOfAttempt)).toEqual([turn, turn])
    expect(ledger.facts.turnOfAttempt("third" as AttemptId)).toBeNull()
  })

  it("know why nobody waits for an answer, however long ago that was", () => {
    const [first, other] = ["r1", "r2"] as RequestId[] as [RequestId, RequestId]
    append({ kind: "request.overtaken", request: first, why: "elsewhere" })
    append({ kind: "request.missed", request: first, why: "stopped" })
    append({ kind: "request.answered", request: other, by: { surface: "a", detail: "b" }, answer: null })
    expect([first, other].map(ledger.facts.closuresOf)).toEqual([["elsewhere", "stopped"], []])
  })

  it("are outlined without what items contain, and tell whether something was done", () => {
    append(says("hi"))
    expect(ledger.facts.hadEffects(turn)).toBe(false)
    append(command("x".repeat(100)))
    expect(ledger.facts.outline(turn).map(({ fact }) => fact)).toEqual([
      { kind: "item", item: { kind: "message", status: "completed" } },
      { kind: "item", item: { kind: "command", status: "completed" } },
    ])
    expect(ledger.facts.hadEffects(turn)).toBe(true)
  })
})

describe("an answer", () => {
  it.each([
    ["short", "Done."],
    ["long", "All done. ".repeat(5000)],
  ])("that is %s is stored once, with the message that says it", (_, text) => {
    append(says("first"))
    append(says(text))
    const seq = append(ends(text))
    expect(ledger.facts.one(S1, seq)?.fact).toEqual(ends(text))
    const [read] = ledger.facts.after(S1, seq - 1, ALL).facts
    const [message] = ledger.facts.after(S1, seq - 2, ALL).facts
    expect(read?.fact).toMatchObject({
      outcome: { text: textOf(message) },
    })
    expect(rows(`SELECT body FROM events WHERE seq = ${seq}`)).toEqual([
      { body: '{"kind":"turn.ended","outcome":{"kind":"completed","text":""}}' },
    ])
  })

  it("that no message says is stored with the end", () => {
    append(says("something else"))
    expect(ledger.facts.one(S1, append(ends("Done.")))?.fact).toEqual(ends("Done."))
  })
})

describe("long texts", () => {
  it("are read along by beginning and end, and whole one by one", () => {
    const output = `begin ${"a line of a build log\n".repeat(3000)}end`
    const seq = append(command(output))
    const [read] = ledger.facts.after(S1, 0, ALL).facts
    expect(read?.cut).toEqual([{ path: "item.output", length: output.length }])
    const shown = read?.fact.kind === "item" && read.fact.item.kind === "command" ? read.fact.item.output : ""
    expect(shown).toMatch(/^begin a line[\s\S]{1000,2500}log\nend$/)
    expect(ledger.facts.one(S1, seq)).toMatchObject({ fact: command(output) })
    expect(ledger.facts.one(S1, seq)).not.toHaveProperty("cut")
    expect(Number(rows("SELECT length(packed) AS bytes FROM texts")[0]?.bytes)).toBeLessThan(1000)
  })

  const prompt = (text: string, files = 0): Fact => ({
    ...{ kind: "turn.queued", origin: "owner", from: null, clientId: null, hold: null, behind: null },
    prompt: {
      text,
      files: Array.from({ length: files }, (_, i) => ({
        path: `/${i}`,
        name: `${i}`,
        mediaType: "a/b",
        size: i,
      })),
    },
  })
  const change = (i: number) => ({ path: `${i}.ts`, change: "update", diff: "+".repeat(5000) })
  const changes = (count: number) =>
    item({ kind: "file_change", changes: Array.from({ length: count }, (_, i) => change(i)) })

  it.each<[string, Fact, { bulk: boolean | null }]>([
    ["a short answer", ends("x".repeat(1000)), { bulk: null }],
    ["a long answer", ends("x".repeat(10_000)), { bulk: null }],
    ["a prompt of a megabyte", prompt("가".repeat(350_000)), { bulk: false }],
    ["half a surrogate at every cut", prompt("😀".repeat(50_000)), { bulk: false }],
    ["ten diffs", changes(10), { bulk: true }],
    ["a thousand diffs", changes(1000), { bulk: true }],
    ["ten thousand files", prompt("look", 10_000), { bulk: false }],
    ["what must be escaped", prompt("\u0001".repeat(20_000)), { bulk: false }],
  ])("leave %s small, valid and whole again", (_, fact, { bulk }) => {
    const { body, cut, texts } = splitFact(fact)
    expect(Buffer.byteLength(body)).toBeLessThanOrEqual(BODY_BYTES)
    expect(Fact.parse(JSON.parse(body))).toBeDefined()
    expect(joinFact(body, texts)).toEqual(fact)
    expect(cut.map(({ path }) => path)).toEqual(texts.map(({ path }) => path))
    expect([...new Set(texts.map(({ isBulk }) => isBulk))]).toEqual(bulk === null ? [] : [bulk])
  })
})
