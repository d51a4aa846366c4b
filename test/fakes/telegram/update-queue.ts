import type { Update } from "@grammyjs/types/update.js"
import { conflict } from "./api-error.ts"
import type { SkippableClock } from "./clock.ts"
import { Signal, waitUntil } from "./signal.ts"

export type UpdateKind = Exclude<keyof Update, "update_id">
/** An update before it has an id: exactly one field. */
export type UpdateContent = Omit<Update, "update_id">

export interface PollRequest {
  readonly offset: number
  readonly limit: number
  readonly timeoutSeconds: number
  readonly allowedUpdates: readonly UpdateKind[] | undefined
  /** Aborts when the client has gone away; the poll then ends without an answer and without acknowledging. */
  readonly gone: AbortSignal
}

interface Waiting {
  readonly limit: number
  readonly resolve: (updates: Update[]) => void
  readonly reject: (error: Error) => void
}

const dayMs = 24 * 60 * 60 * 1000
const ttlMs: Partial<Record<UpdateKind, number>> = { callback_query: 150_000, inline_query: 30_000 }
/** Sent only to who asks for them by name. */
const notByDefault: ReadonlySet<UpdateKind> = new Set([
  "chat_member",
  "message_reaction",
  "message_reaction_count",
])

/** One bot's queue with the semantics of the official server's TQueue: acknowledged by offset, redelivered until then. */
export class UpdateQueue {
  /** Every update that entered the queue, for assertions. */
  readonly history: Update[] = []
  readonly changed = new Signal()
  readonly #clock: SkippableClock
  #pending: { readonly update: Update; readonly expiresAt: number }[] = []
  #allowed: readonly UpdateKind[] = []
  #waiting: Waiting | undefined
  #nextId: number
  #webhookUrl = ""

  constructor(clock: SkippableClock, firstUpdateId: number) {
    this.#clock = clock
    this.#nextId = firstUpdateId
  }

  get webhookUrl(): string {
    return this.#webhookUrl
  }

  get nextUpdateId(): number {
    return this.#nextId
  }

  get pendingCount(): number {
    this.#dropExpired()
    return this.#pending.length
  }

  /** Is a long poll open at this moment? */
  get isPolled(): boolean {
    return this.#waiting !== undefined
  }

  /** Resolves once a long poll is open. */
  async polled({ timeoutMs = 15_000 } = {}): Promise<void> {
    await waitUntil({
      signal: this.changed,
      probe: () => (this.isPolled ? true : undefined),
      timeoutMs,
      describe: () => `The bot opened no long poll within ${timeoutMs} ms`,
    })
  }

  /** Resolves once the bot has acknowledged the update (or it has expired). */
  async acknowledged(updateId: number, { timeoutMs = 15_000 } = {}): Promise<void> {
    await waitUntil({
      signal: this.changed,
      probe: () => (this.isPending(updateId) ? undefined : true),
      timeoutMs,
      describe: () => `The bot did not acknowledge the update ${updateId} within ${timeoutMs} ms`,
    })
  }

  isPending(updateId: number): boolean {
    this.#dropExpired()
    return this.#pending.some((entry) => entry.update.update_id === updateId)
  }

  /** Returns the update's id, or undefined when the bot's `allowed_updates` leave this kind out. */
  push(content: UpdateContent): number | undefined {
    const kind = kindOf(content)
    if (!this.#isAllowed(kind)) return undefined
    const update: Update = { update_id: this.#nextId++, ...structuredClone(content) }
    this.history.push(update)
    this.#pending.push({ update, expiresAt: this.#clock.now() + (ttlMs[kind] ?? dayMs) })
    this.#answerWaiting()
    this.changed.emit()
    return update.update_id
  }

  /** After a week without updates Telegram restarts the numbering at random. */
  restartNumberingAt(updateId: number): void {
    this.#nextId = updateId
  }

  poll(request: PollRequest): Promise<Update[]> {
    if (this.#webhookUrl !== "") {
      const description =
        "can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
      return Promise.reject(conflict(description))
    }
    if (request.allowedUpdates) this.#allowed = request.allowedUpdates
    this.#endWaiting(
      "terminated by other getUpdates request; make sure that only one bot instance is running",
    )
    this.#acknowledge(request.offset)
    const batch = this.#batch(request.limit)
    if (batch.length > 0 || request.timeoutSeconds <= 0) return Promise.resolve(batch)
    return this.#wait(request)
  }

  setWebhook(url: string): void {
    this.#webhookUrl = url
    if (url !== "") this.#endWaiting("terminated by setWebhook request")
  }

  dropPending(): void {
    this.#pending = []
    this.changed.emit()
  }

  #isAllowed(kind: UpdateKind): boolean {
    return this.#allowed.length > 0 ? this.#allowed.includes(kind) : !notByDefault.has(kind)
  }

  #acknowledge(offset: number): void {
    // TQueue refuses offsets beyond its tail and the server then starts again at the head.
    if (offset === 0 || offset > this.#nextId + 10) return
    this.#pending =
      offset < 0
        ? this.#pending.slice(offset)
        : this.#pending.filter((entry) => entry.update.update_id >= offset)
    this.changed.emit()
  }

  #dropExpired(): void {
    const now = this.#clock.now()
    if (this.#pending.some((entry) => entry.expiresAt <= now)) {
      this.#pending = this.#pending.filter((entry) => entry.expiresAt > now)
    }
  }

  #batch(limit: number): Update[] {
    this.#dropExpired()
    return this.#pending.slice(0, limit).map((entry) => entry.update)
  }

  #wait(request: PollRequest): Promise<Update[]> {
    if (request.gone.aborted) return Promise.resolve([])
    const { promise, resolve, reject } = Promise.withResolvers<Update[]>()
    const end = () => {
      clearTimeout(timer)
      if (this.#waiting === waiting) this.#waiting = undefined
      this.changed.emit()
    }
    const waiting: Waiting = {
      limit: request.limit,
      resolve: (updates) => {
        end()
        resolve(updates)
      },
      reject: (error) => {
        end()
        reject(error)
      },
    }
    const timer = setTimeout(() => waiting.resolve([]), Math.min(request.timeoutSeconds, 50) * 1000)
    request.gone.addEventListener("abort", () => waiting.resolve([]), { once: true })
    this.#waiting = waiting
    this.changed.emit()
    return promise
  }

  #answerWaiting(): void {
    const waiting = this.#waiting
    if (!waiting) return
    const batch = this.#batch(waiting.limit)
    if (batch.length > 0) waiting.resolve(batch)
  }

  #endWaiting(description: string): void {
    this.#waiting?.reject(conflict(description))
  }
}

const isKind = (key: string): key is UpdateKind => key !== "update_id"

/** The one field that an update carries. */
function kindOf(content: UpdateContent): UpdateKind {
  const kinds = Object.keys(content).filter(isKind)
  const [kind] = kinds
  if (!kind || kinds.length !== 1)
    throw new Error(`An update carries exactly one field, this has: ${kinds.join(", ")}`)
  return kind
}
