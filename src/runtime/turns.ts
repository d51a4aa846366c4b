/** What the owner does with prompts: send, edit, reorder, drop, release, stop. All synchronous, all transactional. */
import { isAtWork, nextInQueue, titleFrom } from "../core/turn.ts"
import type { HandOver } from "../ledger/hand-overs.ts"
import type { NewTurn, Turn } from "../ledger/turns.ts"
import type { AttemptId, SessionId, TurnId } from "../protocol/ids.ts"
import type { Outcome, Prompt } from "../protocol/session.ts"
import type { RuntimeContext } from "./context.ts"
import { OwnerError } from "./errors.ts"
import type { HandOvers } from "./hand-over.ts"
import { endOf } from "./turn-end.ts"

export interface TurnConsequences {
  readonly handOvers: HandOvers
  /** The session's queue changed; called after the commit. */
  wake(session: SessionId): void
  /** A turn was queued: inside its transaction, so that one that can run at once is handed over with that commit. */
  queued(session: SessionId): void
}

/** `unknown`: the host died between taking it and telling. */
export type SteerOutcome = "steered" | "too_late" | "unsupported" | "unknown"

export type Submission = Omit<NewTurn, "id">

export interface Stopped {
  /** The turn at work that was told to stop; or, as it was, the queued one that would have begun by itself. */
  readonly running: Turn | null
  readonly dropped: readonly Turn[]
}

export class Turns {
  readonly #context: RuntimeContext
  readonly #consequences: TurnConsequences

  constructor(context: RuntimeContext, consequences: TurnConsequences) {
    this.#context = context
    this.#consequences = consequences
  }

  /** Queues a prompt. The same `clientId` again returns the turn it made the first time and changes nothing. */
  submit(submission: Submission): Turn {
    const { ledger, clock, newId, record } = this.#context
    return ledger.transact(() => {
      const known = submission.clientId === null ? null : ledger.turns.findByClientId(submission.clientId)
      if (known) return known
      const session = ledger.sessions.find(submission.session)
      if (!session) throw new OwnerError("unknown_session", { session: submission.session })
      const before = ledger.turns.open(session.id)
      const id = newId() as TurnId
      ledger.turns.add({ ...submission, id }, clock.now())
      for (const { path } of submission.prompt.files) ledger.attachments.cameWith(path, id)
      const title = session.title === "" ? titleFrom(submission.prompt.text) : ""
      if (title !== "") this.#name(session.id, title)
      const turn = this.#must(id)
      const next = nextInQueue(before, clock.now())
      record(
        {
          kind: "turn.queued",
          origin: turn.origin,
          prompt: turn.prompt,
          from: turn.channel === null ? null : (ledger.channels.find(turn.channel)?.surface ?? null),
          clientId: submission.clientId,
          hold: turn.hold?.kind === "confirm" ? turn.hold : null,
          behind: next.kind === "idle" ? null : next.turn.id,
        },
        turn,
      )
      this.#consequences.queued(session.id)
      this.#wakeAfterCommit(session.id)
      return turn
    })
  }

  /** @throws OwnerError `turn_not_queued` when it has been handed over or has ended. */
  edit(id: TurnId, prompt: Prompt): Turn {
    return this.#changeQueued(id, (turn) => {
      this.#context.ledger.turns.edit(id, prompt)
      this.#context.record({ kind: "turn.edited", prompt }, turn)
    })
  }

  /** Takes a waiting prompt out of the queue. @throws OwnerError `turn_not_queued` */
  drop(id: TurnId): Turn {
    return this.#changeQueued(id, (turn) => this.#endQueued(turn))
  }

  /** Runs a waiting prompt before the others. @throws OwnerError `turn_not_queued` */
  runNext(id: TurnId): Turn {
    return this.#changeQueued(id, (turn) => {
      this.#putFirst(turn)
    })
  }

  /** Lets a held prompt run as soon as it has the floor. @throws OwnerError `turn_not_queued` */
  release(id: TurnId): Turn {
    return this.#changeQueued(id, (turn) => {
      this.#context.ledger.turns.setHold(id, null)
      this.#context.record({ kind: "turn.released" }, turn)
    })
  }

  /**
   * Passes a waiting prompt on into the running turn. Where the agent cannot take it, it runs next. Until that is known
   * it is no longer in the queue, so nothing else can be done with it.
   * @throws OwnerError `turn_not_queued`, `nothing_running`
   */
  steer(id: TurnId): Turn {
    return this.#changeQueued(id, (turn) => {
      const { ledger, record } = this.#context
      const running = ledger.turns.open(turn.session).find(isAtWork)
      if (!running?.attempt) throw new OwnerError("nothing_running")
      ledger.turns.steer(id)
      this.#consequences.handOvers.steer(turn, running.attempt)
      record({ kind: "turn.steering", into: running.id }, turn)
    })
  }

  /** What became of a steer: part of the running turn, back in the queue, or nobody can tell. */
  steered(steer: Pick<HandOver, "id" | "turn" | "attempt">, outcome: SteerOutcome): void {
    const { ledger, clock } = this.#context
    ledger.transact(() => {
      const turn = ledger.turns.find(steer.turn)
      if (!ledger.handOvers.done(steer.id, clock.now()) || turn?.state !== "steering") return
      if (outcome === "unknown") {
        this.#endQueued(turn, { kind: "indeterminate", consumed: "unknown", text: "" })
      } else if (outcome === "steered") {
        this.#merge(turn, steer.attempt)
      } else {
        this.#unsteered(turn, outcome)
      }
      this.#wakeAfterCommit(turn.session)
    })
  }

  /**
   * Stops what runs in a session; waiting prompts stay unless `clearQueue`. Where nothing runs, the turn that would
   * start by itself counts as running: one that waits for its next attempt, or for agents that cannot be reached yet.
   */
  stop(session: SessionId, { clearQueue }: { clearQueue: boolean }): Stopped {
    const { ledger, clock, record } = this.#context
    return ledger.transact(() => {
      const open = ledger.turns.open(session)
      const next = nextInQueue(open, clock.now())
      const running = next.kind === "idle" ? null : next.turn
      if (running?.attempt && isAtWork(running)) {
        ledger.turns.requestStop(running.id, clock.now())
        if (running.stopRequestedAt === null) record({ kind: "turn.stop_requested" }, running)
        this.#consequences.handOvers.stop(running, running.attempt)
      } else if (running) {
        this.#endQueued(running)
      }
      const dropped = clearQueue
        ? open.filter((turn) => turn.state === "queued" && turn.id !== running?.id)
        : []
      for (const turn of dropped) this.#endQueued(turn)
      // Whether the agent has it is known soon; if not, it is dropped then.
      const steering = clearQueue ? open.filter((turn) => turn.state === "steering") : []
      for (const turn of steering) ledger.turns.requestStop(turn.id, clock.now())
      this.#wakeAfterCommit(session)
      return { running, dropped }
    })
  }

  /** Back in the queue, first; unless all that waits was taken back meanwhile. */
  #unsteered(turn: Turn, why: "too_late" | "unsupported"): void {
    if (turn.stopRequestedAt !== null) return this.#endQueued(turn)
    this.#context.ledger.turns.requeue(turn.id, null)
    this.#putFirst(turn)
    this.#context.record({ kind: "turn.steer_failed", why }, turn)
  }

  #changeQueued(id: TurnId, change: (turn: Turn) => void): Turn {
    return this.#context.ledger.transact(() => {
      const turn = this.#must(id)
      if (turn.state !== "queued") throw new OwnerError("turn_not_queued", { turn: id, state: turn.state })
      change(turn)
      this.#wakeAfterCommit(turn.session)
      return this.#must(id)
    })
  }

  #name(session: SessionId, title: string): void {
    const { ledger, clock, record } = this.#context
    ledger.sessions.rename(session, title, "runtime", clock.now())
    record({ kind: "session.renamed", title, by: "runtime" }, session)
  }

  #putFirst(turn: Turn): void {
    const { ledger, record } = this.#context
    const waiting = ledger.turns.open(turn.session).filter((other) => other.state === "queued")
    const first = Math.min(...waiting.map((other) => other.position))
    ledger.turns.place(turn.id, first - 1)
    ledger.turns.setHold(turn.id, null)
    const before = waiting.find((other) => other.id !== turn.id)?.id ?? null
    record({ kind: "turn.moved", before }, turn)
  }

  #merge(turn: Turn, attempt: AttemptId): void {
    const { ledger, clock, record } = this.#context
    const into = ledger.turns.findByAttempt(attempt)?.id ?? ledger.facts.turnOfAttempt(attempt)
    ledger.turns.end(turn.id, { kind: "completed", text: "" }, clock.now())
    record({ kind: "turn.steered", into }, turn)
  }

  #endQueued(turn: Turn, outcome: Outcome = { kind: "stopped", text: "" }): void {
    const { ledger, clock, record } = this.#context
    ledger.turns.end(turn.id, outcome, clock.now())
    record(endOf(turn, outcome), turn)
  }

  #must(id: TurnId): Turn {
    const turn = this.#context.ledger.turns.find(id)
    if (!turn) throw new OwnerError("unknown_turn", { turn: id })
    return turn
  }

  #wakeAfterCommit(session: SessionId): void {
    this.#context.ledger.afterCommit(() => this.#consequences.wake(session))
  }
}
