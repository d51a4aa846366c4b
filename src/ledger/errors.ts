/** What can be wrong with the ledger as a whole. */
import { dirname, join } from "node:path"
import { isSqliteStorageFailure } from "../platform/sqlite-error.ts"

export const ACCEPT_NEW_FILE = "accept-new-ledger"

export class NewerLedgerError extends Error {
  override readonly name = "NewerLedgerError"
  readonly code = "ledger_newer"
  readonly path: string
  /** Schema versions. */
  readonly found: number
  readonly known: number
  constructor(path: string, found: number, known: number) {
    super(
      `${path} was written by a newer RemoteAgent (schema ${found}; this one knows ${known}). ` +
        "Nothing was changed. Update RemoteAgent, or point DATA_DIR at another directory.",
    )
    this.path = path
    this.found = found
    this.known = known
  }
}

export class DamagedLedgerError extends Error {
  override readonly name = "DamagedLedgerError"
  readonly code = "ledger_damaged"
  readonly setAside: string
  readonly backup: string | null
  constructor(setAside: string, backup: string | null, options?: { cause?: unknown }) {
    super(
      `The ledger is damaged; it was set aside as ${setAside} and nothing was deleted. ` +
        (backup ? `The last backup is ${backup}. ` : "There is no backup. ") +
        "Nothing is begun anew before the owner says so.",
      options,
    )
    this.setAside = setAside
    this.backup = backup
  }

  /** Where a backup has to be copied to. */
  get path(): string {
    return this.setAside.replace(/\.damaged-[^/]*$/, "")
  }

  /** The file whose presence allows an empty ledger to take the place of this one. */
  get permit(): string {
    return join(dirname(this.setAside), ACCEPT_NEW_FILE)
  }
}

/**
 * The disk does not take what has to be written: it is full, fails, or another program holds the file. Nothing of the
 * transaction was kept, and the same may succeed later.
 */
export class StorageError extends Error {
  override readonly name = "StorageError"
  readonly code = "ledger_storage"
}

/** Whether a write failed for want of a disk that takes it: worth another try later. */
export function isStorageFailure(error: unknown): boolean {
  return error instanceof StorageError || isSqliteStorageFailure(error)
}
