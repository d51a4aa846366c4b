/** What Codex asks of its client in one session, put to the owner under the attempt that runs, and the way back. */
import { isDeepStrictEqual } from "node:util"
import type { AttemptId, RequestId } from "../../protocol/ids.ts"
import type { Answer, FileChange, RequestBody } from "../../protocol/session.ts"
import type { AttemptRecord } from "../attempt-record.ts"
import { requestId } from "../ids.ts"
import { OpenRequests } from "../open-requests.ts"
import type { Connection, RpcId, ServerRequest } from "./connection.ts"
import { LABEL } from "./program.ts"
import { readRequest } from "./requests.ts"
import type { Shared } from "./shared.ts"
import type { Turn } from "./turn.ts"

export interface Asked {
  readonly connection: Connection
  readonly request: ServerRequest
  readonly turn: Turn | null
  /** The sub-agent that asks; null for the session's own agent. */
  readonly helper: {
    readonly thread: string
    readonly name: string
    readonly changesOf: (item: string) => readonly FileChange[]
  } | null
}

export class Asking {
  /** Resolves once something was asked of the owner. */
  readonly first: Promise<void>
  readonly #shared: Shared
  readonly #open: OpenRequests<RpcId, object>
  /** What was asked under each name in this attempt. */
  readonly #named = new Map<string, RequestBody>()
  readonly #first = Promise.withResolvers<void>()

  constructor(shared: Shared) {
    this.#shared = shared
    this.#open = new OpenRequests(shared.context.newId)
    this.first = this.#first.promise
  }

  get isWaiting(): boolean {
    return this.#open.size > 0
  }

  isPending(request: RequestId): boolean {
    return this.#open.has(request)
  }

  ask(asked: Asked): void {
    const { connection, request, turn, helper } = asked
    const changesOf = helper?.changesOf ?? ((item: string) => turn?.changesOf(item) ?? [])
    const read = readRequest(request.method, request.params, { changesOf, subagent: helper?.name ?? null })
    if (turn !== null && read.kind === "question") {
      const { body, respond } = read.question
      const id = this.#nameOf(asked, turn.attempt, body)
      this.#open.open(request.id, { record: turn.record, body, translate: respond, id })
      return this.#first.resolve()
    }
    if (read.kind === "decline") {
      connection.respond(request.id, read.result)
      turn?.notice({ code: "warning", detail: "", reason: read.reason })
      return
    }
    this.#shared.refusedRequest(request)
    connection.refuse(request.id, "not supported by this client")
    turn?.notice({
      code: "warning",
      detail: "",
      reason: { code: "request_unknown", agent: LABEL, request: request.method },
    })
  }

  /** Takes the request out of the open ones; null when it is not among them. @throws ProviderError when it does not fit */
  answer(request: RequestId, answer: Answer): { readonly rpcId: RpcId; readonly result: object } | null {
    const taken = this.#open.answer(request, answer)
    return taken && { rpcId: taken.key, result: taken.reply }
  }

  /** Codex no longer waits. If not for our answer, then for somebody else's or because the turn is being stopped. */
  resolved(rpcId: RpcId, turn: Turn | null): void {
    this.#open.closed(rpcId, turn?.stop ? "withdrawn" : "answered_elsewhere")
  }

  /**
   * The same in every life of the host, so that a request it finds again is known to the ledger; but never the same for
   * two that differ.
   */
  #nameOf({ helper, request }: Asked, attempt: AttemptId, body: RequestBody): RequestId {
    const name = ["codex", attempt, ...(helper === null ? [] : [helper.thread]), request.id].join(":")
    const known = this.#named.get(name)
    if (known !== undefined && !isDeepStrictEqual(known, body)) {
      return requestId(`${name}:${this.#shared.context.newId()}`)
    }
    this.#named.set(name, body)
    return requestId(name)
  }

  withdrawAll(record: AttemptRecord): void {
    this.#open.withdrawAll(record)
    this.#named.clear()
  }
}
