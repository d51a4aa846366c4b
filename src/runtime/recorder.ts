/** Appends what happened and tells every surface, each behind a wall of its own. */
import type { Clock } from "../core/clock.ts"
import type { Log } from "../core/log.ts"
import { isStorageFailure } from "../ledger/errors.ts"
import type { Ledger } from "../ledger/ledger.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Fact, RecordedFact } from "../protocol/facts.ts"
import type { Instant, RequestId, SessionId } from "../protocol/ids.ts"
import type { About, Surface } from "./surface.ts"

/** What a fact is about: a turn, a session as a whole, or the machine. */
export type Subject = Pick<Turn, "id" | "session" | "attempt"> | SessionId | "machine"

/** Only inside a transaction. @param at when it happened, unless that is now. */
export type RecordFact = (fact: Fact, subject: Subject, at?: Instant) => void

export interface RecorderOptions {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
}

export class Recorder {
  readonly #options: RecorderOptions
  readonly #surfaces: Surface[] = []

  constructor(options: RecorderOptions) {
    this.#options = options
  }

  add(surface: Surface): void {
    this.#surfaces.push(surface)
  }

  record(fact: Fact, subject: Subject, at?: Instant): void {
    const { ledger, clock } = this.#options
    ledger.transact(() => {
      const now = clock.now()
      const of =
        typeof subject === "string"
          ? { stream: subject, turn: null, attempt: null }
          : { stream: subject.session, turn: subject.id, attempt: subject.attempt }
      const about = new LedgerAbout(ledger, ledger.facts.append({ ...of, at: at ?? now, fact }, now))
      for (const surface of this.#surfaces) this.#tell(surface, fact, about)
    })
  }

  #tell(surface: Surface, fact: Fact, about: About): void {
    this.#behindWall(
      () => surface.onFact(fact, about),
      (fault) => {
        const { log } = this.#options
        const { stream, seq, turn } = about.record
        const logId = log.keep("a surface could not take a fact in", {
          surface: surface.name,
          stream,
          seq,
          fact,
        })
        log.error({ err: fault, surface: surface.name, kind: fact.kind, turn, logId }, "a surface failed")
        this.#behindWall(
          () => surface.onFault?.(fact, about, logId),
          (err) =>
            log.error({ err, surface: surface.name, logId }, "a surface could not even say that it failed"),
        )
      },
    )
  }

  /** A disk that takes nothing is nobody's fault here: then nothing of the whole is kept. */
  #behindWall(run: () => void, onFault: (fault: unknown) => void): void {
    try {
      this.#options.ledger.transact(run)
    } catch (fault) {
      if (isStorageFailure(fault)) throw fault
      onFault(fault)
    }
  }
}

class LedgerAbout implements About {
  readonly record: RecordedFact
  readonly #ledger: Ledger
  #turn: Turn | null = null
  #session: Session | null = null

  constructor(ledger: Ledger, record: RecordedFact) {
    this.#ledger = ledger
    this.record = record
  }

  get turn(): Turn {
    const { turn } = this.record
    this.#turn ??= known(turn && this.#ledger.turns.find(turn), "turn")
    return this.#turn
  }

  get session(): Session {
    const { stream } = this.record
    this.#session ??= known(stream === "machine" ? null : this.#ledger.sessions.find(stream), "session")
    return this.#session
  }

  request(id: RequestId): StoredRequest {
    return known(this.#ledger.requests.find(id), "request")
  }
}

function known<T>(found: T | null, what: string): T {
  if (found === null) throw new Error(`the ledger has no ${what} for this fact`)
  return found
}
