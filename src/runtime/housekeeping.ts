/** Keeps the ledger bounded: what is settled and old goes, and its space is given back. */
import type { Clock } from "../core/clock.ts"
import type { Log } from "../core/log.ts"
import type { Ledger } from "../ledger/ledger.ts"

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Longer than Telegram redelivers anything (24 h) by far, so that a repeat is always recognised. */
const SETTLED_KEPT_MS = 14 * DAY
const RECEIPTS_KEPT_MS = 14 * DAY
const FIRST_AFTER_MS = 60_000

export function startHousekeeping(ledger: Ledger, clock: Clock, log: Log): { stop(): void } {
  let timer = clock.after(FIRST_AFTER_MS, round)
  function round(): void {
    try {
      const removed = sweep(ledger, clock.now())
      ledger.tidy()
      log.debug(removed, "housekeeping done")
    } catch (error) {
      log.error({ err: error }, "housekeeping failed; it is tried again in an hour")
    }
    timer = clock.after(HOUR, round)
  }
  return { stop: () => timer.cancel() }
}

/** How many rows went, by table. */
export function sweep(ledger: Ledger, now: number): Readonly<Record<string, number>> {
  return ledger.transact(() => ({
    inbox: ledger.inbox.purgeBefore(now - SETTLED_KEPT_MS),
    outbox: ledger.outbox.purgeBefore(now - SETTLED_KEPT_MS),
    receipts: ledger.machine.purgeReceiptsBefore(now - RECEIPTS_KEPT_MS),
    actions: ledger.actions.purgeBefore(now),
  }))
}
