/** Rows that name a file of a session: fetched beside the lane, which goes on, and then owed as what can be sent. */
import type { Clock } from "../../core/clock.ts"
import type { Log } from "../../core/log.ts"
import type { Ledger } from "../../ledger/ledger.ts"
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { NamedFilePayload, Payload } from "./payload.ts"

/** Null while the file's machine cannot be asked. Otherwise what is sent in its place, made in the transaction that stores it. */
export type Unpack = (
  named: NamedFilePayload,
  row: OutboxRow,
  signal: AbortSignal,
) => Promise<(() => Payload) | null>

export interface UnpackingSpec {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly unpack: Unpack
  readonly signal: AbortSignal
  /** A row can be sent, or tried again. */
  readonly onDone: () => void
}

/** Until a file's machine is asked again, in ms. */
const RETRY_MS = 5_000

export class Unpacking {
  readonly #spec: UnpackingSpec
  readonly #underway = new Map<number, Promise<void>>()

  constructor(spec: UnpackingSpec) {
    this.#spec = spec
  }

  isUnderway(row: number): boolean {
    return this.#underway.has(row)
  }

  begin(row: OutboxRow, named: NamedFilePayload): void {
    const work = this.#unpack(row, named).finally(() => {
      this.#underway.delete(row.id)
      if (!this.#spec.signal.aborted) this.#spec.onDone()
    })
    this.#underway.set(row.id, work)
  }

  /** Resolves when nothing is under way any more; for after the signal. */
  async ended(): Promise<void> {
    await Promise.all(this.#underway.values())
  }

  async #unpack(row: OutboxRow, named: NamedFilePayload): Promise<void> {
    const { ledger, clock, log, unpack, signal } = this.#spec
    try {
      const unpacked = await unpack(named, row, signal)
      if (signal.aborted) return
      ledger.transact(() => {
        if (unpacked !== null) ledger.outbox.rewrite(row.id, unpacked(), clock.now())
        else this.#later(row, "the machine of the file cannot be asked")
      })
    } catch (error) {
      if (signal.aborted) return
      log.error({ err: error, row: row.id }, "a file could not be fetched yet")
      this.#later(row, String(error))
    }
  }

  /** Also after a disk that took nothing: then the row is as it was, and its next turn comes with the next wake. */
  #later(row: OutboxRow, error: string): void {
    const { ledger, clock } = this.#spec
    const now = clock.now()
    ledger.outbox.retry(row.id, { notBefore: now + RETRY_MS, ambiguous: false, error }, now)
  }
}
