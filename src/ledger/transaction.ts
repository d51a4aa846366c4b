import { statfsSync } from "node:fs"
import type { DatabaseSync, StatementSync } from "node:sqlite"
import { isHeld } from "../platform/sqlite-error.ts"
import { isStorageFailure, StorageError } from "./errors.ts"

/**
 * `disk`: committed means that a power cut takes nothing of it back. `process`: it outlives this process, but a power
 * cut may take back the last of it; never a part out of the middle, for whatever is committed to the disk later takes
 * it along. For what would be done again in the same way.
 */
export type Durability = "disk" | "process"

/** `held`: another program holds the ledger, perhaps only for a moment. `refused`: the disk is full or fails. */
export type StorageState = "ok" | "held" | "refused"

/** So much must be free, in bytes, before a disk that was full is written to again. */
const ROOM = 4 * 1024 * 1024

/**
 * How long a write waits for another program that holds the ledger, in ms. SQLite waits with the whole process, so a
 * write that fails now and is done again later costs less than one that waits.
 */
const LOCK_PATIENCE_MS = 50

/**
 * Runs work in one transaction and its consequences after the commit. A transaction inside another is a part of it, so
 * a caller can make several facts one: it is kept with the outer one or not at all, and one that fails takes back only
 * itself when the caller goes on.
 *
 * On a full disk a small transaction may still find room where a big one did not, and what was meant as a whole would
 * be half done: so from the first failure on all of them fail, until there is room again.
 */
export class Transactions {
  readonly #db: DatabaseSync
  readonly #directory: string
  /** Collected while a transaction is open; null when none is. */
  #afterCommit: (() => void)[] | null = null
  /** How the last one went. */
  #storage: StorageState = "ok"
  readonly #listeners = new Set<(state: StorageState) => void>()
  readonly #onFault: (fault: unknown) => void
  readonly #part: {
    readonly begin: StatementSync
    readonly keep: StatementSync
    readonly undo: StatementSync
  }

  /** @param onFault hears what a consequence throws: the commit stands, and the other consequences still happen. */
  constructor(db: DatabaseSync, directory: string, onFault: (fault: unknown) => void) {
    this.#db = db
    this.#directory = directory
    this.#onFault = onFault
    // The innermost of a name is meant, so parts within parts need no names of their own.
    this.#part = {
      begin: db.prepare("SAVEPOINT part"),
      keep: db.prepare("RELEASE part"),
      undo: db.prepare("ROLLBACK TO part"),
    }
    this.#waitForLocks(LOCK_PATIENCE_MS)
  }

  /**
   * The durability of a transaction inside another is that of the outer one.
   * @throws StorageError when the disk does not take it; what `run` throws otherwise. Nothing of it was kept then.
   */
  transact<T>(run: () => T, durability: Durability = "disk"): T {
    if (this.#afterCommit) return this.#runPart(run, this.#afterCommit)
    if (this.#storage !== "ok") this.#mustHaveRoom()
    const consequences: (() => void)[] = []
    this.#afterCommit = consequences
    let result: T
    try {
      result = durability === "disk" ? this.#commit(run) : this.#unsynced(() => this.#commit(run))
    } finally {
      this.#afterCommit = null
    }
    this.#setStorage("ok")
    for (const consequence of consequences) this.#follow(consequence)
    return result
  }

  /** Runs `consequence` once the current transaction is committed, or at once when there is none. */
  afterCommit(consequence: () => void): void {
    if (this.#afterCommit) this.#afterCommit.push(consequence)
    else consequence()
  }

  /** Calls back at every change; returns the way to stop it. */
  watch(listener: (state: StorageState) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  #runPart<T>(run: () => T, consequences: (() => void)[]): T {
    const before = consequences.length
    this.#part.begin.run()
    try {
      const result = run()
      this.#part.keep.run()
      return result
    } catch (error) {
      // A disk that fails may have ended the whole transaction already.
      if (this.#db.isTransaction) {
        this.#part.undo.run()
        this.#part.keep.run()
      }
      consequences.length = before
      throw error
    }
  }

  #follow(consequence: () => void): void {
    try {
      consequence()
    } catch (fault) {
      this.#onFault(fault)
    }
  }

  /** SQLite takes this setting only between transactions, and single statements must find it as it was. */
  #unsynced<T>(commit: () => T): T {
    this.#db.exec("PRAGMA synchronous = NORMAL")
    try {
      return commit()
    } finally {
      this.#db.exec("PRAGMA synchronous = FULL")
    }
  }

  #commit<T>(run: () => T): T {
    try {
      this.#db.exec("BEGIN IMMEDIATE")
      const result = run()
      this.#db.exec("COMMIT")
      return result
    } catch (error) {
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK")
      if (!isStorageFailure(error)) throw error
      this.#setStorage(isHeld(error) ? "held" : "refused")
      throw new StorageError("the ledger could not be written", { cause: error })
    }
  }

  #mustHaveRoom(): void {
    const { bavail, bsize } = statfsSync(this.#directory)
    if (bavail * bsize < ROOM) throw new StorageError("the disk of the ledger is full")
  }

  /** In ms. */
  #waitForLocks(patience: number): void {
    this.#db.exec(`PRAGMA busy_timeout = ${patience}`)
  }

  #setStorage(state: StorageState): void {
    if (this.#storage === state) return
    this.#storage = state
    // Whoever holds it now is not waited for by each of those who try again.
    this.#waitForLocks(state === "ok" ? LOCK_PATIENCE_MS : 0)
    for (const listener of this.#listeners) listener(state)
  }
}
