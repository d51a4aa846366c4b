/** How the events of schema 1 are told as facts. */
import type { Closure, Fact } from "../../protocol/facts.ts"

/** An event of schema 1 with what its turn knows. */
export interface OldEvent {
  readonly session: string
  readonly seq: number
  readonly turn: string
  readonly at: number
  readonly kind: string
  readonly body: string
  readonly origin: string | null
  readonly client_id: string | null
  readonly attempt: string | null
  readonly started_at: number | null
  /** JSON of the prompt's files. */
  readonly files: string | null
  /** Of the channel that the turn came through. */
  readonly surface: string | null
}

// biome-ignore lint/suspicious/noExplicitAny: bodies of schema 1 had no form of their own
type Body = any

/** A kind that schema 1 did not have stays what it is. */
export function factOf(event: OldEvent): Fact {
  const body: Body = JSON.parse(event.body)
  const prompt = () => ({ text: String(body.text ?? ""), files: JSON.parse(event.files ?? "[]") })
  switch (event.kind) {
    case "turn.queued": {
      const { client_id: clientId, surface: from } = event
      const origin = body.origin ?? "owner"
      return { kind: "turn.queued", origin, prompt: prompt(), from, clientId, hold: null, behind: null }
    }
    case "turn.edited":
      return { kind: "turn.edited", prompt: prompt() }
    case "turn.started":
      return { kind: "turn.started", origin: (event.origin ?? "owner") as "owner", attempts: 1 }
    case "turn.held": {
      const { until, failure } = body
      if (failure?.class === "usage_limit")
        return { kind: "turn.held", hold: { kind: "limit", until, failure } }
      return { kind: "turn.held", hold: { kind: "retry", until, attempt: 2, of: 2, failure } }
    }
    case "turn.ended":
      return wasDropped(event, body)
        ? { kind: "turn.dropped", held: null }
        : { kind: "turn.ended", outcome: body.outcome }
    case "request.closed":
      return body.by === undefined
        ? { kind: "request.closed", request: body.request, why: closureOf(body.why) }
        : {
            kind: "request.answered",
            request: body.request,
            by: { surface: "", detail: body.by },
            answer: body.answer ?? null,
          }
    case "request.overtaken":
    case "request.missed":
      return { kind: event.kind, request: body.request, why: closureOf(body.why) }
    default:
      return { kind: event.kind, ...body } as Fact
  }
}

const wasDropped = ({ started_at }: OldEvent, body: Body): boolean =>
  started_at === null && body.attempt === undefined && body.outcome?.kind === "stopped"

const closureOf = (why: string): Closure => (why === "answered_elsewhere" ? "elsewhere" : (why as Closure))

interface Told {
  attempt: string | null
  attempts: number
  message: { readonly seq: number; readonly text: string } | null
}

/** What facts know of those before them in their turn. Remembers the turns that have not ended. */
export class Retold {
  readonly #turns = new Map<string, Told>()

  next(event: OldEvent, fact: Fact): { fact: Fact; attempt: string | null; same: number | null } {
    const told = this.#turns.get(event.turn) ?? { attempt: null, attempts: 0, message: null }
    const attempt = () => told.attempt ?? event.attempt
    switch (fact.kind) {
      case "turn.started":
        told.attempt = JSON.parse(event.body).attempt ?? event.attempt
        told.attempts += 1
        this.#turns.set(event.turn, told)
        return { fact: { ...fact, attempts: told.attempts }, attempt: told.attempt, same: null }
      case "item":
        if (fact.item.kind === "message") told.message = { seq: event.seq, text: fact.item.text }
        this.#turns.set(event.turn, told)
        return { fact, attempt: attempt(), same: null }
      case "turn.ended": {
        this.#turns.delete(event.turn)
        const { outcome } = fact
        if (outcome.text === "" || told.message?.text !== outcome.text)
          return { fact, attempt: attempt(), same: null }
        const { seq } = told.message
        return { fact: { ...fact, outcome: { ...outcome, text: "" } }, attempt: attempt(), same: seq }
      }
      case "turn.queued":
      case "turn.edited":
      case "turn.dropped":
        return { fact, attempt: null, same: null }
      default:
        return { fact, attempt: attempt(), same: null }
    }
  }
}
