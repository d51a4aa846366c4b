import type { DatabaseSync } from "node:sqlite"

/**
 * Runs work in one transaction and its consequences after the commit. A transaction inside another joins it, so a
 * caller can make several facts one.
 */
export class Transactions {
  readonly #db: DatabaseSync
  /** Collected while a transaction is open; null when none is. */
  #afterCommit: (() => void)[] | null = null

  constructor(db: DatabaseSync) {
    this.#db = db
  }

  transact<T>(run: () => T): T {
    if (this.#afterCommit) return run()
    const consequences: (() => void)[] = []
    this.#afterCommit = consequences
    let result: T
    try {
      this.#db.exec("BEGIN IMMEDIATE")
      try {
        result = run()
        this.#db.exec("COMMIT")
      } catch (error) {
        if (this.#db.isTransaction) this.#db.exec("ROLLBACK")
        throw error
      }
    } finally {
      this.#afterCommit = null
    }
    for (const consequence of consequences) consequence()
    return result
  }

  /** Runs `consequence` once the current transaction is committed, or at once when there is none. */
  afterCommit(consequence: () => void): void {
    if (this.#afterCommit) this.#afterCommit.push(consequence)
    else consequence()
  }
}
