/**
 * What the host must not forget: commands it took on, events the runtime has not yet committed, children it started.
 * The one place of the host with SQL.
 */
import { statfsSync } from "node:fs"
import type { DatabaseSync } from "node:sqlite"
import type { AttemptState } from "../../protocol/host-link.ts"
import type { AttemptId, Instant, RequestId } from "../../protocol/ids.ts"
import type { Prompt, SessionSpec } from "../../protocol/session.ts"
import {
  type AttemptRow,
  decodeAttempt,
  decodeEvent,
  type EventRow,
  type StoredEvent,
  textColumn,
} from "./rows.ts"
import { prepareStatements, type Statements } from "./statements.ts"

export type { AttemptRow, StoredEvent } from "./rows.ts"

export interface NewAttempt {
  readonly attempt: AttemptId
  readonly spec: SessionSpec
  readonly prompt: Prompt | null
  readonly state: AttemptState
  readonly at: Instant
}

export interface ChildRow {
  readonly pid: number
  readonly startTime: string
  readonly label: string
  readonly survivesHost: boolean
}

/** How long an ended attempt is remembered, so that a very late repetition of its command still starts nothing. */
const REMEMBER_ENDED_MS = 14 * 24 * 60 * 60 * 1000

/** So much of the disk, in bytes, is left for what makes room again: forgetting events needs some itself. */
const RESERVE = 4 * 1024 * 1024
const SQLITE_FULL = 13

/** Told like SQLite's own word for it. */
class DiskFull extends Error {
  override readonly name = "DiskFull"
  readonly errcode = SQLITE_FULL
}

export class Journal {
  readonly id: string
  readonly #path: string
  readonly #database: DatabaseSync
  readonly #sql: Statements

  constructor(database: DatabaseSync) {
    this.#database = database
    this.#path = database.location() ?? ""
    this.#sql = prepareStatements(database)
    this.id = textColumn(this.#sql.id.get(), "value")
  }

  /**
   * One transaction. `durable`: on the disk when this returns; otherwise it survives this process but not a power cut.
   */
  write(durability: "durable" | "process", change: () => void): void {
    this.#database.exec(
      `PRAGMA synchronous = ${durability === "durable" ? "FULL" : "NORMAL"}; BEGIN IMMEDIATE`,
    )
    try {
      change()
      this.#database.exec("COMMIT")
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec("ROLLBACK")
      throw error
    }
  }

  /**
   * To be asked before more is taken on, not before what ends something.
   * @throws DiskFull
   */
  mustHaveRoom(): void {
    const { bavail, bsize } = statfsSync(this.#path)
    if (bavail * bsize >= RESERVE) return
    // What was forgotten is given back to the disk only bit by bit, and is room as well.
    const { pages, size } = this.#sql.freePages.get() ?? {}
    if (bavail * bsize + Number(pages) * Number(size) < RESERVE)
      throw new DiskFull("there is too little room on the journal's disk")
  }

  close(): void {
    if (this.#database.isOpen) this.#database.close()
  }

  // Attempts

  attempt(id: AttemptId): AttemptRow | null {
    const row = this.#sql.attempt.get(id)
    return row ? decodeAttempt(row) : null
  }

  /** In the order of their arrival. */
  openAttempts(): readonly AttemptRow[] {
    return this.#sql.openAttempts.all().map(decodeAttempt)
  }

  addAttempt({ attempt, spec, prompt, state, at }: NewAttempt): void {
    const promptText = prompt === null ? null : JSON.stringify(prompt)
    this.#sql.addAttempt.run(attempt, spec.session, JSON.stringify(spec), promptText, state, at)
  }

  setState(attempt: AttemptId, state: Exclude<AttemptState, "ended">): void {
    this.#sql.setState.run(state, attempt)
  }

  /** The spec as it is now, for who must ask the provider about this attempt after a crash. */
  setSpec(attempt: AttemptId, spec: SessionSpec): void {
    this.#sql.setSpec.run(JSON.stringify(spec), attempt)
  }

  endAttempt(attempt: AttemptId, at: Instant): void {
    this.#sql.endAttempt.run(at, attempt)
    this.#sql.forgetRequestsOf.run(attempt)
  }

  /** Drops what no repeated command can ask for any more. */
  forgetOld(now: Instant): void {
    const before = now - REMEMBER_ENDED_MS
    this.write("process", () => {
      this.#sql.forgetAnswers.run(before)
      this.#sql.forgetSteers.run(before)
      this.#sql.forgetAttempts.run(before)
    })
  }

  // Events

  /** Only the first state of an item, which gives it its place, and the last are kept. */
  addEvent({ session, at, attempt, item, body }: EventRow): void {
    if (attempt !== null && item !== null) this.#sql.supersede.run({ attempt, item })
    this.#sql.addEvent.run(session, at, attempt, item, body)
  }

  /** Calls back with events after `seq` in order until it says `enough`. Nothing may be written meanwhile. */
  readEvents(seq: number, take: (event: StoredEvent) => "more" | "enough"): void {
    for (const row of this.#sql.eventsAfter.iterate(seq)) {
      if (take(decodeEvent(row)) === "enough") return
    }
  }

  /** The number of the last event, also when it is forgotten already. */
  lastSeq(): number {
    return Number(this.#sql.lastSeq.get()?.seq)
  }

  hasEvents(): boolean {
    return this.#sql.anyEvent.get() !== undefined
  }

  /** Forgets events up to and including `seq`, and gives the space back. */
  acknowledge(seq: number): void {
    this.write("process", () => this.#sql.acknowledge.run(seq))
    this.#database.exec("PRAGMA incremental_vacuum(64)")
  }

  // Requests, answers and steers

  /** Asked anew, it waits for an answer anew. */
  openRequest(request: RequestId, attempt: AttemptId): void {
    this.#sql.openRequest.run(request, attempt)
    this.#sql.forgetAnswer.run(request)
  }

  closeRequest(request: RequestId): void {
    this.#sql.closeRequest.run(request)
  }

  /** The attempt that waits for it, or null when nothing does. */
  attemptOfRequest(request: RequestId): AttemptId | null {
    const row = this.#sql.attemptOfRequest.get(request)
    return row ? (textColumn(row, "attempt") as AttemptId) : null
  }

  requestsOf(attempt: AttemptId): readonly RequestId[] {
    return this.#sql.requestsOf.all(attempt).map((row) => textColumn(row, "request") as RequestId)
  }

  answer(request: RequestId): { readonly digest: string; readonly outcome: string | null } | null {
    const row = this.#sql.answer.get(request)
    if (!row) return null
    return {
      digest: textColumn(row, "digest"),
      outcome: row.outcome === null ? null : textColumn(row, "outcome"),
    }
  }

  addAnswer(answer: {
    readonly request: RequestId
    readonly attempt: AttemptId
    readonly digest: string
  }): void {
    this.#sql.addAnswer.run(answer.request, answer.attempt, answer.digest)
  }

  setAnswerOutcome(request: RequestId, outcome: "answered" | "gone"): void {
    this.#sql.setAnswerOutcome.run(outcome, request)
  }

  steer(id: string): { readonly outcome: string | null } | null {
    const row = this.#sql.steer.get(id)
    if (!row) return null
    return { outcome: row.outcome === null ? null : textColumn(row, "outcome") }
  }

  addSteer(id: string, attempt: AttemptId): void {
    this.#sql.addSteer.run(id, attempt)
  }

  setSteerOutcome(id: string, outcome: string): void {
    this.#sql.setSteerOutcome.run(outcome, id)
  }

  forgetSteer(id: string): void {
    this.#sql.forgetSteer.run(id)
  }

  // Children

  children(): readonly ChildRow[] {
    return this.#sql.children.all().map((row) => ({
      pid: Number(row.pid),
      startTime: textColumn(row, "start_time"),
      label: textColumn(row, "label"),
      survivesHost: row.survives_host === 1,
    }))
  }

  addChild({ pid, startTime, label, survivesHost }: ChildRow): void {
    this.write("process", () => this.#sql.addChild.run(pid, startTime, label, survivesHost ? 1 : 0))
  }

  removeChild(pid: number): void {
    this.write("process", () => this.#sql.removeChild.run(pid))
  }
}
