/** Tells one turn's way as steps in the order they happened. Pure: rows in, steps out. */
import type { ControlSay } from "../../../core/texts/control.ts"
import type { OutlinedFact, OutlinedItem } from "../../../ledger/facts.ts"
import type { OutboxRow } from "../../../ledger/outbox.ts"
import type { TracedRequest, TracedUpdate } from "../../../ledger/trace.ts"
import type { Turn } from "../../../ledger/turns.ts"
import type { FactOf } from "../../../protocol/facts.ts"
import type { TraceReply } from "../../../protocol/replies.ts"
import type { Failure, Outcome, RequestBody } from "../../../protocol/session.ts"

export type TraceStep = TraceReply["steps"][number]

export interface TurnTrace {
  readonly turn: Turn
  /** Of the host that was told of its last attempt. */
  readonly journal: string | null
  readonly clientId: string | null
  readonly update: TracedUpdate | null
  readonly channel: string | null
  readonly provider: string
  /** The provider's own id of the session. */
  readonly nativeId: string | null
  readonly facts: readonly OutlinedFact[]
  readonly requests: readonly TracedRequest[]
  readonly outbox: readonly OutboxRow[]
}

const LONGEST_DETAIL = 120

export function traceSteps(trace: TurnTrace, say: ControlSay): readonly TraceStep[] {
  const told = factSteps(trace, say)
  const steps = [
    ...receivedStep(trace, say),
    ...told,
    ...handOverStep(trace, told, say),
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
  { turn, journal }: TurnTrace,
  told: readonly TraceStep[],
  say: ControlSay,
): readonly TraceStep[] {
  const { attempt } = turn
  if (!attempt || told.some((step) => step.step === "accepted" && step.ids?.attempt === attempt)) return []
  const ids = { attempt, ...(journal ? { journal } : {}) }
  const end = told.findIndex((step) => step.step === "ended")
  const before = end === -1 ? told.at(-1) : told[end - 1]
  return [{ at: before?.at ?? turn.createdAt, step: "dispatched", detail: say("trace.dispatched"), ids }]
}

function factSteps(trace: TurnTrace, say: ControlSay): readonly TraceStep[] {
  const steps: TraceStep[] = []
  let items: OutlinedItem[] = []
  let since = 0
  const flush = () => {
    if (items.length > 0) steps.push({ at: since, step: "note", detail: countItems(items) })
    items = []
  }
  for (const record of trace.facts) {
    if (record.fact.kind === "item") {
      if (items.length === 0) since = record.at
      items.push(record.fact as OutlinedItem)
      continue
    }
    flush()
    const step = factStep(record, trace, say)
    if (step) steps.push({ at: record.at, ...step })
  }
  flush()
  return steps
}

/** `command ×3, message ×1` */
function countItems(items: readonly OutlinedItem[]): string {
  const kinds = Map.groupBy(items, ({ item }) => item.kind)
  return [...kinds].map(([kind, { length }]) => `${kind} ×${length}`).join(", ")
}

function factStep(record: OutlinedFact, trace: TurnTrace, say: ControlSay): Omit<TraceStep, "at"> | null {
  const { fact } = record
  switch (fact.kind) {
    case "turn.queued":
      return { step: "queued", detail: short(fact.prompt.text), ids: originIds(trace) }
    case "turn.edited":
      return { step: "note", detail: say("trace.edited", { text: short(fact.prompt.text) }) }
    case "turn.started":
      return { step: "accepted", detail: say("trace.accepted"), ids: attemptIds(record, trace) }
    case "turn.held": {
      const { until, failure } = fact.hold
      const why = failureCodes(failure)
      return { step: "held", detail: say("trace.held", { until: new Date(until).toISOString(), why }) }
    }
    case "request.opened":
      return { step: "requested", detail: subjectOf(fact.body), ids: { request: fact.request } }
    case "request.answered":
      return answeredStep(fact, trace, say)
    case "request.closed": {
      const key = fact.why === "elsewhere" ? "trace.answered_elsewhere" : "trace.withdrawn"
      return { step: "note", detail: say(key), ids: { request: fact.request } }
    }
    case "turn.dropped":
      return { step: "ended", detail: "stopped" }
    case "turn.ended":
      return endedStep(fact.outcome)
    case "item":
    case "notice":
    case "usage":
      return null
    default:
      return { step: "note", detail: fact.kind }
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

function attemptIds({ attempt }: OutlinedFact, { provider, nativeId }: TurnTrace): Record<string, string> {
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

function answeredStep(
  { request, by }: FactOf<"request.answered">,
  { requests }: TurnTrace,
  say: ControlSay,
): Omit<TraceStep, "at"> {
  const isWithAgent = requests.find(({ id }) => id === request)?.isDelivered ?? true
  const key = isWithAgent ? "trace.answered" : "trace.answered_undelivered"
  return { step: "answered", detail: say(key, { by: by.detail }), ids: { request } }
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
