/** What can be wrong with the ledger as a whole; each says what the owner can do. */

export class NewerLedgerError extends Error {
  override readonly name = "NewerLedgerError"
  readonly code = "ledger_newer"
  constructor(path: string, found: number, known: number) {
    super(
      `${path} was written by a newer RemoteAgent (schema ${found}; this one knows ${known}). ` +
        "Nothing was changed. Update RemoteAgent, or point DATA_DIR at another directory.",
    )
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
        (backup
          ? `To go on from the last backup: cp "${backup}" "${setAside.replace(/\.damaged-.*/, "")}". `
          : "There is no backup. ") +
        `To begin with an empty ledger instead: touch "${setAside.replace(/ledger\.db.*/, "accept-new-ledger")}". Then start again.`,
      options,
    )
    this.setAside = setAside
    this.backup = backup
  }
}
