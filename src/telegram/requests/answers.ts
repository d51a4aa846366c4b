/** The owner's answers to requests, by taps and by replies. */
import { z } from "zod"
import { isDenial } from "../../core/request-card.ts"
import type { TelegramSay } from "../../core/texts/telegram.ts"
import type { StoredRequest } from "../../ledger/requests.ts"
import { RequestId, type SessionId } from "../../protocol/ids.ts"
import { Answer } from "../../protocol/session.ts"
import type { Kernel } from "../../runtime/kernel.ts"
import type { Act, Notice, Tapped } from "../delivery/tapped.ts"
import type { Address } from "../places/address.ts"
import { decision, wordClosure } from "./card.ts"
import { answeringKey, type RequestNotices } from "./notice.ts"
import {
  type Answering,
  choose,
  finish,
  NOT_BEGUN,
  type QuestionsBody,
  questionAt,
  type Step,
  write,
} from "./questions.ts"

const RequestArgs = z.object({
  request: RequestId,
  version: z.number().int(),
  answer: Answer.optional(),
  /** The owner is asked once more, with what it means. */
  confirm: z.boolean().optional(),
  question: z.number().int().optional(),
  option: z.number().int().optional(),
})

interface QuestionTap {
  readonly request: RequestId
  readonly version: number
  readonly question: number
  /** Null for Done. */
  readonly option: number | null
}

export interface RequestAnswersSpec {
  readonly kernel: Pick<Kernel, "ledger" | "requests" | "clock">
  readonly say: TelegramSay
  readonly notices: RequestNotices
}

/** Telegram shows at most 200 characters of a notice. */
const NOTICE_LIMIT = 190

export class RequestAnswers {
  readonly #spec: RequestAnswersSpec

  constructor(spec: RequestAnswersSpec) {
    this.#spec = spec
  }

  /** The buttons of requests. */
  readonly tapped = ({ action, address }: Tapped): Act | null => {
    const { session } = action
    if (action.verb === "deny_all" && session !== null) return () => this.#denyAll(session)
    const args = RequestArgs.safeParse(action.args).data
    if (!args) return null
    const { request, version, answer, confirm, question, option } = args
    if (action.verb === "answer" && answer && confirm) return () => this.#confirm(request, answer, address)
    if (action.verb === "answer" && answer) return () => this.answer(request, version, answer)
    if (question === undefined) return null
    const isDone = action.verb === "done"
    if (!isDone && (action.verb !== "option" || option === undefined)) return null
    return () =>
      this.#question({ request, version, question, option: isDone ? null : (option ?? null) }, address)
  }

  /** The last first: those without a card must not get one on the way. */
  #denyAll(session: SessionId): Notice {
    const { kernel, say } = this.#spec
    let count = 0
    for (const { id, version, body } of kernel.ledger.requests.openOf(session).toReversed()) {
      const deny = body.kind === "question" ? undefined : body.options.find(({ effect }) => isDenial(effect))
      if (!deny) continue
      const notice = this.answer(id, version, { kind: "option", option: deny.id })
      if (notice?.alert !== true) count += 1
    }
    return { text: say("request.denied_all", { count }) }
  }

  #confirm(id: RequestId, answer: Answer, to: Address): Notice | undefined {
    const { kernel, say, notices } = this.#spec
    const request = kernel.ledger.requests.find(id)
    if (!request) return { text: say("tap.expired") }
    if (request.state !== "open") return { text: this.#tooLate(request), alert: true }
    notices.askWhetherItLasts(request, answer, to)
    return undefined
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
  #question(tap: QuestionTap, to: Address): Notice | undefined {
    const { kernel, say } = this.#spec
    const request = kernel.ledger.requests.find(tap.request)
    if (request?.body.kind !== "question") return { text: say("tap.expired") }
    if (request.state !== "open") return { text: this.#tooLate(request), alert: true }
    if (request.version !== tap.version) return { text: say("request.stale"), alert: true }
    const answering = this.#answering(request)
    const step =
      tap.option === null
        ? finish(request.body, answering, tap.question)
        : choose(request.body, answering, { question: tap.question, option: tap.option })
    const notice = this.#step(request, step, to)
    const isIdle = step.kind === "more" && step.answering === answering
    return isIdle ? { text: say("request.choose_first"), alert: true } : notice
  }

  /** A reply to the card of a request: an own answer, or what may be the reason for a denial. */
  reply(id: RequestId, text: string, to: Address): Notice | undefined {
    const { kernel, say } = this.#spec
    const request = kernel.ledger.requests.find(id)
    if (!request) return { text: say("tap.expired") }
    const { body } = request
    if (request.state !== "open") return { text: this.#tooLate(request) }
    if (body.kind === "question") {
      const step = typedStep(body, this.#answering(request), text)
      return step === null ? { text: say("request.options_only") } : this.#step(request, step, to)
    }
    if (!body.acceptsReason) return { text: say("request.options_only") }
    this.#spec.notices.askWhetherToDeny(request, text, to)
    return undefined
  }

  /** Whether words that answer no message are the answer to this: an option by its name, or free words where wanted. */
  takes(request: StoredRequest, text: string): boolean {
    if (request.state !== "open" || request.body.kind !== "question") return false
    return typedStep(request.body, this.#answering(request), text) !== null
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
        notices.stepped(request, to)
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

/** What words mean for the question that is asked now; null when they are no answer to it. */
function typedStep(body: QuestionsBody, answering: Answering, text: string): Step | null {
  const asked = questionAt(body, answering.index)
  if (!asked) return null
  const wanted = text.trim().toLowerCase()
  const option = asked.options.findIndex(({ label }) => label.trim().toLowerCase() === wanted)
  if (option === -1) return asked.freeText ? write(body, answering, text) : null
  const chosen = choose(body, answering, { question: answering.index, option })
  // Several may be chosen by taps; a name that is typed is the whole answer.
  return asked.multiple && chosen.kind === "more" ? finish(body, chosen.answering, answering.index) : chosen
}
