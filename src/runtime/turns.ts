/** What the owner does with prompts: send, edit, reorder, drop, release, stop. All synchronous, all transactional. */
import { nextInQueue, titleFrom } from "../core/turn.ts"
import type { NewTurn, Turn } from "../ledger/turns.ts"
import type { SessionId, TurnId } from "../protocol/ids.ts"
import type { Outcome, Prompt } from "../protocol/session.ts"
import type { RuntimeContext } from "./context.ts"
import { OwnerError } from "./errors.ts"

/** Consequences that reach beyond the ledger; called after the commit unless they say otherwise. */
export interface TurnConsequences {
  /** The session's queue changed. */
  wake(session: SessionId): void
  /** A turn was queued: inside its transaction, so that one that can run at once is handed over with that commit. */
  queued(session: SessionId): void
  interrupt(turn: TurnId): void
  /** Passes a waiting turn on into the running attempt that its hold names. */
  steer(turn: TurnId): void
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
    const { ledger, clock, newId } = this.#context
    return ledger.transact(() => {
      const known = submission.clientId === null ? null : ledger.turns.findByClientId(submission.clientId)
      if (known) return known
      const session = ledger.sessions.find(submission.session)
      if (!session) throw new OwnerError("unknown_session", { session: submission.session })
      const before = ledger.turns.open(session.id)
      const id = newId() as TurnId
      ledger.turns.add({ ...submission, id }, clock.now())
      const title = session.title === "" ? titleFrom(submission.prompt.text) : ""
      if (title !== "") ledger.sessions.rename(session.id, title, "runtime", clock.now())
      const turn = this.#must(id)
      const { text, files } = submission.prompt
      this.#record(turn, "turn.queued", { origin: submission.origin, text, files: files.length })
      const next = nextInQueue(before, clock.now())
      const behind = next.kind === "idle" ? null : next.turn
      this.#context.announce({ kind: "turn.queued", turn, behind })
      this.#consequences.queued(session.id)
      this.#wakeAfterCommit(session.id)
      return turn
    })
  }

  /** @throws OwnerError `turn_not_queued` when it has been handed over or has ended. */
  edit(id: TurnId, prompt: Prompt): Turn {
    return this.#changeQueued(id, (turn) => {
      this.#context.ledger.turns.edit(id, prompt)
      const edited = this.#must(turn.id)
      this.#record(edited, "turn.edited", { text: prompt.text })
      this.#context.announce({ kind: "turn.edited", turn: edited })
    })
  }

  /** Takes a waiting prompt out of the queue. @throws OwnerError `turn_not_queued` */
  drop(id: TurnId): Turn {
    return this.#changeQueued(id, (turn) => this.#endQueued(turn))
  }

  /** Runs a waiting prompt before the others. @throws OwnerError `turn_not_queued` */
  runNext(id: TurnId): Turn {
    return this.#changeQueued(id, (turn) => {
      const { ledger } = this.#context
      const waiting = ledger.turns.open(turn.session).filter((other) => other.state === "queued")
      const first = Math.min(...waiting.map((other) => other.position))
      ledger.turns.place(id, first - 1)
      ledger.turns.setHold(id, null)
      this.#context.announce({ kind: "turn.edited", turn: this.#must(id) })
    })
  }

  /** Lets a held prompt run as soon as it has the floor. @throws OwnerError `turn_not_queued` */
  release(id: TurnId): Turn {
    return this.#changeQueued(id, () => {
      this.#context.ledger.turns.setHold(id, null)
      this.#context.announce({ kind: "turn.edited", turn: this.#must(id) })
    })
  }

  /**
   * Passes a waiting prompt on into the running turn. Where the agent cannot take it, it runs next.
   * @throws OwnerError `turn_not_queued`, `nothing_running`
   */
  steer(id: TurnId): Turn {
    return this.#changeQueued(id, (turn) => {
      const { ledger } = this.#context
      const running = ledger.turns.open(turn.session).find((other) => other.state !== "queued")
      if (!running?.attempt) throw new OwnerError("nothing_running")
      ledger.turns.setHold(id, { kind: "steer", into: running.attempt })
      ledger.afterCommit(() => this.#consequences.steer(id))
    })
  }

  /** What became of a steer: part of the running turn, back in the queue, or nobody can tell. */
  steered(id: TurnId, outcome: SteerOutcome): void {
    const { ledger, announce } = this.#context
    ledger.transact(() => {
      const turn = ledger.turns.find(id)
      if (turn?.hold?.kind !== "steer") return
      if (outcome === "unknown") {
        this.#endQueued(turn, { kind: "indeterminate", consumed: "unknown", text: "" })
      } else {
        if (outcome === "steered") this.#merge(turn)
        else this.runNext(id)
        announce({ kind: "turn.steered", turn: this.#must(id), outcome })
      }
      this.#wakeAfterCommit(turn.session)
    })
  }

  /**
   * Stops what runs in a session; waiting prompts stay unless `clearQueue`. Where nothing runs, the turn that would
   * start by itself counts as running: one that waits for its next attempt, or for agents that cannot be reached yet.
   */
  stop(session: SessionId, { clearQueue }: { clearQueue: boolean }): Stopped {
    const { ledger, clock } = this.#context
    return ledger.transact(() => {
      const open = ledger.turns.open(session)
      const next = nextInQueue(open, clock.now())
      const running = next.kind === "idle" ? null : next.turn
      if (running && running.state !== "queued") {
        ledger.turns.requestStop(running.id, clock.now())
        ledger.afterCommit(() => this.#consequences.interrupt(running.id))
      } else if (running) {
        this.#endQueued(running)
      }
      const dropped = clearQueue
        ? open.filter((turn) => turn.state === "queued" && turn.id !== running?.id)
        : []
      for (const turn of dropped) this.#endQueued(turn)
      this.#wakeAfterCommit(session)
      return { running, dropped }
    })
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

  #merge(turn: Turn): void {
    const { ledger, clock } = this.#context
    const outcome = { kind: "completed", text: "" } as const
    ledger.turns.end(turn.id, outcome, clock.now())
    this.#record(turn, "turn.ended", { outcome })
  }

  #endQueued(turn: Turn, outcome: Outcome = { kind: "stopped", text: "" }): void {
    const { ledger, clock, announce } = this.#context
    ledger.turns.end(turn.id, outcome, clock.now())
    this.#record(turn, "turn.ended", { outcome })
    const held = turn.hold === null ? {} : { held: turn.hold.kind }
    announce({ kind: "turn.ended", turn: this.#must(turn.id), outcome, ...held })
  }

  #record(turn: Turn, kind: string, body: unknown): void {
    this.#context.ledger.events.append(
      { session: turn.session, turn: turn.id, kind, body },
      this.#context.clock.now(),
    )
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
