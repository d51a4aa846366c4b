/** The durable truth of the machine: every aggregate over one SQLite file, and the transactions that span them. */
import type { DatabaseSync } from "node:sqlite"
import type { Instant } from "../protocol/ids.ts"
import { actionsTable } from "./actions.ts"
import { attachmentsTable } from "./attachments.ts"
import { backUp, hasBackup } from "./backups.ts"
import { channelsTable } from "./channels.ts"
import { openDatabase } from "./database.ts"
import { eventsTable } from "./events.ts"
import { inboxTable } from "./inbox.ts"
import { machineTables } from "./machine.ts"
import { outboxTable } from "./outbox.ts"
import { overviewQueries } from "./overview.ts"
import { requestsTable } from "./requests.ts"
import { sessionsTable } from "./sessions.ts"
import { traceQueries } from "./trace.ts"
import { type Durability, type StorageState, Transactions } from "./transaction.ts"
import { turnsTable } from "./turns.ts"

export type Ledger = ReturnType<typeof assemble>

/** Opens the ledger of a data directory; errors as in `openDatabase`. */
export async function openLedger(dataDir: string, now: Instant): Promise<Ledger> {
  const { db, migratedFrom } = await openDatabase(dataDir, now)
  return assemble(db, dataDir, migratedFrom)
}

function assemble(db: DatabaseSync, dataDir: string, migratedFrom: number | null) {
  const changes = db.prepare("SELECT total_changes() AS n")
  const transactions = new Transactions(db, dataDir)
  return {
    migratedFrom,
    sessions: sessionsTable(db),
    turns: turnsTable(db),
    events: eventsTable(db),
    requests: requestsTable(db),
    channels: channelsTable(db),
    inbox: inboxTable(db),
    outbox: outboxTable(db),
    actions: actionsTable(db),
    attachments: attachmentsTable(db),
    machine: machineTables(db),
    overview: overviewQueries(db),
    trace: traceQueries(db),
    transact: <T>(run: () => T, durability?: Durability): T => transactions.transact(run, durability),
    afterCommit: (consequence: () => void): void => transactions.afterCommit(consequence),
    /** Calls back when the disk no longer takes what is written, and when it does again; returns the way to stop it. */
    onStorage: (listener: (state: StorageState) => void): (() => void) => transactions.watch(listener),
    /** Resolves with the copy's path; see `backups.ts`. */
    backUp: (label: string): Promise<string> => backUp(db, dataDir, label),
    hasBackup: (label: string): boolean => hasBackup(dataDir, label),
    /** Rises with every row that this process writes or removes. */
    changes: (): number => changes.get()?.n as number,
    /**
     * Folds the write-ahead log in; for quiet moments. No statistics are gathered: with a million events that stops
     * everything for a tenth of a second, and plans would depend on them that now are the same everywhere and tested.
     */
    tidy(): void {
      db.exec("PRAGMA wal_checkpoint(TRUNCATE)")
    },
    close(): void {
      db.close()
    },
  }
}
