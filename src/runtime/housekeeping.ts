/** Keeps the data directory bounded: what is settled and old goes; and keeps copies of what must not be lost. */
import { join } from "node:path"
import { setImmediate as nextTick } from "node:timers/promises"
import type { Clock } from "../core/clock.ts"
import type { Config } from "../core/config.ts"
import type { Log } from "../core/log.ts"
import type { Ledger } from "../ledger/ledger.ts"
import type { Instant } from "../protocol/ids.ts"
import { removeOldFiles } from "./old-files.ts"

export interface HousekeepingSpec {
  readonly ledger: Ledger
  readonly clock: Clock
  readonly log: Log
  readonly dataDir: string
  readonly history: Config["history"]
  readonly artifacts: Pick<Config["artifacts"], "cleanup" | "retentionDays" | "cleanupIntervalMs">
}

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** Longer than Telegram redelivers anything (24 h) by far, so that a repeat is always recognised. */
const SETTLED_KEPT_MS = 14 * DAY
const RECEIPTS_KEPT_MS = 14 * DAY
const FIRST_AFTER_MS = 60_000
/** Rows of one transaction: a few milliseconds. */
const ROWS_AT_ONCE = 500

export function startHousekeeping(spec: HousekeepingSpec): { stop(): void } {
  const { ledger, clock, log, dataDir, history, artifacts } = spec
  const backups = new DailyBackups(ledger)
  const repeated = [
    repeat(spec, HOUR, async () => {
      const removed = await purge(ledger, clock.now())
      const retired = history.cleanup ? await retire(ledger, history, clock.now()) : {}
      ledger.tidy()
      log.debug({ ...removed, ...retired }, "cleared what is settled and old")
      const copy = await backups.make(clock.now())
      if (copy !== null) log.info({ copy }, "backed the ledger up")
    }),
  ]
  if (artifacts.cleanup) {
    const clean = async () => {
      const removed = await removeOldAttachments({ ledger, dataDir, ...artifacts }, clock.now())
      if (removed > 0) log.info({ removed }, "removed old files that were received or sent")
    }
    repeated.push(repeat(spec, artifacts.cleanupIntervalMs, clean))
  }
  return {
    stop() {
      for (const { stop } of repeated) stop()
    },
  }
}

/** A job that takes long delays its own repetition and never runs twice at once. */
function repeat(
  { clock, log }: Pick<HousekeepingSpec, "clock" | "log">,
  everyMs: number,
  job: () => Promise<void>,
): { stop(): void } {
  let isStopped = false
  let timer = clock.after(FIRST_AFTER_MS, () => void run())
  async function run(): Promise<void> {
    try {
      await job()
    } catch (error) {
      if (!isStopped) log.error({ err: error }, "housekeeping failed; it is tried again later")
    }
    if (!isStopped) timer = clock.after(everyMs, () => void run())
  }
  return {
    stop() {
      isStopped = true
      timer.cancel()
    },
  }
}

/** How many rows went, by table. Other work has its turn in between. */
export async function purge(
  ledger: Ledger,
  now: Instant,
  rowsAtOnce = ROWS_AT_ONCE,
): Promise<Readonly<Record<string, number>>> {
  const settled = now - SETTLED_KEPT_MS
  const tables = {
    inbox: () => ledger.inbox.purgeBefore(settled, rowsAtOnce),
    outbox: () => ledger.outbox.purgeBefore(settled, rowsAtOnce),
    receipts: () => ledger.receipts.purgeBefore(now - RECEIPTS_KEPT_MS, rowsAtOnce),
    handOvers: () => ledger.handOvers.purgeBefore(settled, rowsAtOnce),
    actions: () => ledger.actions.purgeBefore(now, rowsAtOnce),
  }
  const removed: Record<string, number> = {}
  for (const [table, removeSome] of Object.entries(tables)) {
    removed[table] = 0
    for (let some = rowsAtOnce; some === rowsAtOnce; ) {
      some = ledger.transact(removeSome)
      removed[table] += some
      await nextTick()
    }
  }
  return removed
}

/** Facts, and texts, of one transaction: some milliseconds. */
const FACTS_AT_ONCE = 500
const TEXTS_AT_ONCE = 100
const PAGES_AT_ONCE = 256

/**
 * Lets go of what the past keeps beyond its conversation, and gives the space back. How much went. Other work has its
 * turn in between.
 */
export async function retire(
  ledger: Ledger,
  { outputDays, stepDays }: Pick<Config["history"], "outputDays" | "stepDays">,
  now: Instant,
): Promise<{ readonly outputs: number; readonly steps: number }> {
  const { retention } = ledger
  let outputs = 0
  let steps = 0
  for (let some = TEXTS_AT_ONCE; some === TEXTS_AT_ONCE; await nextTick()) {
    some = ledger.transact(() => retention.dropBulk(now - outputDays * DAY, TEXTS_AT_ONCE), "process")
    outputs += some
  }
  for (let seen = FACTS_AT_ONCE; seen === FACTS_AT_ONCE; await nextTick()) {
    const part = ledger.transact(
      () => retention.dropSteps(now - stepDays * DAY, FACTS_AT_ONCE, now),
      "process",
    )
    seen = part.seen
    steps += part.removed
  }
  while (ledger.retention.giveBack(PAGES_AT_ONCE)) await nextTick()
  return { outputs, steps }
}

/** One copy a day in which something changed. */
export class DailyBackups {
  readonly #ledger: Ledger
  /** `ledger.changes()` at the last copy; null before the first of this process. */
  #copied: number | null = null

  constructor(ledger: Ledger) {
    this.#ledger = ledger
  }

  /** The new copy's path; null when there is one of today already, or nothing to copy. */
  async make(now: Instant): Promise<string | null> {
    const label = `daily-${new Date(now).toISOString().slice(0, 10)}`
    const changes = this.#ledger.changes()
    if (changes === this.#copied || this.#ledger.hasBackup(label)) return null
    const path = await this.#ledger.backUp(label)
    this.#copied = changes
    return path
  }
}

/** Files of `DATA_DIR/attachments` beyond their retention, except those that a prompt still waits with. */
export async function removeOldAttachments(
  spec: { readonly ledger: Ledger; readonly dataDir: string; readonly retentionDays: number },
  now: Instant,
): Promise<number> {
  const { ledger, dataDir, retentionDays } = spec
  const open = ledger.turns.allOpen().flatMap(({ prompt }) => prompt.files)
  const directory = join(dataDir, "attachments")
  const before = now - retentionDays * DAY
  const kept = new Set(open.map(({ path }) => path))
  const onRemoved = (path: string) => ledger.transact(() => ledger.attachments.forget(path), "process")
  return removeOldFiles({ directory, before, kept, onRemoved })
}
