import { RequestId } from "../../protocol/ids.ts"
import type { Answer, RequestBody } from "../../protocol/session.ts"
import type { EventSink } from "../provider.ts"
import { failed } from "./failure.ts"
import type { Turn } from "./turn.ts"

interface Pending<R> {
  readonly turn: Turn
  readonly body: RequestBody
  /** The agent's words for an answer; null when the answer does not fit. */
  readonly translate: (answer: Answer) => R | null
  /** What the agent is told when nobody will answer. */
  readonly withdrawn: R
  /** Aborts when the agent itself no longer waits. */
  readonly signal: AbortSignal
}

interface Open {
  answer(answer: Answer): boolean
  withdraw(): void
}

/** What the agent waits for now. Each is answered or withdrawn exactly once. */
export class PendingRequests {
  readonly #open = new Map<string, Open>()
  readonly #sink: EventSink
  readonly #newId: () => string

  constructor(sink: EventSink, newId: () => string) {
    this.#sink = sink
    this.#newId = newId
  }

  get size(): number {
    return this.#open.size
  }

  ask<R>({ turn, body, translate, withdrawn, signal }: Pending<R>): Promise<R> {
    const { promise, resolve } = Promise.withResolvers<R>()
    const request = RequestId.parse(this.#newId())
    const close = (why: "answered" | "withdrawn", result: R): void => {
      this.#open.delete(request)
      signal.removeEventListener("abort", withdraw)
      this.#sink.emit({ kind: "request.closed", attempt: turn.attempt, request, why })
      resolve(result)
    }
    const withdraw = (): void => {
      if (this.#open.has(request)) close("withdrawn", withdrawn)
    }
    this.#open.set(request, {
      withdraw,
      answer(answer) {
        const result = translate(answer)
        if (result === null) return false
        close("answered", result)
        return true
      },
    })
    this.#sink.emit({ kind: "request.opened", attempt: turn.attempt, request, body })
    signal.addEventListener("abort", withdraw)
    if (signal.aborted) withdraw()
    return promise
  }

  /**
   * @throws ProviderError (`bad_request`) when the answer does not fit the request, which stays open.
   */
  answer(request: RequestId, answer: Answer): "answered" | "gone" {
    const open = this.#open.get(request)
    if (!open) return "gone"
    if (!open.answer(answer))
      throw failed("bad_request", undefined, new Error("the answer does not fit what was asked"))
    return "answered"
  }

  withdrawAll(): void {
    for (const open of [...this.#open.values()]) open.withdraw()
  }
}
