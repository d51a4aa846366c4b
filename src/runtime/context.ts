import type { Clock } from "../core/clock.ts"
import type { Log } from "../core/log.ts"
import type { Ledger } from "../ledger/ledger.ts"
import type { RecordFact } from "./recorder.ts"

/** What every part of the runtime works with. */
export interface RuntimeContext {
  readonly ledger: Ledger
  readonly clock: Clock
  /** A fresh UUID. */
  readonly newId: () => string
  /** In [0, 1). */
  readonly random: () => number
  readonly log: Log
  /** Appends it to the ledger and tells every surface. */
  readonly record: RecordFact
}
