import type { Answer, RequestBody } from "../protocol/session.ts"

export function asksForSecret(body: RequestBody): boolean {
  return body.kind === "question" && body.questions.some(({ secret }) => secret)
}

/** What may be kept and shown of an answer: all of it, except what was given to a question that asks for a secret. */
export function withoutSecrets(body: RequestBody, answer: Answer): Answer {
  if (body.kind !== "question" || answer.kind !== "answers") return answer
  const secret = new Set(body.questions.filter((question) => question.secret).map((question) => question.id))
  const shown = Object.entries(answer.answers).map(([id, values]) => [id, secret.has(id) ? ["•••"] : values])
  return { kind: "answers", answers: Object.fromEntries(shown) as Record<string, string[]> }
}
