/** What happened, appended for ever under numbers without gaps; each stream has its own. */
import type { DatabaseSync } from "node:sqlite"
import type { Closure, Cut, Fact, RecordedFact, Stream } from "../protocol/facts.ts"
import type { AttemptId, Instant, RequestId, TurnId } from "../protocol/ids.ts"
import { joinFact, packText, splitFact, unpackText } from "./long-texts.ts"

export type NewFact = Pick<RecordedFact, "stream" | "turn" | "attempt" | "at" | "fact">

export interface PageLimits {
  readonly facts: number
  /** Of the facts' JSON; a page has at least one fact, of at most 16 KB and an answer. */
  readonly bytes: number
}

export interface FactPage {
  /** In the order they happened. */
  readonly facts: readonly RecordedFact[]
  /** Whether there are more beyond the page, in its direction. */
  readonly hasMore: boolean
}

/** Of a fact, only what says in which order things went. */
export type OutlinedFact = Pick<RecordedFact, "seq" | "at" | "attempt"> & {
  readonly fact: Exclude<Fact, { kind: "item" }> | OutlinedItem
}
export interface OutlinedItem {
  readonly kind: "item"
  readonly item: { readonly kind: string; readonly status: string }
}

type Row = Record<string, unknown>

/** Facts that say that an agent is at it; all others bring their session to the top of the list. */
const PROGRESS: ReadonlySet<Fact["kind"]> = new Set(["item", "notice", "usage"])

export const factsSql = {
  outline: `SELECT seq, at, attempt, CASE kind WHEN 'item' THEN json_object('kind', 'item', 'item',
      json_object('kind', json_extract(body, '$.item.kind'), 'status', json_extract(body, '$.item.status')))
      ELSE body END AS body
    FROM events WHERE turn = ? ORDER BY seq`,
  closures: `SELECT json_extract(body, '$.why') AS why FROM events
    WHERE kind IN ('request.closed', 'request.overtaken', 'request.missed') AND json_extract(body, '$.request') = ?`,
  turnOfAttempt: "SELECT turn FROM events WHERE kind = 'turn.started' AND attempt = ? LIMIT 1",
} as const

export function factsTable(db: DatabaseSync) {
  const takeSeq = db.prepare(`INSERT INTO streams (name, next_seq) VALUES (?, 2)
    ON CONFLICT (name) DO UPDATE SET next_seq = next_seq + 1 RETURNING next_seq - 1 AS seq`)
  const touch = db.prepare("UPDATE sessions SET updated_at = ? WHERE id = ?")
  const insert = db.prepare(`INSERT INTO events
    (stream, seq, turn, attempt, at, recorded_at, kind, body, cut, same) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`)
  const addText = db.prepare("INSERT INTO texts (event, path, bulk, packed) VALUES (?, ?, ?, ?)")
  const after = db.prepare("SELECT * FROM events WHERE stream = ? AND seq > ? ORDER BY seq LIMIT ?")
  const before = db.prepare("SELECT * FROM events WHERE stream = ? AND seq < ? ORDER BY seq DESC LIMIT ?")
  const one = db.prepare("SELECT * FROM events WHERE stream = ? AND seq = ?")
  const textsOf = db.prepare("SELECT path, packed FROM texts WHERE event = ?")
  const ofTurn = db.prepare("SELECT * FROM events WHERE turn = ? ORDER BY seq DESC LIMIT ?")
  const lastMessage = db.prepare(`SELECT * FROM events WHERE turn = ? AND kind = 'item'
    AND json_extract(body, '$.item.kind') = 'message' ORDER BY seq DESC LIMIT 1`)
  const anyEffect = db.prepare(`SELECT 1 AS found FROM events WHERE turn = ? AND kind = 'item'
    AND json_extract(body, '$.item.kind') IN ('command', 'file_change', 'tool') LIMIT 1`)
  const stream = db.prepare("SELECT next_seq - 1 AS last, floor_seq AS floor FROM streams WHERE name = ?")
  const outline = db.prepare(factsSql.outline)
  const closures = db.prepare(factsSql.closures)
  const turnOfAttempt = db.prepare(factsSql.turnOfAttempt)

  const whole = (row: Row): Fact => {
    const texts = row.cut === null ? [] : textsOf.all(row.id as number)
    return joinFact(
      row.body as string,
      texts.map(({ path, packed }) => ({ path: path as string, text: unpackText(packed as Uint8Array) })),
    )
  }

  /** An answer is the agent's last message again: it is stored once, and this is where. */
  const sameAs = ({ turn, fact }: NewFact): number | null => {
    if (fact.kind !== "turn.ended" || fact.outcome.text === "" || turn === null) return null
    const row = lastMessage.get(turn)
    const said = row && messageOf(whole(row))
    return said === fact.outcome.text ? (row?.seq as number) : null
  }

  const toRecord = (row: Row, fact = JSON.parse(row.body as string) as Fact): RecordedFact => {
    const cut = row.cut === null ? null : (JSON.parse(row.cut as string) as readonly Cut[])
    return {
      stream: row.stream as Stream,
      seq: row.seq as number,
      turn: row.turn as TurnId | null,
      attempt: row.attempt as AttemptId | null,
      at: row.at as Instant,
      recordedAt: row.recorded_at as Instant,
      ...(cut ? { cut } : {}),
      fact,
    }
  }

  /** With the answer that its last message has said. */
  const completed = (row: Row, read: (row: Row) => RecordedFact): RecordedFact => {
    const record = read(row)
    if (row.same === null || record.fact.kind !== "turn.ended") return record
    const message = one.get(record.stream, row.same as number)
    const said = message && read(message)
    const text = said && messageOf(said.fact)
    if (text == null) return record
    const cut = said?.cut?.map(({ length }) => ({ path: "outcome.text", length }))
    const outcome = { ...record.fact.outcome, text }
    return { ...record, fact: { ...record.fact, outcome }, ...(cut ? { cut } : {}) }
  }

  const page = (rows: Iterable<Row>, limits: PageLimits): FactPage => {
    const facts: RecordedFact[] = []
    let bytes = 0
    for (const row of rows) {
      const record = completed(row, toRecord)
      const size = Buffer.byteLength(row.body as string) + sizeOfSame(row, record)
      const isFull = facts.length === limits.facts || (facts.length > 0 && bytes + size > limits.bytes)
      if (isFull) return { facts, hasMore: true }
      bytes += size
      facts.push(record)
    }
    return { facts, hasMore: false }
  }

  return {
    /** `now`: when it is recorded. Only inside a transaction. */
    append({ stream, turn, attempt, at, fact }: NewFact, now: Instant): RecordedFact {
      const seq = takeSeq.get(stream)?.seq as number
      if (stream !== "machine" && !PROGRESS.has(fact.kind)) touch.run(now, stream)
      const same = sameAs({ stream, turn, attempt, at, fact })
      const { body, cut, texts } = splitFact(same === null ? fact : withoutText(fact))
      const cutJson = cut.length === 0 ? null : JSON.stringify(cut)
      const { lastInsertRowid } = insert.run(
        ...([stream, seq, turn, attempt, at, now, fact.kind, body, cutJson, same] as const),
      )
      for (const { path, isBulk, text } of texts)
        addText.run(lastInsertRowid, path, isBulk ? 1 : 0, packText(text))
      return { stream, seq, turn, attempt, at, recordedAt: now, fact }
    },
    /** What follows `seq`. Long strings are cut, and marked as such. */
    after: (stream: Stream, seq: number, limits: PageLimits): FactPage =>
      page(after.iterate(stream, seq, limits.facts + 1), limits),
    /** What came last before `seq`. */
    before(stream: Stream, seq: number, limits: PageLimits): FactPage {
      const { facts, hasMore } = page(before.iterate(stream, seq, limits.facts + 1), limits)
      return { facts: facts.toReversed(), hasMore }
    },
    /** Whole, except for what was cleared away to save space; that is still marked as cut. */
    one(stream: Stream, seq: number): RecordedFact | null {
      const row = one.get(stream, seq)
      if (!row) return null
      return completed(row, (it) => withoutMarks(toRecord(it, whole(it)), textsOf.all(it.id as number)))
    },
    /** Number of the newest fact, 0 when there is none. */
    lastSeq: (name: Stream): number => Number(stream.get(name)?.last ?? 0),
    /** Up to this number facts may be missing: who has read less begins anew with the newest. */
    floorSeq: (name: Stream): number => Number(stream.get(name)?.floor ?? 0),
    /** Newest first. */
    ofTurn: (turn: TurnId, limit: number): readonly RecordedFact[] =>
      ofTurn.all(turn, limit).map((row) => toRecord(row)),
    /** In order. */
    outline: (turn: TurnId): readonly OutlinedFact[] =>
      outline.all(turn).map((row) => ({
        seq: row.seq as number,
        at: row.at as Instant,
        attempt: row.attempt as AttemptId | null,
        fact: JSON.parse(row.body as string),
      })),
    /** Also of an attempt that another one has followed, when the agent had accepted it. */
    turnOfAttempt: (attempt: AttemptId): TurnId | null =>
      (turnOfAttempt.get(attempt)?.turn as TurnId | undefined) ?? null,
    /** Why nobody waits for an answer any more, each time something was heard about it. */
    closuresOf: (request: RequestId): readonly Closure[] =>
      closures.all(request).map(({ why }) => why as Closure),
    /** Whether the agent did anything in this turn that a second run would do again. */
    hadEffects: (turn: TurnId): boolean => anyEffect.get(turn) !== undefined,
  }
}

/** Bytes that are stored with another fact. */
function sizeOfSame({ same }: Row, { fact }: RecordedFact): number {
  return same !== null && fact.kind === "turn.ended" ? Buffer.byteLength(fact.outcome.text) : 0
}

function messageOf(fact: Fact): string | null {
  return fact.kind === "item" && fact.item.kind === "message" ? fact.item.text : null
}

function withoutText(fact: Fact): Fact {
  return fact.kind === "turn.ended" ? { ...fact, outcome: { ...fact.outcome, text: "" } } : fact
}

/** Of a fact whose texts were put back: only what is missing is still cut. */
function withoutMarks(record: RecordedFact, found: readonly Row[]): RecordedFact {
  const { cut = [], ...rest } = record
  const missing = cut.filter(({ path }) => !found.some((text) => text.path === path))
  return missing.length === 0 ? rest : { ...rest, cut: missing }
}
