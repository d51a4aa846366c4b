/** Takes the host's events in: those of one turn of the event loop in one transaction, together with the cursor. */
import { isStorageFailure } from "../ledger/errors.ts"
import type { Durability } from "../ledger/transaction.ts"
import type { HostEvent } from "../protocol/host-link.ts"
import type { RuntimeContext } from "./context.ts"

export interface EventIntakeOptions {
  /** What the event means for the ledger; inside the transaction. */
  readonly apply: (event: HostEvent) => void
  /** Everything up to this number is committed: the host may forget it. */
  readonly onTaken: (seq: number) => void
  /** The disk takes nothing now; the host keeps the events and tells them again. */
  readonly onStuck: (error: unknown) => void
}

export class EventIntake {
  readonly #context: RuntimeContext
  readonly #options: EventIntakeOptions
  /** Received and not yet committed. */
  #received: HostEvent[] = []

  constructor(context: RuntimeContext, options: EventIntakeOptions) {
    this.#context = context
    this.#options = options
  }

  receive(event: HostEvent): void {
    if (this.#received.push(event) === 1) setImmediate(() => this.flush())
  }

  /** Takes in now what was received; what the disk refuses is forgotten here and comes again from the host. */
  flush(): void {
    const events = this.#received
    const last = events.at(-1)
    if (!last) return
    this.#received = []
    try {
      this.#commit(events)
    } catch (error) {
      if (isStorageFailure(error)) return this.#options.onStuck(error)
      this.#context.log.error({ err: error, count: events.length }, "events could not be taken in together")
      for (const event of events) if (!this.#commitAlone(event)) return
    }
    this.#options.onTaken(last.seq)
  }

  #commit(events: readonly HostEvent[]): void {
    const { ledger } = this.#context
    ledger.transact(() => {
      const cursor = ledger.machine.hostCursor()
      if (!cursor) throw new Error("events came before the host's journal was known")
      for (const event of events) if (event.seq > cursor.acked) this.#options.apply(event)
      ledger.machine.setHostCursor({ journal: cursor.journal, acked: events.at(-1)?.seq ?? cursor.acked })
    }, durabilityOf(events))
  }

  /**
   * One event that cannot be taken in must not hold up all others for ever: it is kept in the log and passed over.
   * False when the disk takes nothing at all.
   */
  #commitAlone(event: HostEvent): boolean {
    try {
      this.#commit([event])
      return true
    } catch (error) {
      if (!isStorageFailure(error)) return this.#passOver(event, error)
      this.#options.onStuck(error)
      return false
    }
  }

  #passOver(event: HostEvent, fault: unknown): boolean {
    const { ledger, log } = this.#context
    try {
      const logId = log.keep("an event that could not be taken in", event)
      log.error({ err: fault, logId }, "event passed over")
      const cursor = ledger.machine.hostCursor()
      const acked = Math.max(cursor?.acked ?? 0, event.seq)
      if (cursor) ledger.machine.setHostCursor({ journal: cursor.journal, acked })
      return true
    } catch (error) {
      if (!isStorageFailure(error)) throw error
      this.#options.onStuck(error)
      return false
    }
  }
}

/**
 * The host does not sync the progress of a turn either: a power cut ends the turn, and takes at most the last items of
 * it along. Whatever decides something is on the disk, and all before it.
 */
function durabilityOf(events: readonly HostEvent[]): Durability {
  return events.every(({ event }) => PROGRESS.has(event.kind)) ? "process" : "disk"
}

const PROGRESS: ReadonlySet<HostEvent["event"]["kind"]> = new Set(["item", "notice", "usage", "limits"])
