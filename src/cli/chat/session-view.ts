import type { RecordedFact } from "../../protocol/facts.ts"
import type { RequestId, TurnId } from "../../protocol/ids.ts"
import type { OpenRequest } from "./ask-request.ts"

/** What a reader of a session's events knows: which turns work, and what they wait for. */
export class SessionView {
  /** Turns that run or are about to. */
  readonly #working = new Set<TurnId>()
  readonly #requests = new Map<RequestId, OpenRequest>()

  get isWorking(): boolean {
    return this.#working.size > 0
  }

  /** The oldest request that has not been asked here. */
  nextRequest(): OpenRequest | null {
    return this.#requests.values().next().value ?? null
  }

  take({ turn, fact }: RecordedFact): void {
    if (turn === null) return
    switch (fact.kind) {
      case "turn.ended":
      case "turn.dropped":
      case "turn.steered":
      case "turn.held":
        this.#working.delete(turn)
        return
      case "request.opened":
        this.#working.add(turn)
        this.#requests.set(fact.request, { id: fact.request, version: fact.version, body: fact.body })
        return
      case "request.answered":
      case "request.closed":
        this.#requests.delete(fact.request)
        return
      case "turn.queued":
      case "turn.edited":
      case "turn.started":
      case "item":
      case "notice":
        this.#working.add(turn)
        return
      default:
        return
    }
  }

  /** A turn sent from here, before its first event. */
  begin(turn: TurnId): void {
    this.#working.add(turn)
  }

  /** Asked and done with, whatever the answer was. */
  settle(request: RequestId): void {
    this.#requests.delete(request)
  }
}
