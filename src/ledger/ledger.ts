/** The durable truth of the machine: every aggregate over one SQLite file, and the transactions that span them. */
import { randomUUID } from "node:crypto"
import type { DatabaseSync } from "node:sqlite"
import { throwAlone } from "../core/throw-alone.ts"
import type { Instant } from "../protocol/ids.ts"
import { actionsTable } from "./actions.ts"
import { attachmentsTable } from "./attachments.ts"
import { backUp, hasBackup, LEDGER_ID } from "./backups.ts"
import { channelsTable } from "./channels.ts"
import { openDatabase } from "./database.ts"
import { factsTable } from "./facts.ts"
import { glanceQueries } from "./glance.ts"
import { handOversTable } from "./hand-overs.ts"
import { inboxTable } from "./inbox.ts"
import { machineTables } from "./machine.ts"
import { machinesTable } from "./machines.ts"
import type { MigrationProgress } from "./migrate.ts"
import { outboxTable } from "./outbox.ts"
import { overviewQueries } from "./overview.ts"
import { receiptsTable } from "./receipts.ts"
import { requestsTable } from "./requests.ts"
import { retentionQueries } from "./retention.ts"
import { sessionsTable } from "./sessions.ts"
import { traceQueries } from "./trace.ts"
import { type Durability, type StorageState, Transactions } from "./transaction.ts"
import { turnsTable } from "./turns.ts"

export type Ledger = ReturnType<typeof assemble>

export interface LedgerOptions {
  readonly onProgress?: (progress: MigrationProgress) => void
  /** A fresh UUID. */
  readonly newId?: () => string
  /** Hears what a consequence of a commit throws. Without it that is thrown on its own, and ends the process. */
  readonly onFault?: (fault: unknown) => void
}

/** Opens the ledger of a data directory; errors as in `openDatabase`. */
export async function openLedger(
  dataDir: string,
  now: Instant,
  { onProgress, onFault = throwAlone, newId = randomUUID }: LedgerOptions = {},
): Promise<Ledger> {
  const { db, migratedFrom } = await openDatabase(dataDir, now, onProgress ? { onProgress } : {})
  const ledger = assemble(db, dataDir, { migratedFrom, onFault })
  if (ledger.machine.setting(LEDGER_ID) === null) ledger.machine.set(LEDGER_ID, newId(), now)
  return ledger
}

interface Opened {
  readonly migratedFrom: number | null
  readonly onFault: (fault: unknown) => void
}

function assemble(db: DatabaseSync, dataDir: string, { migratedFrom, onFault }: Opened) {
  const changes = db.prepare("SELECT total_changes() AS n")
  const machine = machineTables(db)
  const transactions = new Transactions(db, dataDir, onFault)
  return {
    migratedFrom,
    /**
     * Changes when a copy takes the place of this ledger: numbers that were given away since the copy was made are then
     * given away again, and mean something else.
     */
    id: (): string => machine.setting<string>(LEDGER_ID) ?? "",
    sessions: sessionsTable(db),
    turns: turnsTable(db),
    facts: factsTable(db),
    requests: requestsTable(db),
    handOvers: handOversTable(db),
    receipts: receiptsTable(db),
    channels: channelsTable(db),
    inbox: inboxTable(db),
    machines: machinesTable(db),
    outbox: outboxTable(db),
    actions: actionsTable(db),
    attachments: attachmentsTable(db),
    machine,
    overview: overviewQueries(db),
    glance: glanceQueries(db),
    trace: traceQueries(db),
    retention: retentionQueries(db),
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
