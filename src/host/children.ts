/** Every child process of this host, and the record by which a later host ends those this one leaves behind. */
import { processStart } from "../platform/process-table.ts"
import { endTree } from "../platform/process-tree.ts"
import { errorCode } from "../platform/system-error.ts"
import type { Log } from "../providers/provider.ts"
import type { RunningChild } from "./child.ts"
import type { ChildRow, Journal } from "./journal/journal.ts"

/** Orphans had their time: their host is gone, and nobody reads what they still say. */
const ORPHAN_GRACE_MS = 500

export class Children {
  readonly #journal: Journal
  readonly #log: Log
  readonly #running = new Map<number, RunningChild>()
  /** The host leaves: nothing new may live, and the journal may close at any moment. */
  #isEnding = false

  constructor(journal: Journal, log: Log) {
    this.#journal = journal
    this.#log = log
  }

  record(child: ChildRow): void {
    if (!this.#isEnding) this.#journal.addChild(child)
  }

  add(child: RunningChild): void {
    this.#running.set(child.pid, child)
    if (this.#isEnding) void child.kill(0)
  }

  forget(pid: number): void {
    if (!this.#running.delete(pid) || this.#isEnding) return
    try {
      this.#journal.removeChild(pid)
    } catch (error) {
      // A row too many does no harm: the next host sees that it names nobody.
      this.#log.warn({ error, child: pid }, "the end of a child could not be noted")
    }
  }

  /** Ends what a dead host left, except children made to survive it. Call before anything is started. */
  async endOrphans(): Promise<void> {
    const starts = new Map<number, string | null>()
    for (const { pid } of this.#journal.children()) starts.set(pid, await processStart(pid))
    const isAlive = (child: ChildRow) => starts.get(child.pid) === child.startTime
    await this.#endRecorded((child) => !child.survivesHost || !isAlive(child), ORPHAN_GRACE_MS)
  }

  /** Ends everything, also what survived an earlier host. */
  async endAll(graceMs: number): Promise<void> {
    this.#isEnding = true
    await Promise.all([...this.#running.values()].map((child) => child.kill(graceMs)))
    for (const pid of this.#running.keys()) this.#journal.removeChild(pid)
    await this.#endRecorded(() => true, graceMs)
  }

  /** The last act of a host that fails: no time for anything but a signal. */
  killNow(): void {
    const survivors = new Set(this.#journal.children().map((child) => (child.survivesHost ? child.pid : 0)))
    for (const pid of this.#running.keys()) if (!survivors.has(pid)) killGroup(pid)
  }

  async #endRecorded(isMeant: (child: ChildRow) => boolean, graceMs: number): Promise<void> {
    const ended = this.#journal.children().filter((child) => isMeant(child) && !this.#running.has(child.pid))
    await Promise.all(
      ended.map(async (child) => {
        this.#log.info({ child: child.pid, label: child.label }, "ending a child that an earlier host left")
        await endTree(child, graceMs)
        this.#journal.removeChild(child.pid)
      }),
    )
  }
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL")
  } catch (error) {
    if (!["ESRCH", "EPERM"].includes(errorCode(error))) throw error
  }
}
