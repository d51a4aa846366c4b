import { expect } from "vitest"
import type { AttemptId, RequestId } from "../../src/protocol/ids.ts"
import type { Item, Outcome, ProviderEvent, RequestBody, Settings } from "../../src/protocol/session.ts"
import type { DeltaChannel, EventSink } from "../../src/providers/provider.ts"

export interface Delta {
  readonly attempt: AttemptId
  readonly item: string
  readonly channel: DeltaChannel
  readonly text: string
}

type Told =
  | { readonly kind: "event"; readonly event: ProviderEvent }
  | { readonly kind: "delta"; readonly delta: Delta }
  | { readonly kind: "closed"; readonly reason: string }

export interface OpenedRequest {
  readonly request: RequestId
  readonly body: RequestBody
}

/** A sink that keeps everything in order and lets a test wait for what it needs, without a clock. */
export class Recorder implements EventSink {
  readonly told: Told[] = []
  readonly #waiters = new Set<() => void>()

  emit(event: ProviderEvent): void {
    this.#add({ kind: "event", event })
  }

  delta(attempt: AttemptId, item: string, channel: DeltaChannel, text: string): void {
    this.#add({ kind: "delta", delta: { attempt, item, channel, text } })
  }

  closed(reason: string): void {
    this.#add({ kind: "closed", reason })
  }

  get events(): readonly ProviderEvent[] {
    return this.told.flatMap((told) => (told.kind === "event" ? [told.event] : []))
  }

  of(attempt: AttemptId): readonly ProviderEvent[] {
    return this.events.filter((event) => "attempt" in event && event.attempt === attempt)
  }

  /** The last state of every item of the attempt. */
  items(attempt: AttemptId): readonly Item[] {
    const items = new Map<string, Item>()
    for (const event of this.of(attempt)) if (event.kind === "item") items.set(event.item.id, event.item)
    return [...items.values()]
  }

  settings(): Settings | null {
    return this.events.findLast((event) => event.kind === "session.changed")?.settings ?? null
  }

  /** Text streamed for the attempt, whatever the item. */
  streamed(attempt: AttemptId, channel: DeltaChannel): string {
    const deltas = this.told.flatMap((told) => (told.kind === "delta" ? [told.delta] : []))
    return deltas
      .filter((delta) => delta.attempt === attempt && delta.channel === channel)
      .map((delta) => delta.text)
      .join("")
  }

  /** Resolves with the first thing found; looks again whenever something is told. */
  async until<T>(find: () => T | undefined): Promise<T> {
    const found = find()
    if (found !== undefined) return found
    const { promise, resolve } = Promise.withResolvers<T>()
    const look = (): void => {
      const now = find()
      if (now === undefined) return
      this.#waiters.delete(look)
      resolve(now)
    }
    this.#waiters.add(look)
    return await promise
  }

  async ended(attempt: AttemptId): Promise<Outcome> {
    return await this.until(() => this.of(attempt).find((event) => event.kind === "attempt.ended")?.outcome)
  }

  async request(attempt: AttemptId): Promise<OpenedRequest> {
    const event = await this.until(() =>
      this.of(attempt).find((one) => one.kind === "request.opened" || one.kind === "attempt.ended"),
    )
    if (event.kind !== "request.opened") throw new Error(`ended instead of asking: ${JSON.stringify(event)}`)
    return event
  }

  /** Until the agent streams something for the attempt. */
  async streaming(attempt: AttemptId): Promise<void> {
    const ended = (): boolean => this.of(attempt).some((event) => event.kind === "attempt.ended")
    await this.until(() => this.streamed(attempt, "message") || ended() || undefined)
    if (this.streamed(attempt, "message") === "") throw new Error("ended without streaming anything")
  }

  async gone(): Promise<string> {
    return await this.until(() => this.told.find((told) => told.kind === "closed")?.reason)
  }

  #add(told: Told): void {
    this.told.push(told)
    for (const look of [...this.#waiters]) look()
  }
}

/**
 * What must hold of every attempt that was accepted, whatever happened: accepted first, ended exactly once and last,
 * every request opened once and closed once, nothing left running.
 */
export function expectWholeAttempt(recorder: Recorder, attempt: AttemptId): void {
  const kinds = recorder.of(attempt).map((event) => event.kind)
  expect(kinds.filter((kind) => kind === "attempt.accepted" || kind === "attempt.ended")).toEqual([
    "attempt.accepted",
    "attempt.ended",
  ])
  expect(kinds.at(0)).toBe("attempt.accepted")
  expect(kinds.at(-1)).toBe("attempt.ended")
  const requests = (kind: "request.opened" | "request.closed"): readonly string[] =>
    recorder.of(attempt).flatMap((event) => (event.kind === kind ? [event.request] : []))
  expect(requests("request.closed").toSorted()).toEqual(requests("request.opened").toSorted())
  expect(recorder.items(attempt).filter((item) => item.status === "running")).toEqual([])
  expectNoDeltaOutside(recorder, attempt)
}

function expectNoDeltaOutside(recorder: Recorder, attempt: AttemptId): void {
  const at = (kind: ProviderEvent["kind"]): number =>
    recorder.told.findIndex(
      (told) =>
        told.kind === "event" &&
        told.event.kind === kind &&
        "attempt" in told.event &&
        told.event.attempt === attempt,
    )
  const outside = recorder.told.filter((told, index) => {
    const isDelta = told.kind === "delta" && told.delta.attempt === attempt
    return isDelta && (index < at("attempt.accepted") || index > at("attempt.ended"))
  })
  expect(outside).toEqual([])
}
