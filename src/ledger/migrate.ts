/** Brings a database from one schema version to the next; each step is whole or did not happen. */
import type { DatabaseSync } from "node:sqlite"

/** Calls back now and then while it runs, with how much of how much is done. */
export type Report = (done: number, of: number) => void

/** SQL, or a function for what SQL cannot say; it may make any table anew. Runs in a transaction of its own. */
export type Migration = string | ((db: DatabaseSync, report: Report) => void)

export interface MigrationProgress {
  /** Schema version that is being made. */
  readonly version: number
  readonly done: number
  readonly of: number
}

export interface Migrating {
  readonly migrations: readonly Migration[]
  /** Schema version of the database. */
  readonly from: number
  readonly onProgress?: (progress: MigrationProgress) => void
}

/** A step left rows behind that point at nothing. */
class BrokenReferencesError extends Error {
  override readonly name = "BrokenReferencesError"
  readonly version: number
  /** `table → parent`, each once. */
  readonly references: readonly string[]
  constructor(version: number, references: readonly string[]) {
    super(`the step to schema ${version} left broken references: ${references.join(", ")}`)
    this.version = version
    this.references = references
  }
}

/**
 * Foreign keys are off meanwhile, which SQLite allows only outside of a transaction: a table that others refer to
 * could not be made anew otherwise. What a step leaves is checked before its commit instead.
 * @throws BrokenReferencesError, or what a step throws; the steps before it stand, of itself nothing is left.
 */
export function migrate(db: DatabaseSync, { migrations, from, onProgress }: Migrating): void {
  db.exec("PRAGMA foreign_keys = OFF")
  try {
    for (const [index, migration] of migrations.entries()) {
      const version = index + 1
      const report: Report = (done, of) => onProgress?.({ version, done, of })
      if (version > from) takeStep(db, { migration, version, report })
    }
  } finally {
    db.exec("PRAGMA foreign_keys = ON")
  }
}

interface Step {
  readonly migration: Migration
  readonly version: number
  readonly report: Report
}

function takeStep(db: DatabaseSync, { migration, version, report }: Step): void {
  db.exec("BEGIN IMMEDIATE")
  try {
    if (typeof migration === "string") db.exec(migration)
    else migration(db, report)
    const broken = db
      .prepare("SELECT DISTINCT \"table\" || ' → ' || parent AS it FROM pragma_foreign_key_check")
      .all()
    if (broken.length > 0)
      throw new BrokenReferencesError(
        version,
        broken.map(({ it }) => String(it)),
      )
    db.exec(`PRAGMA user_version = ${version}`)
    db.exec("COMMIT")
  } catch (error) {
    if (db.isTransaction) db.exec("ROLLBACK")
    throw error
  }
}

const INCREMENTAL = 2

/**
 * Lets space be given back in small steps. A file that was made without that is written anew once, which takes as long
 * as copying it; cut off, it is done at the next start.
 */
export function allowGivingBack(db: DatabaseSync): void {
  if (db.prepare("PRAGMA auto_vacuum").get()?.auto_vacuum === INCREMENTAL) return
  db.exec("PRAGMA auto_vacuum = INCREMENTAL; VACUUM")
}
