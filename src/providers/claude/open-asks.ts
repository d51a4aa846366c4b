/** What Claude Code waits for now. Each is answered or withdrawn exactly once. */
import { ProviderError } from "../../core/provider-error.ts"
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import { RequestId as RequestIdSchema } from "../../protocol/ids.ts"
import type { Answer, RequestBody } from "../../protocol/session.ts"
import type { EventSink } from "../provider.ts"
import type { Ask, Verdict } from "./permission.ts"

interface OpenAsk {
  readonly attempt: AttemptId
  readonly toolUse: string
  readonly ask: Ask
}

export class OpenAsks {
  readonly #sink: EventSink
  readonly #open = new Map<RequestId, OpenAsk>()

  constructor(sink: EventSink) {
    this.#sink = sink
  }

  get size(): number {
    return this.#open.size
  }

  open(id: string, ask: OpenAsk): void {
    const request = RequestIdSchema.parse(id)
    this.#open.set(request, ask)
    const body: RequestBody = ask.ask.body
    this.#sink.emit({ kind: "request.opened", attempt: ask.attempt, request, body })
  }

  /**
   * Takes the request off the list; null when it is not on it.
   * @throws ProviderError (`bad_request`) when the answer does not fit; the request then stays open.
   */
  answer(request: RequestId, answer: Answer): { readonly verdict: Verdict; readonly toolUse: string } | null {
    const open = this.#open.get(request)
    if (open === undefined) return null
    const verdict = open.ask.verdict(answer)
    if (verdict === null) {
      const cause = new Error("the answer does not fit what was asked")
      throw new ProviderError({ class: "bad_request" }, { cause })
    }
    this.#close(request, "answered")
    return { verdict, toolUse: open.toolUse }
  }

  withdraw(id: string): void {
    const request = RequestIdSchema.safeParse(id)
    if (request.success) this.#close(request.data, "withdrawn")
  }

  withdrawAll(): void {
    for (const request of [...this.#open.keys()]) this.#close(request, "withdrawn")
  }

  #close(request: RequestId, why: "answered" | "withdrawn"): void {
    const open = this.#open.get(request)
    if (open === undefined) return
    this.#open.delete(request)
    this.#sink.emit({ kind: "request.closed", attempt: open.attempt, request, why })
  }
}
