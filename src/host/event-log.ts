/**
 * Events on their way into the journal. Those of one tick share a transaction; those that decide over a prompt or an
 * answer are on the disk before `append` returns. While the journal takes nothing they wait here, in their order, and
 * when too much waits the agents are not heard any more: what they say next stays with them.
 */
import type { Clock, Log } from "../providers/provider.ts"
import type { Journal } from "./journal/journal.ts"
import { type EventRow, encodeEvent, type NewEvent } from "./journal/rows.ts"
import type { ReadingValve } from "./valve.ts"

export interface Entry extends NewEvent {
  /** Changes that belong into the event's transaction. An entry with such a change is written at once, durably. */
  readonly alongside?: () => void
  readonly afterCommit?: () => void
}

export interface EventLogOptions {
  readonly journal: Journal
  readonly clock: Clock
  readonly log: Log
  readonly valve: ReadingValve
  /** Called after every commit: there is something to send. */
  readonly onCommitted: () => void
  /** Called after acknowledged events were forgotten. */
  readonly onAcknowledged: () => void
}

interface Waiting extends Pick<Entry, "alongside" | "afterCommit"> {
  readonly row: EventRow
}

const RETRY_MS = 1_000
/** In UTF-16 units of the events' JSON. Beyond it comes only what was read already. */
const MAX_WAITING = 8 * 1024 * 1024
/** So much is written at a time: a disk with little room takes a part, and other work gets its turn between tries. */
const BATCH = 1024 * 1024

export class EventLog {
  readonly #options: EventLogOptions
  #waiting: Waiting[] = []
  /** Size of all that waits. */
  #size = 0
  #acked = 0
  #isScheduled = false
  /** Set after a failure; one at a time, however often it is tried meanwhile. */
  #retry: { cancel(): void } | null = null

  constructor(options: EventLogOptions) {
    this.#options = options
  }

  /** There are events that the runtime has not acknowledged. */
  get isOwing(): boolean {
    return this.#waiting.length > 0 || this.#options.journal.hasEvents()
  }

  append({ alongside, afterCommit, ...event }: Entry): void {
    const row = encodeEvent(event)
    this.#waiting.push({ row, ...(alongside && { alongside }), ...(afterCommit && { afterCommit }) })
    this.#size += row.body.length
    if (alongside) this.flush()
    else this.#schedule()
    if (this.#retry !== null) this.#holdBack()
  }

  /** Committed together with the next events: acknowledgements may come as often as events do. */
  acknowledge(seq: number): void {
    this.#acked = Math.max(this.#acked, seq)
    this.#schedule()
  }

  /** Not while a failure is waited out: each try may cost as much as all that waits. */
  #schedule(): void {
    if (this.#isScheduled || this.#retry !== null) return
    this.#isScheduled = true
    setImmediate(() => {
      this.#isScheduled = false
      this.flush()
    })
  }

  flush(): void {
    try {
      this.#forgetAcknowledged()
      while (this.#waiting.length > 0) this.#write(this.#nextBatch())
    } catch (error) {
      return this.#tryLater(error)
    }
    this.#retry?.cancel()
    this.#retry = null
    this.#options.valve.open()
  }

  #forgetAcknowledged(): void {
    if (this.#acked === 0) return
    this.#options.journal.acknowledge(this.#acked)
    this.#acked = 0
    this.#options.onAcknowledged()
  }

  #nextBatch(): readonly Waiting[] {
    const batch: Waiting[] = []
    let room = BATCH
    for (const waiting of this.#waiting) {
      room -= waiting.row.body.length
      if (room < 0 && batch.length > 0) break
      batch.push(waiting)
    }
    return batch
  }

  #write(batch: readonly Waiting[]): void {
    const { journal, onCommitted } = this.#options
    journal.mustHaveRoom()
    const isDurable = batch.some(({ alongside }) => alongside)
    journal.write(isDurable ? "durable" : "process", () => {
      for (const { row, alongside } of batch) {
        journal.addEvent(row)
        alongside?.()
      }
    })
    this.#waiting = this.#waiting.slice(batch.length)
    for (const { row, afterCommit } of batch) {
      this.#size -= row.body.length
      afterCommit?.()
    }
    onCommitted()
  }

  /** A full disk, most likely: nothing may be lost or reordered, so all of it waits for the next try. */
  #tryLater(error: unknown): void {
    const { clock, log } = this.#options
    log.error({ error, waiting: this.#waiting.length }, "the journal could not be written")
    this.#retry ??= clock.after(RETRY_MS, () => {
      this.#retry = null
      this.flush()
    })
    this.#holdBack()
  }

  #holdBack(): void {
    const { valve, log } = this.#options
    if (this.#size <= MAX_WAITING || valve.isClosed) return
    valve.close()
    log.warn({ waiting: this.#size }, "agents are held back until the journal can be written")
  }
}
