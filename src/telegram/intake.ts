/** Takes received updates out of the inbox, in order per lane, each in one transaction with what it causes. */
import type { Update } from "grammy/types"
import type { TelegramSay } from "../core/texts/telegram.ts"
import type { InboxRow } from "../ledger/inbox.ts"
import type { Kernel } from "../runtime/kernel.ts"
import type { Address } from "./address.ts"
import { authorise, type Rules } from "./authorise.ts"
import type { Conversation, Received } from "./conversation.ts"
import type { Effect } from "./effect.ts"
import { gather } from "./gather.ts"
import type { Outgoing } from "./outgoing.ts"

export interface IntakeSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly out: Outgoing
  readonly conversation: Conversation
  /** Who may act; asked again here, because rules may have changed since the update was stored. */
  readonly rulesOf: (bot: number) => Rules
}

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
  /** What belongs to an album or a paste may come only now that we are back. */
  #startedAt = 0
  #idle: Promise<unknown> = Promise.resolve()

  constructor(spec: IntakeSpec) {
    this.#spec = spec
  }

  /** Everything that was received and not handled before the last end. */
  start(): void {
    this.#startedAt = this.#spec.kernel.clock.now()
    this.wake([...new Set(this.#spec.kernel.ledger.inbox.open().map((row) => row.lane))])
  }

  /** Nothing new is begun; what is being prepared is left for the next start. */
  async stop(): Promise<void> {
    this.#isStopped = true
    for (const timer of this.#timers.values()) timer.cancel()
    await Promise.race([this.#idle, new Promise((resolve) => setTimeout(resolve, 1_000).unref())])
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

  #keep(work: Promise<void>): void {
    this.#idle = Promise.all([this.#idle, work])
  }

  async #drain(lane: string): Promise<void> {
    const { ledger, clock } = this.#spec.kernel
    for (;;) {
      const rows = ledger.inbox.openOf(lane, WINDOW).filter((row) => !this.#taken.has(row.id))
      if (rows.length === 0 || this.#isStopped) return
      const arrivals = rows.map((row) => ({
        message: (row.body as Update).message,
        receivedAt: Math.max(row.receivedAt, this.#startedAt),
      }))
      const gathered = gather(arrivals, clock.now())
      if (gathered.kind === "wait") return this.#wakeAt(lane, gathered.until)
      await this.#handle(rows.slice(0, gathered.count))
    }
  }

  #wakeAt(lane: string, until: number): void {
    const { clock } = this.#spec.kernel
    this.#timers.get(lane)?.cancel()
    const due = () => {
      this.#timers.delete(lane)
      this.#wakeOne(lane)
    }
    this.#timers.set(lane, clock.after(until - clock.now(), due))
  }

  async #handle(rows: readonly InboxRow[]): Promise<void> {
    for (const { id } of rows) this.#taken.add(id)
    try {
      await this.#handleTaken(rows)
    } finally {
      for (const { id } of rows) this.#taken.delete(id)
    }
  }

  async #handleTaken(rows: readonly InboxRow[]): Promise<void> {
    const received = rows.map((row) => this.#read(row)).filter((entry) => entry !== null)
    const effect = await this.#prepare(received)
    try {
      this.#settle(rows, effect, "handled")
    } catch (error) {
      const failed = this.#failed(received[0]?.address ?? null, error, rows)
      this.#settle(rows, failed, "failed")
    }
  }

  async #prepare(received: readonly Received[]): Promise<Effect> {
    try {
      return await this.#spec.conversation.prepare(received)
    } catch (error) {
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
    return { update, address: verdict.address, clientId: `telegram:${row.bot}:${row.updateId}:${row.id}` }
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
