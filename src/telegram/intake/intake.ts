/** Takes received updates out of the inbox, in order per lane, each in one transaction with what it causes. */
import type { Message, Update } from "grammy/types"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { Hold } from "../../core/turn.ts"
import { isStorageFailure } from "../../ledger/errors.ts"
import type { InboxRow } from "../../ledger/inbox.ts"
import type { Effect } from "../../runtime/commands/effect.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { FairShare } from "../delivery/fair-share.ts"
import type { Outgoing } from "../delivery/outgoing.ts"
import type { Address } from "../places/address.ts"
import { authorise, type Rules } from "../places/authorise.ts"
import { followed } from "../places/groups.ts"
import type { Conversation, Received } from "./conversation.ts"
import { gather } from "./gather.ts"

export interface IntakeSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly conversation: Conversation
  /** Who may act; asked again here, because rules may have changed since the update was stored. */
  readonly rulesOf: (bot: number) => Rules
  readonly share: FairShare
}

/** How long a disk that takes nothing is left alone. */
const STORAGE_RETRY_MS = 1_000
/** Rows looked at together: more than any album or paste has parts. */
const WINDOW = 40

export class Intake {
  readonly #spec: IntakeSpec
  /** Lanes being worked on; a wake meanwhile looks again. */
  readonly #working = new Map<string, "once" | "again">()
  readonly #timers = new Map<string, { cancel(): void }>()
  /** Rows being handled, by id: one that overtakes is not handled a second time in its place. */
  readonly #taken = new Set<number>()
  #isStopped = false
  /**
   * When rows were first seen here, by id and the monotonic clock. What belongs to an album or a paste may come only
   * now that we are back, so it is not when they were received.
   */
  readonly #seen = new Map<number, number>()
  /** What is being prepared or settled now. */
  readonly #pending = new Set<Promise<unknown>>()

  constructor(spec: IntakeSpec) {
    this.#spec = spec
  }

  /** Everything that was received and not handled before the last end. */
  start(): void {
    this.wake([...new Set(this.#spec.kernel.ledger.inbox.open().map((row) => row.lane))])
  }

  /** Nothing new is begun; what is being prepared is left for the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers.values()) timer.cancel()
    const idle = Promise.allSettled([...this.#pending])
    await Promise.race([idle, new Promise((resolve) => setTimeout(resolve, 1_000).unref())])
  }

  wake(lanes: readonly string[]): void {
    for (const lane of lanes) this.#wakeOne(lane)
  }

  #wakeOne(lane: string): void {
    if (this.#isStopped) return
    this.#overtake(lane)
    if (this.#working.has(lane)) {
      this.#working.set(lane, "again")
      return
    }
    this.#working.set(lane, "once")
    const work = this.#drain(lane).finally(() => {
      const again = this.#working.get(lane) === "again"
      this.#working.delete(lane)
      if (again) this.#wakeOne(lane)
    })
    this.#keep(work)
  }

  /** A decision or a stop does not wait behind a file that is being fetched, nor behind a paste that may grow. */
  #overtake(lane: string): void {
    const { ledger } = this.#spec.kernel
    if (!this.#working.has(lane) && !this.#timers.has(lane)) return
    for (const row of ledger.inbox.openOf(lane, WINDOW)) {
      const received = this.#taken.has(row.id) ? null : this.#read(row)
      if (received && this.#spec.conversation.isUrgent(received)) this.#keep(this.#handle([row]))
    }
  }

  #keep(work: Promise<unknown>): void {
    const { log } = this.#spec.kernel
    // What was not handled is handed out again when the ledger can be used again.
    const noted = work.catch((error: unknown) => log.error({ err: error }, "updates could not be looked at"))
    this.#pending.add(noted)
    void noted.then(() => this.#pending.delete(noted))
  }

  async #drain(lane: string): Promise<void> {
    const { ledger, clock } = this.#spec.kernel
    for (;;) {
      const rows = ledger.inbox.openOf(lane, WINDOW).filter((row) => !this.#taken.has(row.id))
      if (rows.length === 0 || this.#isStopped) return
      const arrivals = rows.map((row) => ({
        message: (row.body as Update).message,
        receivedAt: this.#firstSeen(row),
      }))
      const gathered = gather(arrivals, clock.monotonic())
      if (gathered.kind === "wait") return this.#wakeAt(lane, gathered.until)
      const isSettled = await this.#handle(rows.slice(0, gathered.count))
      if (!isSettled) return this.#wakeAt(lane, clock.monotonic() + STORAGE_RETRY_MS)
    }
  }

  #wakeAt(lane: string, until: number): void {
    const { clock } = this.#spec.kernel
    this.#timers.get(lane)?.cancel()
    const due = () => {
      this.#timers.delete(lane)
      this.#wakeOne(lane)
    }
    this.#timers.set(lane, clock.after(until - clock.monotonic(), due))
  }

  #firstSeen({ id }: InboxRow): number {
    const seen = this.#seen.get(id) ?? this.#spec.kernel.clock.monotonic()
    this.#seen.set(id, seen)
    return seen
  }

  /** False when the disk did not take it: the rows are as they were, and come again. */
  async #handle(rows: readonly InboxRow[]): Promise<boolean> {
    for (const { id } of rows) this.#taken.add(id)
    try {
      return await this.#handleTaken(rows)
    } finally {
      for (const { id } of rows) this.#forget(id)
    }
  }

  #forget(id: number): void {
    this.#taken.delete(id)
    this.#seen.delete(id)
  }

  async #handleTaken(rows: readonly InboxRow[]): Promise<boolean> {
    const received = rows.map((row) => this.#read(row)).filter((entry) => entry !== null)
    // In turn already here: what the owner replies to was sent before, and must have been recorded by then.
    const effect = await this.#spec.share.run(() => this.#prepare(received))
    if (effect === null) return false
    const fault = await this.#spec.share.run(() => this.#trySettle(rows, effect, "handled"))
    if (fault === null) return true
    if (isStorageFailure(fault.error)) return false
    const failed = this.#failed(received[0]?.address ?? null, fault.error, rows)
    return this.#trySettle(rows, failed, "failed") === null
  }

  #trySettle(rows: readonly InboxRow[], effect: Effect, note: string): { readonly error: unknown } | null {
    try {
      this.#settle(rows, effect, note)
      return null
    } catch (error) {
      this.#spec.kernel.log.warn({ err: error, note }, "what an update causes could not be written")
      return { error }
    }
  }

  /** Null when the disk did not take what has to be there first. */
  async #prepare(received: readonly Received[]): Promise<Effect | null> {
    try {
      return await this.#spec.conversation.prepare(received)
    } catch (error) {
      if (isStorageFailure(error)) return null
      return this.#failed(received[0]?.address ?? null, error, received)
    }
  }

  /** One transaction: the rows are handled, and what they caused is written, or neither. */
  #settle(rows: readonly InboxRow[], effect: Effect, note: string): void {
    const { ledger, clock } = this.#spec.kernel
    ledger.transact(() => {
      const areNew = rows.map((row) => ledger.inbox.handle(row.id, note, clock.now()))
      if (areNew.every(Boolean)) effect()
    })
  }

  #read(row: InboxRow): Received | null {
    const update = row.body as Update
    const verdict = authorise(update, this.#spec.rulesOf(row.bot))
    if (verdict.kind === "ignore") return null
    const address = followed(this.#spec.kernel.ledger, verdict.address)
    const clientId = `telegram:${row.bot}:${row.updateId}:${row.id}`
    return { update, address, clientId, hold: holdOf(update, row), before: this.#before(update, row) }
  }

  /** What an edited message said before; null for anything else. */
  #before({ edited_message: edited }: Update, { lane, id }: InboxRow): Message | null {
    if (!edited) return null
    const last = this.#spec.kernel.ledger.inbox.lastOfMessage(lane, edited.message_id, id)
    const update = last?.body as Update | undefined
    return update?.message ?? update?.edited_message ?? null
  }

  /** A fault of ours: said under an id, never silent, and never tried for ever. */
  #failed(address: Address | null, error: unknown, about: unknown): Effect {
    const { kernel, say, out } = this.#spec
    const id = kernel.log.keep("an update that could not be handled", { error: String(error), about })
    kernel.log.error({ err: error, logId: id }, "an update could not be handled")
    return () => {
      if (address)
        out.text(address, say("error.internal", { id }), { key: `fault:${id}`, priority: "answer" })
    }
  }
}

/** A message that waited longer than this, in ms, met nobody when it was sent: it is offered, not run. */
const OFFLINE_AFTER_MS = 5 * 60_000

function holdOf({ message }: Update, { waitedMs }: InboxRow): Hold | null {
  if (!message || waitedMs < OFFLINE_AFTER_MS) return null
  return { kind: "confirm", sentAt: message.date * 1000 }
}
