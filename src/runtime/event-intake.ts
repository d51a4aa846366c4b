/** Takes the host's events in: those of one turn of the event loop in one transaction, together with the cursor. */
import { isStorageFailure } from "../ledger/errors.ts"
import type { Durability } from "../ledger/transaction.ts"
import type { HostEvent } from "../protocol/host-link.ts"
import type { MachineId } from "../protocol/ids.ts"
import type { RuntimeContext } from "./context.ts"

/** An event of a form that is not known here: its number alone counts. */
type Passed = { readonly seq: number; readonly event: null }

export interface EventIntakeOptions {
  /** Whose host tells. */
  readonly machine: MachineId
  /** What the event means for the ledger; inside the transaction. */
  readonly apply: (event: HostEvent) => void
  /** The least that the end of an attempt must leave, where `apply` fails: it is never passed over. */
  readonly endPlainly: (event: HostEvent) => void
  /** Everything up to this number is committed: the host may forget it. */
  readonly onTaken: (seq: number) => void
  /** The disk takes nothing now; the host keeps the events and tells them again. */
  readonly onStuck: (error: unknown) => void
}

export class EventIntake {
  readonly #context: RuntimeContext
  readonly #options: EventIntakeOptions
  /** Received and not yet committed. */
  #received: (HostEvent | Passed)[] = []

  constructor(context: RuntimeContext, options: EventIntakeOptions) {
    this.#context = context
    this.#options = options
  }

  receive(event: HostEvent | Passed): void {
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

  #commit(events: readonly (HostEvent | Passed)[]): void {
    const { ledger } = this.#context
    ledger.transact(() => {
      const { machine } = this.#options
      const cursor = ledger.machines.cursor(machine)
      if (!cursor) throw new Error("events came before the host's journal was known")
      for (const event of events) if (isKnown(event) && event.seq > cursor.acked) this.#options.apply(event)
      const acked = events.at(-1)?.seq ?? cursor.acked
      ledger.machines.setCursor(machine, { journal: cursor.journal, acked })
    }, durabilityOf(events))
  }

  /**
   * One event that cannot be taken in must not hold up all others for ever: it is kept in the log and passed over,
   * except that what has ended is ended.
   * False when the disk takes nothing at all.
   */
  #commitAlone(event: HostEvent | Passed): boolean {
    try {
      this.#commit([event])
      return true
    } catch (error) {
      if (!isStorageFailure(error) && isKnown(event)) return this.#passOver(event, error)
      this.#options.onStuck(error)
      return false
    }
  }

  /** False when not even that can be written: then the event is not acknowledged, and comes again. */
  #passOver(event: HostEvent, fault: unknown): boolean {
    const { ledger, log } = this.#context
    const logId = log.keep("an event that could not be taken in", event)
    log.error({ err: fault, kind: event.event.kind, logId }, "an event could not be taken in")
    try {
      ledger.transact(() => {
        const { machine } = this.#options
        if (event.event.kind === "attempt.ended") this.#options.endPlainly(event)
        const cursor = ledger.machines.cursor(machine)
        const acked = Math.max(cursor?.acked ?? 0, event.seq)
        if (cursor) ledger.machines.setCursor(machine, { journal: cursor.journal, acked })
      })
      return true
    } catch (error) {
      log.error({ err: error, logId }, "an event could not even be passed over")
      this.#options.onStuck(error)
      return false
    }
  }
}

const isKnown = (event: HostEvent | Passed): event is HostEvent => event.event !== null

/**
 * The host does not sync the progress of a turn either: a power cut ends the turn, and takes at most the last items of
 * it along. Whatever decides something is on the disk, and all before it.
 */
function durabilityOf(events: readonly (HostEvent | Passed)[]): Durability {
  return events.every(({ event }) => event === null || PROGRESS.has(event.kind)) ? "process" : "disk"
}

const PROGRESS: ReadonlySet<HostEvent["event"]["kind"]> = new Set(["item", "notice", "usage", "limits"])
