/**
 * What an agent waits for now, under ids of our own: an agent's id may be odd, or used again. Each is answered or
 * withdrawn exactly once.
 */
import { isDeepStrictEqual } from "node:util"
import { ProviderError } from "../core/provider-error.ts"
import { RequestId } from "../protocol/ids.ts"
import type { Answer, RequestBody } from "../protocol/session.ts"
import type { AttemptRecord, ClosedWhy } from "./attempt-record.ts"

/** A request as it is put to the owner, with the way back. `R` is the agent's form of an answer. */
export interface Asked<R> {
  readonly record: AttemptRecord
  readonly body: RequestBody
  /** Null when the answer does not fit; the request then stays open. */
  readonly translate: (answer: Answer) => R | null
  /** Nobody will answer any more. */
  readonly onWithdrawn?: () => void
  /** Only where another life of the host must know it again; a fresh one otherwise. */
  readonly id?: RequestId
}

export type Withdrawn<K, R> = Pick<Asked<R>, "body" | "translate"> & { readonly key: K }

interface Open<K, R> extends Asked<R> {
  readonly key: K
}

/** `K` is the agent's own id of a request. */
export class OpenRequests<K, R> {
  readonly #newId: () => string
  readonly #open = new Map<RequestId, Open<K, R>>()

  constructor(newId: () => string) {
    this.#newId = newId
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * The same request again, as after a reconnection, stays one. Another one under the key of an open one takes its
   * place: the agent can be answered only once, and what the owner allows must be what they were shown.
   * @returns null when the attempt has ended, so that nobody can be asked.
   */
  open(key: K, asked: Asked<R>): RequestId | null {
    if (asked.record.isEnded) return null
    const known = this.#find(key)
    if (known !== undefined) {
      const [request, open] = known
      if (open.record === asked.record && isDeepStrictEqual(open.body, asked.body)) {
        this.#open.set(request, { ...asked, key })
        return request
      }
      this.#close(request, "withdrawn")
    }
    const request = asked.id ?? RequestId.parse(this.#newId())
    this.#open.set(request, { ...asked, key })
    asked.record.requestOpened(request, asked.body)
    return request
  }

  has(request: RequestId): boolean {
    return this.#open.has(request)
  }

  /**
   * Takes the request off the list; null when it is not on it.
   * @throws ProviderError (`bad_request`) when the answer does not fit; the request then stays open.
   */
  answer(request: RequestId, answer: Answer): { readonly key: K; readonly reply: R } | null {
    const open = this.#open.get(request)
    if (open === undefined) return null
    const reply = open.translate(answer)
    if (reply === null) {
      const cause = new Error("the answer does not fit what was asked")
      throw new ProviderError({ class: "bad_request" }, { cause })
    }
    this.#close(request, "answered")
    return { key: open.key, reply }
  }

  /** The agent no longer waits. */
  closed(key: K, why: ClosedWhy): void {
    const known = this.#find(key)
    if (known !== undefined) this.#close(known[0], why)
  }

  /** @returns what was withdrawn, for an agent that goes on waiting beyond the end of the attempt. */
  withdrawAll(record?: AttemptRecord): readonly Withdrawn<K, R>[] {
    const found = [...this.#open].filter(([, open]) => record === undefined || open.record === record)
    for (const [request] of found) this.#close(request, "withdrawn")
    return found.map(([, { key, body, translate }]) => ({ key, body, translate }))
  }

  #find(key: K): readonly [RequestId, Open<K, R>] | undefined {
    return [...this.#open].find(([, open]) => open.key === key)
  }

  #close(request: RequestId, why: ClosedWhy): void {
    const open = this.#open.get(request)
    if (open === undefined) return
    this.#open.delete(request)
    open.record.requestClosed(request, why)
    if (why !== "answered") open.onWithdrawn?.()
  }
}
