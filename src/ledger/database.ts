/** Opening the ledger's SQLite file: modes, pragmas, migrations, integrity and backups. */
import {
  chmodSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs"
import { dirname, join } from "node:path"
import { DatabaseSync } from "node:sqlite"
import { isDamage } from "../platform/sqlite-error.ts"
import type { Instant } from "../protocol/ids.ts"
import { backUp, latestBackup } from "./backups.ts"
import { ACCEPT_NEW_FILE, DamagedLedgerError, NewerLedgerError } from "./errors.ts"
import { problemsIn } from "./integrity.ts"
import { allowGivingBack, type Migration, type MigrationProgress, migrate } from "./migrate.ts"
import { foundation } from "./migrations/0001-foundation.ts"
import { facts } from "./migrations/0002-facts.ts"
import { handOver } from "./migrations/0003-hand-over.ts"
import { actionsOfModules } from "./migrations/0004-actions.ts"
import { inboxWait } from "./migrations/0005-inbox-wait.ts"
import { receipts } from "./migrations/0006-receipts.ts"
import { machines } from "./migrations/0007-machines.ts"
import { inboxMessages } from "./migrations/0008-messages.ts"
import { glance } from "./migrations/0009-glance.ts"

/** In the order they were added: a ledger's version is how many of them it has had. */
const allMigrations: readonly Migration[] = [
  ...([foundation, facts, handOver, actionsOfModules, inboxWait] as const),
  ...([receipts, machines, inboxMessages, glance] as const),
]

/** Files up to this size, in bytes, are checked whole at every start: some 40 ms at most. */
const CHECKED_WHOLE = 64 * 1024 * 1024
/** How long a start waits for another program that holds the ledger, in ms: nothing else is kept waiting yet. */
const START_PATIENCE_MS = 2_000
/** Where SQLite keeps `user_version` in a file, in bytes from its beginning. */
const VERSION_OFFSET = 60

export const LEDGER_FILE = "ledger.db"

export interface OpenOptions {
  /** Of the whole ledger unless a test has its own. */
  readonly migrations?: readonly Migration[]
  /** Called while an earlier version's data are brought to this one. */
  readonly onProgress?: (progress: MigrationProgress) => void
}

export interface OpenedDatabase {
  readonly db: DatabaseSync
  /** Schema version before opening, when migrations ran on existing data. */
  readonly migratedFrom: number | null
}

/**
 * Opens (or creates) the ledger of a data directory. Existing data is backed up before a migration.
 * @throws NewerLedgerError when a newer version wrote it; the file is not touched.
 * @throws DamagedLedgerError when it is not a sound database; the damaged file has been set aside, never replaced.
 */
export async function openDatabase(
  dataDir: string,
  now: Instant,
  { migrations = allMigrations, onProgress }: OpenOptions = {},
): Promise<OpenedDatabase> {
  mkdirSync(dataDir, { recursive: true, mode: 0o700 })
  const path = join(dataDir, LEDGER_FILE)
  const isNew = !existsSync(path)
  if (isNew) refuseSilentReplacement(dataDir)
  else refuseNewer(path, migrations.length)
  const db = openSound(path, now)
  chmodSync(path, 0o600)
  try {
    const found = schemaVersion(db)
    if (found > migrations.length) throw new NewerLedgerError(path, found, migrations.length)
    const mustMigrate = found < migrations.length
    if (mustMigrate && found > 0) await backUp(db, dataDir, `before-schema-${migrations.length}`)
    if (mustMigrate) migrate(db, { migrations, from: found, ...(onProgress ? { onProgress } : {}) })
    allowGivingBack(db)
    return { db, migratedFrom: mustMigrate && found > 0 ? found : null }
  } catch (error) {
    db.close()
    throw error
  }
}

function openSound(path: string, now: Instant): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(path, { enableForeignKeyConstraints: true })
    db.exec(`PRAGMA busy_timeout = ${START_PATIENCE_MS}`)
    // Only before the first table: afterwards the whole file has to be written anew for it.
    db.exec("PRAGMA auto_vacuum = INCREMENTAL")
    db.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA cache_size = -8000")
    db.exec("PRAGMA wal_autocheckpoint = 1000; PRAGMA journal_size_limit = 8388608")
    const problem = firstProblem(db, path)
    if (problem === null) return db
    throw new UnsoundError(problem)
  } catch (error) {
    db?.close()
    if (!isDamage(error) && !(error instanceof UnsoundError)) throw error
    throw new DamagedLedgerError(setAside(path, now), latestBackup(dirname(path)), { cause: error })
  }
}

/** What SQLite's check found, without its having come to an error. */
class UnsoundError extends Error {
  override readonly name = "UnsoundError"
}

function firstProblem(db: DatabaseSync, path: string): string | null {
  db.prepare("SELECT count(*) AS n FROM sqlite_schema").get()
  if (statSync(path).size > CHECKED_WHOLE) return null
  const finding = String(db.prepare("PRAGMA quick_check(1)").get()?.quick_check)
  return finding === "ok" ? null : finding
}

/** Looked up in the file itself: opening it as a database may already change it. */
function refuseNewer(path: string, known: number): void {
  const header = Buffer.alloc(VERSION_OFFSET + 4)
  const file = openSync(path, "r")
  const read = readSync(file, header)
  closeSync(file)
  const isDatabase = read === header.length && header.toString("latin1", 0, 15) === "SQLite format 3"
  const found = isDatabase ? header.readInt32BE(VERSION_OFFSET) : 0
  if (found > known) throw new NewerLedgerError(path, found, known)
}

function setAside(path: string, now: Instant): string {
  const target = `${path}.damaged-${new Date(now).toISOString().replaceAll(/[:.]/g, "-")}`
  for (const suffix of ["", "-wal", "-shm"]) {
    if (existsSync(path + suffix)) renameSync(path + suffix, target + suffix)
  }
  return target
}

/** An empty ledger must not quietly take the place of one that was set aside: the owner decides. */
function refuseSilentReplacement(dataDir: string): void {
  const damaged = readdirSync(dataDir)
    .filter((name) => /^ledger\.db\.damaged-[^/]*Z$/.test(name))
    .sort()
  const last = damaged.at(-1)
  if (last && !existsSync(join(dataDir, ACCEPT_NEW_FILE))) {
    throw new DamagedLedgerError(join(dataDir, last), latestBackup(dataDir))
  }
  rmSync(join(dataDir, ACCEPT_NEW_FILE), { force: true })
}

function schemaVersion(db: DatabaseSync): number {
  return Number(db.prepare("PRAGMA user_version").get()?.user_version ?? 0)
}

/** Findings of SQLite's own check; empty when sound. Reads the whole file: for `doctor`, not for the owner's path. */
export function integrityProblems(dataDir: string): readonly string[] {
  return problemsIn(join(dataDir, LEDGER_FILE))
}
