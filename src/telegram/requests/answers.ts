/** The owner's answers to requests, by taps and by replies. */
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import type { RequestId } from "../../protocol/ids.ts"
import type { Answer } from "../../protocol/session.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { ActionBody } from "../delivery/actions.ts"
import type { Address } from "../places/address.ts"
import { decision, wordClosure } from "./card.ts"
import { answeringKey, type RequestNotices } from "./notice.ts"
import { type Answering, choose, finish, NOT_BEGUN, type Step, write } from "./questions.ts"

/** What the owner is told at once; `alert` must be tapped away. */
export interface Notice {
  readonly text: string
  readonly alert?: boolean
}

export interface RequestAnswersSpec {
  readonly kernel: Kernel
  readonly say: TelegramSay
  readonly notices: RequestNotices
}

/** Whoever writes this to an approval wants to allow it, and gets no denial for it. */
const AGREES = /^\s*(?:y|yes|yep|ok|okay|sure|go ahead|do it|allow|네|예|응|그래|좋아|허용)\W*$/iu
/** Telegram shows at most 200 characters of a notice. */
const NOTICE_LIMIT = 190

export class RequestAnswers {
  readonly #spec: RequestAnswersSpec

  constructor(spec: RequestAnswersSpec) {
    this.#spec = spec
  }

  answer(id: RequestId, version: number, answer: Answer): Notice | undefined {
    const { kernel, say } = this.#spec
    const by = { surface: "telegram", detail: say("request.surface_telegram") }
    const result = kernel.requests.answer({ id, version, answer, by })
    switch (result.kind) {
      case "accepted":
        return { text: decision(result.request, say).slice(0, NOTICE_LIMIT) }
      case "too_late":
        return { text: this.#tooLate(result.request), alert: true }
      case "stale":
      case "invalid":
        return { text: say("request.stale"), alert: true }
      case "unknown":
        return { text: say("tap.expired") }
    }
  }

  /** A tap on an option of a question, or on Done. */
  question(
    body: Extract<ActionBody, { kind: "question.option" | "question.done" }>,
    to: Address,
  ): Notice | undefined {
    const { kernel, say } = this.#spec
    const request = kernel.ledger.requests.find(body.request)
    if (request?.body.kind !== "question") return { text: say("tap.expired") }
    if (request.state !== "open") return { text: this.#tooLate(request), alert: true }
    if (request.version !== body.version) return { text: say("request.stale"), alert: true }
    const answering = this.#answering(request)
    const step =
      body.kind === "question.option"
        ? choose(request.body, answering, body)
        : finish(request.body, answering, body.question)
    const notice = this.#step(request, step, to)
    const isIdle = step.kind === "more" && step.answering === answering
    return isIdle ? { text: say("request.choose_first"), alert: true } : notice
  }

  /** A reply to the card of a request: an own answer, or the reason for a denial. */
  reply(id: RequestId, text: string, to: Address): Notice | undefined {
    const { kernel, say } = this.#spec
    const request = kernel.ledger.requests.find(id)
    if (!request) return { text: say("tap.expired") }
    const { body } = request
    if (request.state !== "open") return { text: this.#tooLate(request) }
    if (body.kind === "question") {
      if (!isTextWanted(body, this.#answering(request))) return { text: say("request.options_only") }
      return this.#step(request, write(body, this.#answering(request), text), to)
    }
    const deny =
      body.options.find((option) => option.effect === "deny") ??
      body.options.find((option) => option.effect === "deny_stop")
    if (!deny || !body.acceptsReason || AGREES.test(text)) return { text: say("request.options_only") }
    return this.answer(id, request.version, { kind: "option", option: deny.id, reason: text })
  }

  #step(request: StoredRequest, step: Step, to: Address): Notice | undefined {
    const { kernel, say, notices } = this.#spec
    switch (step.kind) {
      case "stale":
        return { text: say("request.stale"), alert: true }
      case "complete":
        return this.answer(request.id, request.version, { kind: "answers", answers: step.answers })
      case "more":
        kernel.ledger.machine.set(answeringKey(request), step.answering, kernel.clock.now())
        notices.stepped(request, kernel.sessions.must(request.session), to)
        return undefined
    }
  }

  #answering(request: StoredRequest): Answering {
    return this.#spec.kernel.ledger.machine.setting<Answering>(answeringKey(request)) ?? NOT_BEGUN
  }

  #tooLate(request: StoredRequest): string {
    const { say, kernel } = this.#spec
    if (request.state === "closed")
      return say("request.gone", { why: wordClosure(request, kernel.ledger, say) })
    const by = request.answeredBy?.detail ?? ""
    return say("request.too_late", { decision: decision(request, say), by }).slice(0, NOTICE_LIMIT)
  }
}

function isTextWanted(
  body: Extract<StoredRequest["body"], { kind: "question" }>,
  { index }: Answering,
): boolean {
  return body.questions[index]?.freeText ?? false
}
