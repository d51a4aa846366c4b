/** Turns the host's numbered events into facts of the ledger. Runs inside the transaction that moves the cursor. */
import { type AttemptHold, afterAttempt } from "../core/turn.ts"
import type { StoredEvent } from "../ledger/events.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Turn } from "../ledger/turns.ts"
import type { HostEvent } from "../protocol/host-link.ts"
import type { RequestId, SessionId, TurnId } from "../protocol/ids.ts"
import type { Outcome, ProviderEvent } from "../protocol/session.ts"
import { type Closure, closureOf } from "./closure.ts"
import type { RuntimeContext } from "./context.ts"
import type { LiveTurns } from "./live.ts"

type EventOf<K extends ProviderEvent["kind"]> = Extract<ProviderEvent, { kind: K }>

export class HostEvents {
  readonly #context: RuntimeContext
  readonly #live: LiveTurns
  /** Called after the commit: the session may have the floor free again. */
  readonly #wake: (session: SessionId) => void

  constructor(context: RuntimeContext, live: LiveTurns, wake: (session: SessionId) => void) {
    this.#context = context
    this.#live = live
    this.#wake = wake
  }

  apply({ session, event }: HostEvent): void {
    switch (event.kind) {
      case "session.changed":
        return this.#onSession(session, event)
      case "limits":
        return this.#onLimits(session, event)
      case "attempt.began":
        return this.#onBegan(session, event)
      default:
        return this.#onAttempt(event)
    }
  }

  /** Ends a turn whose attempt will tell nothing more. */
  giveUp(turn: Turn, outcome: Outcome): void {
    this.#onEnded(turn, outcome)
  }

  /** Our answer did not reach the agent in time. Only inside a transaction; a repeat changes nothing. */
  missed(id: RequestId): void {
    const { ledger } = this.#context
    const request = ledger.requests.find(id)
    if (request?.state === "answered" && ledger.requests.markDelivered(id)) this.#tellMissed(request)
  }

  #tellMissed(request: StoredRequest): void {
    const turn = this.#turn(request.turn)
    const why = closureOf(this.#context.ledger, request)
    this.#record(turn, "request.missed", { request: request.id, why })
    this.#context.announce({ kind: "request.missed", turn, request })
  }

  /** An agent is found dead after its questions were: only now is it known why nobody waited for the answers. */
  #explainClosed(turn: Turn, told: readonly StoredRequest[]): void {
    const { ledger, announce } = this.#context
    for (const { kind, body } of lastWords(ledger.events.ofTurn(turn.id, 20))) {
      const { request: id, why } = body as { readonly request: RequestId; readonly why: Closure | "answered" }
      const request = told.some((other) => other.id === id) ? null : ledger.requests.find(id)
      if (!request || why !== "withdrawn" || closureOf(ledger, request) !== "restarted") continue
      if (kind === "request.missed") this.#tellMissed(request)
      else if (request.state === "closed") announce({ kind: "request.closed", turn, request })
    }
  }

  #onAttempt(event: Exclude<ProviderEvent, { kind: "session.changed" | "limits" | "attempt.began" }>): void {
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
        return this.#onAccepted(turn)
      case "item":
        return this.#onItem(turn, event)
      case "request.opened":
        return this.#onOpened(turn, event)
      case "request.closed":
        return this.#onClosed(turn, event)
      case "notice":
        return this.#afterCommit(() => this.#live.notice(turn.id, turn.session, event.notice))
      case "usage":
        this.#context.ledger.turns.setUsage(turn.id, event.usage)
        return this.#afterCommit(() => this.#live.usage(turn.id, turn.session, event.usage))
      case "attempt.ended":
        return this.#onEnded(turn, event.outcome)
    }
  }

  #onSession(id: SessionId, event: EventOf<"session.changed">): void {
    const { ledger, clock, announce, log } = this.#context
    const session = ledger.sessions.find(id)
    if (!session) return
    if (event.nativeId !== "") {
      const holder = ledger.sessions.findByNative(session.provider, event.nativeId)
      if (holder && holder.id !== id)
        log.warn({ session: id, holder: holder.id }, "a native session is bound twice")
      else ledger.sessions.bindProvider(id, session.provider, event, clock.now())
    }
    if (event.title && session.titleBy === "runtime")
      ledger.sessions.rename(id, event.title, "provider", clock.now())
    announce({ kind: "session.changed", session: ledger.sessions.find(id) ?? session })
  }

  #onLimits(id: SessionId, { limits }: EventOf<"limits">): void {
    const { ledger, clock } = this.#context
    const session = ledger.sessions.find(id)
    if (session) ledger.machine.set(`limits.${session.provider}`, limits, clock.now())
  }

  #onBegan(session: SessionId, event: EventOf<"attempt.began">): void {
    const { ledger, clock, newId, announce } = this.#context
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
    ledger.turns.dispatch(id, event.attempt, ledger.machine.hostCursor()?.journal ?? null)
    ledger.turns.setState(id, "running", clock.now())
    const turn = this.#turn(id)
    this.#record(turn, "turn.started", {})
    announce({ kind: "turn.started", turn })
  }

  #onAccepted(turn: Turn): void {
    if (turn.state !== "dispatching") return
    const { ledger, clock, announce } = this.#context
    ledger.turns.setState(turn.id, "running", clock.now())
    this.#record(turn, "turn.started", { attempt: turn.attempt })
    announce({ kind: "turn.started", turn: this.#turn(turn.id) })
  }

  #onItem(turn: Turn, { item }: EventOf<"item">): void {
    if (item.status !== "running") this.#record(turn, "item", { item })
    this.#afterCommit(() => this.#live.item(turn.id, turn.session, item))
  }

  #onOpened(turn: Turn, { request: id, body, attempt }: EventOf<"request.opened">): void {
    const { ledger, clock, announce } = this.#context
    const isNew = ledger.requests.open(
      { id, session: turn.session, turn: turn.id, attempt, body },
      clock.now(),
    )
    if (!isNew) return
    ledger.turns.setState(turn.id, "waiting", clock.now())
    const request = ledger.requests.find(id) as StoredRequest
    this.#record(turn, "request.opened", { request: id, version: request.version, body })
    announce({ kind: "request.opened", turn: this.#turn(turn.id), request })
  }

  #onClosed(turn: Turn, { request: id, why }: EventOf<"request.closed">): void {
    const { ledger, clock, announce } = this.#context
    if (ledger.requests.close(id, clock.now())) {
      this.#record(turn, "request.closed", { request: id, why })
      announce({ kind: "request.closed", turn, request: ledger.requests.find(id) as StoredRequest })
    } else if (why !== "answered") {
      this.#record(turn, "request.overtaken", { request: id, why })
      this.missed(id)
    }
    ledger.requests.markDelivered(id)
    const isWaiting = ledger.requests.openOf(turn.session).some((request) => request.turn === turn.id)
    if (!isWaiting && turn.state === "waiting") ledger.turns.setState(turn.id, "running", clock.now())
  }

  #onEnded(turn: Turn, outcome: Outcome): void {
    const { ledger, clock, random, announce } = this.#context
    const now = clock.now()
    const closed = ledger.requests.closeOfTurn(turn.id, now)
    for (const { id } of closed) this.#record(turn, "request.closed", { request: id, why: "withdrawn" })
    // Told once the ledger knows how the turn went on: that is why nobody waits for them any more.
    const tellClosed = () => {
      const current = this.#turn(turn.id)
      for (const request of closed) announce({ kind: "request.closed", turn: current, request })
    }
    const stopRequested = turn.stopRequestedAt !== null
    const after = afterAttempt({ outcome, attempts: turn.attempts, stopRequested, now, random: random() })
    if (after.kind === "hold") {
      ledger.turns.requeue(turn.id, after.hold)
      this.#record(turn, "turn.held", { ...heldFact(after.hold), attempt: turn.attempt })
      tellClosed()
      announce({ kind: "turn.held", turn: this.#turn(turn.id), hold: after.hold })
    } else {
      ledger.turns.end(turn.id, after.outcome, now)
      this.#record(turn, "turn.ended", { outcome: after.outcome, attempt: turn.attempt })
      tellClosed()
      this.#explainClosed(this.#turn(turn.id), closed)
      announce({ kind: "turn.ended", turn: this.#turn(turn.id), outcome: after.outcome })
    }
    this.#afterCommit(() => this.#wake(turn.session))
    this.#afterCommit(() => this.#live.end(turn.id))
  }

  #record(turn: Turn, kind: string, body: unknown): void {
    this.#context.ledger.events.append(
      { session: turn.session, turn: turn.id, kind, body },
      this.#context.clock.now(),
    )
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

/** A turn that waits for the owner's word is never held by an attempt, so every hold here has an end. */
const heldFact = (hold: AttemptHold) => ({ until: hold.until, failure: hold.failure })

export const isEnded = (turn: Turn): boolean => turn.endedAt !== null

/** What became of requests since the agent last did anything; newest first. */
function lastWords(events: readonly StoredEvent[]): readonly StoredEvent[] {
  const end = events.findIndex((event) => !isOfTheEnd(event))
  return (end < 0 ? events : events.slice(0, end)).filter(({ kind }) => kind.startsWith("request."))
}

/** What an end leaves behind; anything else was work. */
function isOfTheEnd({ kind, body }: StoredEvent): boolean {
  if (kind !== "item") return /^(?:request\.(?:closed|overtaken|missed)|turn\.ended)$/.test(kind)
  return (body as { readonly item?: { readonly status?: unknown } }).item?.status === "interrupted"
}
