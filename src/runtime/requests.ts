/** Answers to what agents wait for: the first valid one wins, on whichever surface it was given. */
import { isDeepStrictEqual } from "node:util"
import { asksForSecret, withoutSecrets } from "../core/secret-answer.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Answerer, Closure } from "../protocol/facts.ts"
import type { RequestId } from "../protocol/ids.ts"
import type { Answer, RequestBody } from "../protocol/session.ts"
import type { RuntimeContext } from "./context.ts"
import type { HandOvers } from "./hand-over.ts"

export type AnswerResult =
  | { readonly kind: "accepted"; readonly request: StoredRequest }
  /** Somebody was faster, or the agent took it back. */
  | { readonly kind: "too_late"; readonly request: StoredRequest }
  /** The answer was given to something else than what is open now. */
  | { readonly kind: "stale" }
  | { readonly kind: "invalid"; readonly why: "unknown_option" | "unanswered_question" | "wrong_kind" }
  | { readonly kind: "unknown" }

export class Requests {
  readonly #context: RuntimeContext
  readonly #handOvers: HandOvers

  constructor(context: RuntimeContext, handOvers: HandOvers) {
    this.#context = context
    this.#handOvers = handOvers
  }

  /**
   * An agent waits for this. In a host that died between noting an answer down and passing it on, it is lost, and the
   * agent asks the same again: it is given that answer again. Whatever else is asked once more is for the owner to
   * answer. Only inside a transaction. @returns whether the owner is asked.
   */
  asked(request: Pick<StoredRequest, "id" | "session" | "turn" | "attempt" | "body">): boolean {
    const { ledger, clock } = this.#context
    if (ledger.requests.open(request, clock.now())) return true
    const known = ledger.requests.find(request.id)
    if (known === null || known.state === "open") return false
    if (!this.#isAnswerLost(known, request)) {
      ledger.requests.reopen(request)
      return true
    }
    this.#handOvers.answer(known)
    return false
  }

  #isAnswerLost(known: StoredRequest, { attempt, body }: Pick<StoredRequest, "attempt" | "body">): boolean {
    const isSame = known.attempt === attempt && isDeepStrictEqual(known.body, body)
    // One that asks for a secret is not kept; what was told to have changed nothing must not come true later.
    const mayBeGiven =
      !asksForSecret(body) && this.#context.ledger.facts.closuresOf(known.id).every(isAnswered)
    return known.state === "answered" && isSame && mayBeGiven
  }

  answer(given: { id: RequestId; version: number; answer: Answer; by: Answerer }): AnswerResult {
    const { ledger, clock, record } = this.#context
    return ledger.transact(() => {
      const request = ledger.requests.find(given.id)
      if (!request) return { kind: "unknown" }
      if (request.state !== "open") return { kind: "too_late", request }
      const fault = faultOf(request.body, given.answer)
      if (fault) return { kind: "invalid", why: fault }
      if (!ledger.requests.answer(given, clock.now())) return { kind: "stale" }
      const answered = ledger.requests.find(given.id) as StoredRequest
      const { turn: id, session, attempt } = answered
      const answer = withoutSecrets(answered.body, given.answer)
      record(
        { kind: "request.answered", request: answered.id, by: given.by, answer },
        { id, session, attempt },
      )
      this.#handOvers.answer(answered)
      return { kind: "accepted", request: answered }
    })
  }
}

const isAnswered = (why: Closure): boolean => why === "answered"

type Fault = Extract<AnswerResult, { kind: "invalid" }>["why"]

function faultOf(body: RequestBody, answer: Answer): Fault | null {
  if (answer.kind === "dismissed") return null
  if (body.kind === "question") {
    if (answer.kind !== "answers") return "wrong_kind"
    const isAnswered = body.questions.every((question) => (answer.answers[question.id]?.length ?? 0) > 0)
    return isAnswered ? null : "unanswered_question"
  }
  if (answer.kind !== "option") return "wrong_kind"
  return body.options.some((option) => option.id === answer.option) ? null : "unknown_option"
}
