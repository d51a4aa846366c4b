/**
 * The attempts this host has taken on and the one way their events reach the journal: an attempt moves only forward
 * and ends exactly once, whatever its provider says afterwards.
 */
import { type Redactor, redactTexts } from "../core/redact.ts"
import type { AttemptState } from "../protocol/host-link.ts"
import type { AttemptId, SessionId } from "../protocol/ids.ts"
import { type Outcome, type Prompt, ProviderEvent, type SessionSpec } from "../protocol/session.ts"
import type { Clock, Log } from "../providers/provider.ts"
import { boundEvent } from "./bound-event.ts"
import type { EventLog } from "./event-log.ts"
import { adapterFailed } from "./failures.ts"
import type { AttemptRow, Journal } from "./journal/journal.ts"

export interface AttemptsOptions {
  readonly journal: Journal
  readonly events: EventLog
  readonly clock: Clock
  readonly log: Log
  /** Takes what is secret out of a text. */
  readonly redact: Redactor
  /** An item or an attempt has ended: text still streaming for it is of no use any more. */
  readonly onSettled: (attempt: AttemptId, item: string | null) => void
}

type EventOf<K extends ProviderEvent["kind"]> = Extract<ProviderEvent, { kind: K }>

interface OpenAttempt {
  readonly attempt: AttemptId
  spec: SessionSpec
  state: AttemptState
  readonly accepted: PromiseWithResolvers<void>
  readonly ended: PromiseWithResolvers<void>
}

export class Attempts {
  readonly #options: AttemptsOptions
  /** Every attempt that has not ended; the journal knows the others. */
  readonly #open = new Map<AttemptId, OpenAttempt>()

  constructor(options: AttemptsOptions) {
    this.#options = options
    for (const row of options.journal.openAttempts()) this.#remember(row)
  }

  state(attempt: AttemptId): AttemptState | null {
    const state = this.#open.get(attempt)?.state
    // An end that is not written yet is none: who asks must not take it for one whose event has been told.
    if (state !== undefined && state !== "ended") return state
    return this.#options.journal.attempt(attempt)?.state ?? state ?? null
  }

  isOpen(attempt: AttemptId): boolean {
    const state = this.#open.get(attempt)?.state
    return state !== undefined && state !== "ended"
  }

  get count(): number {
    return this.#open.size
  }

  /** Those of the session that the provider is at work on, as far as we know. */
  runningIn(session: SessionId): readonly AttemptId[] {
    return [...this.#open.values()]
      .filter((open) => open.spec.session === session && isWithProvider(open.state))
      .map((open) => open.attempt)
  }

  /** The spec with the native id the session has got since. */
  spec(attempt: AttemptId): SessionSpec | null {
    return this.#open.get(attempt)?.spec ?? null
  }

  /** Resolves when the attempt has ended; at once when it is not open. */
  async whenEnded(attempt: AttemptId): Promise<void> {
    await this.#open.get(attempt)?.ended.promise
  }

  /** Resolves when the provider has it or it has ended. */
  async whenAccepted(attempt: AttemptId): Promise<void> {
    const open = this.#open.get(attempt)
    if (open) await Promise.race([open.accepted.promise, open.ended.promise])
  }

  /** On the disk when this returns. `handing_over` for an attempt that an earlier host may already have handed over. */
  record(
    attempt: AttemptId,
    spec: SessionSpec,
    how: { prompt: Prompt; state: "recorded" | "handing_over" },
  ): void {
    const row: AttemptRow = { attempt, spec, ...how }
    const at = this.#options.clock.now()
    this.#options.journal.mustHaveRoom()
    this.#options.journal.write("durable", () => this.#options.journal.addAttempt({ ...row, at }))
    this.#remember(row)
  }

  /** From here on only the provider's transcript can tell whether the prompt was consumed. On the disk on return. */
  handOver(attempt: AttemptId): void {
    const open = this.#open.get(attempt)
    if (!open) return
    this.#options.journal.write("durable", () => this.#options.journal.setState(attempt, "handing_over"))
    open.state = "handing_over"
  }

  end(attempt: AttemptId, outcome: Outcome): void {
    const spec = this.spec(attempt)
    if (spec) this.emit(spec, { kind: "attempt.ended", attempt, outcome })
  }

  withdrawRequests(attempt: AttemptId): void {
    const spec = this.spec(attempt)
    if (!spec) return
    for (const request of this.#options.journal.requestsOf(attempt)) {
      this.emit(spec, { kind: "request.closed", attempt, request, why: "withdrawn" })
    }
  }

  /**
   * What a provider says of the session opened with `spec`. Anything that does not fit the state of its attempt is
   * dropped and logged.
   */
  emit(spec: SessionSpec, said: ProviderEvent): void {
    const event = this.#check(said)
    if (event === null) return
    const { session } = spec
    switch (event.kind) {
      case "attempt.accepted":
        return this.#onAccepted(session, event)
      case "attempt.began":
        return this.#onBegan(spec, event)
      case "attempt.ended":
        return this.#onEnded(session, event)
      case "request.opened":
        return this.#onRequestOpened(session, event)
      case "request.closed":
        return this.#onRequestClosed(session, event)
      case "session.changed":
        return this.#onSessionChanged(session, event)
      case "item":
        if (event.item.status !== "running") this.#options.onSettled(event.attempt, event.item.id)
        return this.#append(session, event)
      case "notice":
      case "usage":
      case "limits":
        return this.#append(session, event)
    }
  }

  #remember({ attempt, spec, state }: Omit<AttemptRow, "prompt">): void {
    const open: OpenAttempt = {
      ...{ attempt, spec, state },
      accepted: Promise.withResolvers(),
      ended: Promise.withResolvers(),
    }
    if (state === "accepted") open.accepted.resolve()
    this.#open.set(attempt, open)
  }

  #append(
    session: SessionId,
    event: ProviderEvent,
    entry: { alongside?: () => void; afterCommit?: () => void } = {},
  ) {
    this.#options.events.append({ session, at: this.#options.clock.now(), event, ...entry })
  }

  /** The event, bounded, or null when it must not be told. An end is never lost for its form. */
  #check(said: ProviderEvent): ProviderEvent | null {
    const { log } = this.#options
    if ("attempt" in said && said.kind !== "attempt.began" && !this.isOpen(said.attempt)) {
      log.warn({ kind: said.kind, attempt: said.attempt }, "dropped an event of an attempt that is not open")
      return null
    }
    const parsed = ProviderEvent.safeParse(said)
    const event = parsed.success ? boundEvent(parsed.data) : null
    // Bounded first: how much there is to look at, the agent decides.
    if (event !== null) return redactTexts(event, this.#options.redact)
    const logId = log.keep("an event that is malformed or too big", said)
    if (said.kind !== "attempt.ended") return null
    const failure = { ...adapterFailed(this.spec(said.attempt)?.provider ?? "?"), logId }
    return { kind: "attempt.ended", attempt: said.attempt, outcome: { kind: "failed", failure, text: "" } }
  }

  #onAccepted(session: SessionId, event: EventOf<"attempt.accepted">): void {
    const open = this.#open.get(event.attempt)
    if (!open || open.state === "accepted") return
    open.state = "accepted"
    this.#append(session, event, {
      alongside: () => this.#options.journal.setState(event.attempt, "accepted"),
      afterCommit: () => open.accepted.resolve(),
    })
  }

  #onBegan(spec: SessionSpec, event: EventOf<"attempt.began">): void {
    if (this.state(event.attempt) !== null) return
    const row: AttemptRow = { attempt: event.attempt, spec, prompt: null, state: "accepted" }
    this.#remember(row)
    this.#append(spec.session, event, {
      alongside: () => this.#options.journal.addAttempt({ ...row, at: this.#options.clock.now() }),
    })
  }

  #onEnded(session: SessionId, event: EventOf<"attempt.ended">): void {
    const open = this.#open.get(event.attempt)
    if (!open) return
    this.withdrawRequests(event.attempt)
    open.state = "ended"
    this.#options.onSettled(event.attempt, null)
    this.#append(session, event, {
      alongside: () => this.#options.journal.endAttempt(event.attempt, this.#options.clock.now()),
      afterCommit: () => {
        this.#open.delete(event.attempt)
        open.ended.resolve()
      },
    })
  }

  /** A provider that took up its work again after a crash tells its open requests once more. */
  #onRequestOpened(session: SessionId, event: EventOf<"request.opened">): void {
    if (this.#options.journal.attemptOfRequest(event.request) !== null) return
    this.#append(session, event, {
      alongside: () => this.#options.journal.openRequest(event.request, event.attempt),
    })
  }

  #onRequestClosed(session: SessionId, event: EventOf<"request.closed">): void {
    if (this.#options.journal.attemptOfRequest(event.request) === null) return
    this.#append(session, event, { alongside: () => this.#options.journal.closeRequest(event.request) })
  }

  /** The new native id is kept with the open attempts: after a crash the provider is asked about them by it. */
  #onSessionChanged(session: SessionId, event: EventOf<"session.changed">): void {
    const concerned = [...this.#open.values()].filter((open) => open.spec.session === session)
    for (const open of concerned) open.spec = { ...open.spec, nativeId: event.nativeId }
    this.#append(session, event, {
      alongside: () => {
        for (const open of concerned) this.#options.journal.setSpec(open.attempt, open.spec)
      },
    })
  }
}

function isWithProvider(state: AttemptState): boolean {
  return state === "handing_over" || state === "accepted"
}
