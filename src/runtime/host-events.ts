/** Turns the host's numbered events into facts of the ledger. Runs inside the transaction that moves the cursor. */
import { isDeepStrictEqual } from "node:util"
import { afterAttempt } from "../core/turn.ts"
import type { HandOver } from "../ledger/hand-overs.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Session } from "../ledger/sessions.ts"
import type { Turn } from "../ledger/turns.ts"
import type { Closure, Fact, FactOf, RecordedFact } from "../protocol/facts.ts"
import type { HostEvent } from "../protocol/host-link.ts"
import {
  HERE,
  type Instant,
  type ItemId,
  type MachineId,
  type RequestId,
  type SessionId,
  type TurnId,
} from "../protocol/ids.ts"
import type { Outcome, ProviderEvent } from "../protocol/session.ts"
import { answerDone } from "./answer-done.ts"
import { closureOf } from "./closure.ts"
import type { RuntimeContext } from "./context.ts"
import type { LiveTurns } from "./live.ts"
import type { Requests } from "./requests.ts"
import { endOf } from "./turn-end.ts"

type EventOf<K extends ProviderEvent["kind"]> = Extract<ProviderEvent, { kind: K }>

export interface HostEventsParts {
  readonly live: LiveTurns
  readonly requests: Pick<Requests, "asked">
  /** Called after the commit: the session may have the floor free again. */
  readonly wake: (session: SessionId) => void
}

export class HostEvents {
  readonly #context: RuntimeContext
  readonly #live: LiveTurns
  readonly #requests: Pick<Requests, "asked">
  readonly #wake: HostEventsParts["wake"]
  /** When each item of the turns at work was first heard of; of those from before this process nothing is known. */
  readonly #began = new Map<TurnId, Map<ItemId, Instant>>()

  constructor(context: RuntimeContext, { live, requests, wake }: HostEventsParts) {
    this.#context = context
    this.#live = live
    this.#requests = requests
    this.#wake = wake
  }

  /** A host is believed about its own sessions only. @param machine whose host tells it. */
  apply(told: HostEvent, machine: MachineId): void {
    if (!this.#isOwn(told, machine)) return
    const { session, event, at } = told
    switch (event.kind) {
      case "session.changed":
        return this.#onSession(session, event, at)
      case "limits":
        return this.#onLimits(session, event, at)
      case "attempt.began":
        return this.#onBegan(session, event, at)
      default:
        return this.#onAttempt(event, at)
    }
  }

  /** Ends a turn whose attempt will tell nothing more. */
  giveUp(turn: Turn, outcome: Outcome): void {
    this.#onEnded(turn, outcome, this.#context.clock.now())
  }

  /** The attempt is over, and that is all there is to say: for when `apply` cannot take its end in. */
  endPlainly(told: HostEvent, machine: MachineId): void {
    const { event, at } = told
    if (event.kind !== "attempt.ended" || !this.#isOwn(told, machine)) return
    const { attempt, outcome } = event
    const { ledger, clock, record } = this.#context
    const turn = ledger.turns.findByAttempt(attempt)
    if (!turn || isEnded(turn)) return
    ledger.handOvers.attemptDone(turn.id, clock.now())
    ledger.requests.closeOfTurn(turn.id, clock.now())
    ledger.turns.end(turn.id, outcome, at)
    record(endOf(turn, outcome), turn, at)
    this.#over(turn)
  }

  #isOwn({ session, event, seq }: HostEvent, machine: MachineId): boolean {
    const { ledger, log } = this.#context
    const placed = ledger.sessions.machineOf(session) ?? machine
    const work = "attempt" in event ? ledger.turns.atWork(event.attempt) : null
    const request = "request" in event ? ledger.requests.find(event.request) : null
    const isOwn =
      placed === machine &&
      (work === null || work.session === session) &&
      (request === null || request.session === session)
    if (!isOwn)
      log.error(
        { machine, session, seq, kind: event.kind },
        "a host told of what is not its own: passed over",
      )
    return isOwn
  }

  /** Our answer did not reach the agent in time. Only inside a transaction; a repeat changes nothing. */
  missed(id: RequestId): void {
    const { ledger } = this.#context
    const request = ledger.requests.find(id)
    if (request?.state === "answered" && answerDone(ledger, id, this.#context.clock.now()))
      this.#tellMissed(request)
  }

  #tellMissed(request: StoredRequest): void {
    const turn = this.#turn(request.turn)
    const why = closureOf(this.#context.ledger, request)
    this.#context.record({ kind: "request.missed", request: request.id, why }, turn)
  }

  /** An agent is found dead after its questions were: only now is it known why nobody waited for the answers. */
  #explainClosed(turn: Turn, told: readonly StoredRequest[]): void {
    const { ledger, record } = this.#context
    for (const { kind, request: id, why } of lastWords(ledger.facts.ofTurn(turn.id, 20))) {
      const request = told.some((other) => other.id === id) ? null : ledger.requests.find(id)
      if (!request || why !== "withdrawn" || closureOf(ledger, request) !== "restarted") continue
      if (kind === "request.missed") this.#tellMissed(request)
      else if (request.state === "closed")
        record({ kind: "request.closed", request: id, why: "restarted" }, turn)
    }
  }

  #onAttempt(
    event: Exclude<ProviderEvent, { kind: "session.changed" | "limits" | "attempt.began" }>,
    at: Instant,
  ): void {
    const turn = this.#context.ledger.turns.findByAttempt(event.attempt)
    if (!turn || isEnded(turn)) {
      this.#context.log.warn(
        { attempt: event.attempt, kind: event.kind },
        "an event of an attempt that is over",
      )
      return
    }
    switch (event.kind) {
      case "attempt.accepted":
        return this.#onAccepted(turn, at)
      case "item":
        return this.#onItem(turn, event, at)
      case "request.opened":
        return this.#onOpened(turn, event, at)
      case "request.closed":
        return this.#onClosed(turn, event, at)
      case "notice":
        this.#context.record({ kind: "notice", notice: event.notice }, turn, at)
        return this.#afterCommit(() => this.#live.notice(turn.id, turn.session, event.notice))
      case "usage":
        this.#context.ledger.turns.setUsage(turn.id, event.usage)
        return this.#afterCommit(() => this.#live.usage(turn.id, turn.session, event.usage))
      case "attempt.ended":
        return this.#onEnded(turn, event.outcome, at)
    }
  }

  #onSession(id: SessionId, event: EventOf<"session.changed">, at: Instant): void {
    const { ledger, clock, record } = this.#context
    const session = ledger.sessions.find(id)
    if (!session) return
    if (event.nativeId !== "") this.#bindNative(session, event, at)
    if (event.title && event.title !== session.title && session.titleBy === "runtime") {
      ledger.sessions.rename(id, event.title, "provider", clock.now())
      record({ kind: "session.renamed", title: event.title, by: "provider" }, id, at)
    }
  }

  #bindNative(session: Session, { nativeId, settings }: EventOf<"session.changed">, at: Instant): void {
    const { ledger, clock, record, log } = this.#context
    const { id, provider } = session
    const holder = ledger.sessions.findByNative({ machine: session.machine, provider, nativeId })
    if (holder && holder.id !== id)
      return log.warn({ session: id, holder: holder.id }, "a native session is bound twice")
    if (isDeepStrictEqual(ledger.sessions.providerBinding(id, provider), { nativeId, settings })) return
    ledger.sessions.bindProvider(id, provider, { nativeId, settings }, clock.now())
    record({ kind: "session.reported", nativeId, settings }, id, at)
  }

  #onLimits(id: SessionId, { limits }: EventOf<"limits">, at: Instant): void {
    const { ledger, clock, record } = this.#context
    const provider = ledger.sessions.find(id)?.provider
    if (provider === undefined || isDeepStrictEqual(ledger.machine.setting(`limits.${provider}`), limits))
      return
    ledger.machine.set(`limits.${provider}`, limits, clock.now())
    record({ kind: "limits.changed", provider, limits }, "machine", at)
  }

  #onBegan(session: SessionId, { attempt, reason }: EventOf<"attempt.began">, at: Instant): void {
    const { ledger, clock, newId, record } = this.#context
    if (!ledger.sessions.find(session)) return
    const id = newId() as TurnId
    const last = ledger.turns.recent(session, 1)[0]
    const prompt = { text: "", files: [] }
    const origin = {
      origin: "provider",
      channel: last?.channel ?? null,
      sourceMessage: null,
      clientId: null,
    } as const
    ledger.turns.add({ id, session, ...origin, prompt, hold: null }, clock.now())
    ledger.turns.dispatch(id, attempt)
    this.#recordBegun({ turn: id, session, attempt })
    ledger.turns.setState(id, "running", at)
    const why = reason === "" ? {} : { reason }
    record({ kind: "turn.started", origin: "provider", attempts: 1, ...why }, this.#turn(id), at)
  }

  /** The host has it: said again, it answers what became of it. */
  #recordBegun(begun: Pick<HandOver, "turn" | "session" | "attempt">): void {
    const { ledger, clock } = this.#context
    const machine = ledger.sessions.machineOf(begun.session) ?? HERE
    const journal = ledger.machines.cursor(machine)?.journal ?? null
    ledger.handOvers.add({ kind: "start", id: begun.attempt, machine, ...begun, journal }, clock.now())
  }

  #onAccepted(turn: Turn, at: Instant): void {
    if (turn.state !== "dispatching") return
    const { ledger, record } = this.#context
    ledger.turns.setState(turn.id, "running", at)
    record({ kind: "turn.started", origin: turn.origin, attempts: turn.attempts }, turn, at)
  }

  #onItem(turn: Turn, { item }: EventOf<"item">, at: Instant): void {
    const began = this.#began.get(turn.id) ?? new Map<ItemId, Instant>()
    this.#began.set(turn.id, began)
    const startedAt = began.get(item.id)
    if (startedAt === undefined) began.set(item.id, at)
    const isFinal = item.status !== "running"
    if (isFinal || item.kind === "plan")
      this.#context.record(
        { kind: "item", item, ...(startedAt === undefined ? {} : { startedAt }) },
        turn,
        at,
      )
    if (isFinal) began.delete(item.id)
    this.#afterCommit(() => this.#live.item(turn.id, turn.session, item))
  }

  #onOpened(turn: Turn, { request: id, body, attempt }: EventOf<"request.opened">, at: Instant): void {
    const { ledger, record } = this.#context
    if (!this.#requests.asked({ id, session: turn.session, turn: turn.id, attempt, body })) return
    ledger.turns.setState(turn.id, "waiting", at)
    const version = ledger.requests.find(id)?.version ?? 1
    record({ kind: "request.opened", request: id, version, body }, turn, at)
  }

  #onClosed(turn: Turn, { request: id, why: told }: EventOf<"request.closed">, at: Instant): void {
    const { ledger, clock, record } = this.#context
    const why: Closure = told === "answered_elsewhere" ? "elsewhere" : told
    if (ledger.requests.close(id, clock.now())) {
      record({ kind: "request.closed", request: id, why: this.#whyClosed(id, why) }, turn, at)
    } else if (why !== "answered") {
      record({ kind: "request.overtaken", request: id, why }, turn, at)
      this.missed(id)
    }
    answerDone(ledger, id, clock.now())
    const isWaiting = ledger.requests.openOf(turn.session).some((request) => request.turn === turn.id)
    if (!isWaiting && turn.state === "waiting") ledger.turns.setState(turn.id, "running", at)
  }

  /** The agent's word for it, unless the turn says more. */
  #whyClosed(id: RequestId, why: Closure): Closure {
    const request = why === "withdrawn" ? this.#context.ledger.requests.find(id) : null
    return request ? closureOf(this.#context.ledger, request) : why
  }

  #onEnded(turn: Turn, outcome: Outcome, at: Instant): void {
    const { ledger, clock, random, record } = this.#context
    const now = clock.now()
    ledger.handOvers.attemptDone(turn.id, now)
    const closed = ledger.requests.closeOfTurn(turn.id, now)
    const stopRequested = turn.stopRequestedAt !== null
    const after = afterAttempt({ outcome, attempts: turn.attempts, stopRequested, now, random: random() })
    if (after.kind === "hold") ledger.turns.requeue(turn.id, after.hold)
    else ledger.turns.end(turn.id, after.outcome, at)
    // Told once the ledger knows how the turn went on: that is why nobody waits for them any more.
    for (const request of closed)
      record({ kind: "request.closed", request: request.id, why: closureOf(ledger, request) }, turn, at)
    if (after.kind === "end") this.#explainClosed(turn, closed)
    if (turn.usage) record({ kind: "usage", usage: turn.usage }, turn, at)
    const last: Fact =
      after.kind === "hold" ? { kind: "turn.held", hold: after.hold } : endOf(turn, after.outcome)
    record(last, turn, at)
    this.#over(turn)
  }

  #over(turn: Turn): void {
    this.#began.delete(turn.id)
    this.#afterCommit(() => this.#wake(turn.session))
    this.#afterCommit(() => this.#live.end(turn.id))
  }

  #turn(id: TurnId): Turn {
    const turn = this.#context.ledger.turns.find(id)
    if (!turn) throw new Error(`turn ${id} vanished inside its own transaction`)
    return turn
  }

  #afterCommit(run: () => void): void {
    this.#context.ledger.afterCommit(run)
  }
}

const isEnded = (turn: Turn): boolean => turn.endedAt !== null

/** What became of requests since the agent last did anything; newest first. */
function lastWords(
  records: readonly RecordedFact[],
): readonly FactOf<"request.closed" | "request.overtaken" | "request.missed">[] {
  const facts = records.map(({ fact }) => fact)
  const end = facts.findIndex((fact) => !isOfTheEnd(fact))
  return (end < 0 ? facts : facts.slice(0, end)).filter(
    (fact) =>
      fact.kind === "request.closed" || fact.kind === "request.overtaken" || fact.kind === "request.missed",
  )
}

/** What an end leaves behind; anything else was work. */
function isOfTheEnd(fact: Fact): boolean {
  switch (fact.kind) {
    case "request.closed":
    case "request.overtaken":
    case "request.missed":
    case "turn.ended":
    case "usage":
    case "notice":
      return true
    case "item":
      return fact.item.status === "interrupted"
    default:
      return false
  }
}
