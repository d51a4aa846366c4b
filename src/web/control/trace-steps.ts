/** Tells one turn's way as steps in the order they happened. Pure: rows in, steps out. */
import type { ControlSay } from "../../core/texts/control.ts"
import type { StoredEvent } from "../../ledger/events.ts"
import type { OutboxRow } from "../../ledger/outbox.ts"
import type { TracedRequest, TracedUpdate } from "../../ledger/trace.ts"
import type { Turn } from "../../ledger/turns.ts"
import { SessionFact, type TraceReply } from "../../protocol/control.ts"
import type { Failure, Outcome, RequestBody } from "../../protocol/session.ts"

export type TraceStep = TraceReply["steps"][number]

export interface TurnTrace {
  readonly turn: Turn
  readonly clientId: string | null
  readonly update: TracedUpdate | null
  readonly channel: string | null
  readonly provider: string
  /** The provider's own id of the session. */
  readonly nativeId: string | null
  readonly events: readonly StoredEvent[]
  readonly requests: readonly TracedRequest[]
  readonly outbox: readonly OutboxRow[]
}

const LONGEST_DETAIL = 120

export function traceSteps(trace: TurnTrace, say: ControlSay): readonly TraceStep[] {
  const told = eventSteps(trace, say)
  const steps = [
    ...receivedStep(trace, say),
    ...told,
    ...handOverStep(trace, told, say),
    ...withdrawnSteps(trace, say),
    ...trace.outbox.flatMap((row) => outboxSteps(row, say)),
  ]
  return steps.toSorted((a, b) => a.at - b.at)
}

function receivedStep({ update }: TurnTrace, say: ControlSay): readonly TraceStep[] {
  if (!update) return []
  const ids = { bot: String(update.bot), update: String(update.updateId) }
  return [{ at: update.receivedAt, step: "received", detail: say("trace.received"), ids }]
}

/** An attempt that the agent has not accepted left nothing but its id: it was handed over after all that is told. */
function handOverStep(
  { turn }: TurnTrace,
  told: readonly TraceStep[],
  say: ControlSay,
): readonly TraceStep[] {
  const { attempt, journal } = turn
  if (!attempt || told.some((step) => step.step === "accepted" && step.ids?.attempt === attempt)) return []
  const ids = { attempt, ...(journal ? { journal } : {}) }
  const end = told.findIndex((step) => step.step === "ended")
  const before = end === -1 ? told.at(-1) : told[end - 1]
  return [{ at: before?.at ?? turn.createdAt, step: "dispatched", detail: say("trace.dispatched"), ids }]
}

function eventSteps(trace: TurnTrace, say: ControlSay): readonly TraceStep[] {
  const steps: TraceStep[] = []
  let items: StoredEvent[] = []
  const flush = () => {
    const [first] = items
    if (first) steps.push({ at: first.at, step: "note", detail: countItems(items) })
    items = []
  }
  for (const event of trace.events) {
    if (event.kind === "item") {
      items.push(event)
      continue
    }
    flush()
    const step = eventStep(event, trace, say)
    if (step) steps.push({ at: event.at, ...step })
  }
  flush()
  return steps
}

/** `command ×3, message ×1` */
function countItems(items: readonly StoredEvent[]): string {
  const kinds = Map.groupBy(items, ({ body }) => (body as { readonly kind: string }).kind)
  return [...kinds].map(([kind, { length }]) => `${kind} ×${length}`).join(", ")
}

function eventStep(event: StoredEvent, trace: TurnTrace, say: ControlSay): Omit<TraceStep, "at"> | null {
  const { kind, body } = event
  const parsed = SessionFact.safeParse({ kind, ...(body as object) })
  if (!parsed.success) return { step: "note", detail: kind }
  const fact = parsed.data
  switch (fact.kind) {
    case "turn.queued":
      return { step: "queued", detail: short(fact.text), ids: originIds(trace) }
    case "turn.edited":
      return { step: "note", detail: say("trace.edited", { text: short(fact.text) }) }
    case "turn.started":
      return { step: "accepted", detail: say("trace.accepted"), ids: attemptIds(event, trace) }
    case "turn.held": {
      const { until, failure } = fact
      const why = failureCodes(failure)
      return { step: "held", detail: say("trace.held", { until: new Date(until).toISOString(), why }) }
    }
    case "request.opened":
      return { step: "requested", detail: subjectOf(fact.body), ids: { request: fact.request } }
    case "request.closed":
      return closedStep(fact, trace, say)
    case "turn.ended":
      return endedStep(fact.outcome)
    case "item":
    case "notice":
    case "usage":
      return null
  }
}

function originIds({ turn, clientId, channel }: TurnTrace): Record<string, string> {
  return {
    turn: turn.id,
    ...(clientId ? { client: clientId } : {}),
    ...(channel ? { channel } : {}),
    ...(turn.sourceMessage ? { message: turn.sourceMessage } : {}),
  }
}

/** Work that the agent began by itself names no attempt in its event: it has only the one. */
function attemptIds({ body }: StoredEvent, { turn, provider, nativeId }: TurnTrace): Record<string, string> {
  const attempt = (body as { readonly attempt?: string }).attempt ?? turn.attempt
  return { ...(attempt ? { attempt } : {}), provider, ...(nativeId ? { native: nativeId } : {}) }
}

function subjectOf(body: RequestBody): string {
  switch (body.kind) {
    case "approval":
      return short(`${body.subject}: ${body.title}`)
    case "question":
      return short(body.questions[0]?.text ?? "")
    case "plan":
      return short(body.markdown)
  }
}

function closedStep(
  { request, why, by }: Extract<SessionFact, { kind: "request.closed" }>,
  { requests }: TurnTrace,
  say: ControlSay,
): Omit<TraceStep, "at"> {
  const ids = { request }
  if (why !== "answered") return { step: "note", detail: say(`trace.${why}`), ids }
  const isWithAgent = requests.find(({ id }) => id === request)?.isDelivered ?? true
  const key = isWithAgent ? "trace.answered" : "trace.answered_undelivered"
  return { step: "answered", detail: say(key, { by: by ?? "–" }), ids }
}

/** The end of a turn takes its open requests along without an event of their own. */
function withdrawnSteps({ requests, events }: TurnTrace, say: ControlSay): readonly TraceStep[] {
  const told = new Set(
    events
      .filter(({ kind }) => kind === "request.closed")
      .map(({ body }) => (body as { readonly request?: string }).request),
  )
  return requests.flatMap(({ id, state, closedAt }) =>
    state === "closed" && closedAt !== null && !told.has(id)
      ? [{ at: closedAt, step: "note", detail: say("trace.withdrawn"), ids: { request: id } } as const]
      : [],
  )
}

function endedStep(outcome: Outcome): Omit<TraceStep, "at"> {
  if (outcome.kind !== "failed") return { step: "ended", detail: outcome.kind }
  const { logId } = outcome.failure
  const words = `${outcome.kind}: ${failureCodes(outcome.failure)}`
  return { step: "ended", detail: short(words), ...(logId ? { ids: { log: logId } } : {}) }
}

/** Codes, not words: a trace is read beside the log. */
function failureCodes({ class: failureClass, reason, detail }: Failure): string {
  return [failureClass, reason?.code, detail].filter(Boolean).join(": ")
}

function outboxSteps(row: OutboxRow, say: ControlSay): readonly TraceStep[] {
  const own = { row: String(row.id), lane: row.lane }
  const owed: TraceStep = { at: row.createdAt, step: "owed", detail: row.priority, ids: own }
  const after = fateOf(row, say)
  return after ? [owed, { at: row.updatedAt, ...after }] : [owed]
}

function fateOf(row: OutboxRow, say: ControlSay): Omit<TraceStep, "at"> | null {
  const { attempts, ambiguous } = row
  const ids = { row: String(row.id), ...(row.message ? { message: row.message } : {}) }
  switch (row.state) {
    case "pending":
    case "sending":
      return row.error ? { step: "note", detail: say("trace.waiting", { why: short(row.error) }), ids } : null
    case "sent": {
      const detail = ambiguous > 0 ? say("trace.sent_maybe_twice", { attempts }) : row.priority
      return { step: "delivered", detail, ids }
    }
    case "failed":
      return { step: "undeliverable", detail: short(row.error ?? ""), ids }
    case "dropped":
      return { step: "note", detail: say("trace.dropped", { why: short(row.error ?? "") }), ids }
  }
}

function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim()
  return line.length <= LONGEST_DETAIL ? line : `${line.slice(0, LONGEST_DETAIL - 1).trimEnd()}…`
}
