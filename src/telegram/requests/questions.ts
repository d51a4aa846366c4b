/** How far the owner has come in answering a request with several questions. Pure. */
import type { Question, RequestBody } from "../../protocol/session.ts"

export type QuestionsBody = Extract<RequestBody, { kind: "question" }>

export interface Answering {
  /** The question shown now. */
  readonly index: number
  /** Answers so far by question id; for the question shown now, what is switched on. */
  readonly given: Readonly<Record<string, readonly string[]>>
}

export const NOT_BEGUN: Answering = { index: 0, given: {} }

export type Step =
  | { readonly kind: "more"; readonly answering: Answering }
  | { readonly kind: "complete"; readonly answers: Record<string, string[]> }
  /** The card that was tapped shows another question than the one asked now. */
  | { readonly kind: "stale" }

export function questionAt(body: QuestionsBody, index: number): Question | null {
  return body.questions[index] ?? null
}

/** One option of the question shown: answers it, or switches the option where several may be chosen. */
export function choose(
  body: QuestionsBody,
  answering: Answering,
  tap: { question: number; option: number },
): Step {
  const question = questionAt(body, tap.question)
  const option = question?.options[tap.option]
  if (!question || !option || tap.question !== answering.index) return { kind: "stale" }
  if (!question.multiple) return advance(body, answering, [option.label])
  const chosen = answering.given[question.id] ?? []
  const isOn = chosen.includes(option.label)
  const now = isOn ? chosen.filter((label) => label !== option.label) : [...chosen, option.label]
  return { kind: "more", answering: { ...answering, given: { ...answering.given, [question.id]: now } } }
}

/** The chosen options are all. Nothing happens while none is. */
export function finish(body: QuestionsBody, answering: Answering, question: number): Step {
  const chosen = answering.given[questionAt(body, question)?.id ?? ""] ?? []
  if (question !== answering.index) return { kind: "stale" }
  return chosen.length === 0 ? { kind: "more", answering } : advance(body, answering, chosen)
}

/** An answer in the owner's own words. */
export function write(body: QuestionsBody, answering: Answering, text: string): Step {
  const question = questionAt(body, answering.index)
  if (!question) return { kind: "stale" }
  const chosen = question.multiple ? (answering.given[question.id] ?? []) : []
  return advance(body, answering, [...chosen, text])
}

function advance(body: QuestionsBody, answering: Answering, answer: readonly string[]): Step {
  const question = questionAt(body, answering.index)
  if (!question) return { kind: "stale" }
  const given = { ...answering.given, [question.id]: answer }
  const index = answering.index + 1
  if (index < body.questions.length) return { kind: "more", answering: { index, given } }
  const answers = Object.entries(given).map(([id, values]) => [id, [...values]])
  return { kind: "complete", answers: Object.fromEntries(answers) as Record<string, string[]> }
}
