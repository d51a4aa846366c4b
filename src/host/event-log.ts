/**
 * Events on their way into the journal. Those of one tick share a transaction; those that decide over a prompt or an
 * answer are on the disk before `append` returns.
 */
import type { Clock, Log } from "../providers/provider.ts"
import type { Journal, NewEvent } from "./journal/journal.ts"

export interface Entry extends NewEvent {
  /** Changes that belong into the event's transaction. An entry with such a change is written at once, durably. */
  readonly alongside?: () => void
  readonly afterCommit?: () => void
}

export interface EventLogOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  /** Called after every commit: there is something to send. */
  readonly onCommitted: () => void
  /** Called after acknowledged events were forgotten. */
  readonly onAcknowledged: () => void
}

const RETRY_MS = 1_000

export class EventLog {
  readonly #options: EventLogOptions
  #pending: Entry[] = []
  #acked = 0
  #isScheduled = false
  /** Set after a failure; one at a time, however often it is tried meanwhile. */
  #retry: { cancel(): void } | null = null

  constructor(options: EventLogOptions) {
    this.#options = options
  }

  /** There are events that the runtime has not acknowledged. */
  get isOwing(): boolean {
    return this.#pending.length > 0 || this.#options.journal.hasEvents()
  }

  append(entry: Entry): void {
    this.#pending.push(entry)
    if (entry.alongside) this.flush()
    else this.#schedule()
  }

  /** Committed together with the next events: acknowledgements may come as often as events do. */
  acknowledge(seq: number): void {
    this.#acked = Math.max(this.#acked, seq)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#isScheduled) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  flush(): void {
    const { journal, clock, log, onCommitted, onAcknowledged } = this.#options
    const batch = this.#pending
    const acked = this.#acked
    try {
      if (acked > 0) {
        journal.acknowledge(acked)
        this.#acked = 0
        onAcknowledged()
      }
      if (batch.length === 0) return
      const isDurable = batch.some((entry) => entry.alongside)
      journal.write(isDurable ? "durable" : "process", () => {
        for (const entry of batch) {
          journal.addEvent(entry)
          entry.alongside?.()
        }
      })
    } catch (error) {
      // A full disk, most likely: nothing may be lost or reordered, so all of it waits for the next try.
      log.error({ error, waiting: batch.length }, "the journal could not be written")
      this.#retry ??= clock.after(RETRY_MS, () => {
        this.#retry = null
        this.flush()
      })
      return
    }
    this.#pending = []
    for (const entry of batch) entry.afterCommit?.()
    onCommitted()
  }
}
