/** Hands turns over to be run, one at a time per session, as soon as each has the floor and its host is there. */

import { nextInQueue } from "../../core/turn.ts"
import { isStorageFailure } from "../../ledger/errors.ts"
import type { AttemptId, MachineId, SessionId } from "../../protocol/ids.ts"
import type { RuntimeContext } from "../context.ts"
import type { HandOvers } from "../hand-over.ts"
import type { Hosts } from "./hosts.ts"

export interface TurnRunnerOptions {
  readonly hosts: Hosts
  readonly handOvers: HandOvers
}

export class TurnRunner {
  readonly #context: RuntimeContext
  readonly #hosts: Hosts
  readonly #handOvers: HandOvers
  /** Sessions whose queue is being looked at; a wake meanwhile looks again. */
  readonly #looking = new Map<SessionId, "once" | "again">()
  readonly #timers = new Map<SessionId, { cancel(): void }>()

  constructor(context: RuntimeContext, { hosts, handOvers }: TurnRunnerOptions) {
    this.#context = context
    this.#hosts = hosts
    this.#handOvers = handOvers
  }

  /** Takes up everything that is open in the ledger. */
  start(): void {
    this.wakeAll()
    this.#hosts.start()
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel()
    this.#hosts.stop()
  }

  wakeAll(): void {
    for (const session of this.#openSessions()) this.wake(session)
  }

  /** Whether a session of this machine waits for nothing but its host. */
  isAnyRunnable(machine: MachineId): boolean {
    const { sessions } = this.#context.ledger
    const isThere = (session: SessionId) => sessions.machineOf(session) === machine
    return this.#openSessions().some((session) => isThere(session) && this.#next(session).kind === "run")
  }

  /** Looks whether a session's next turn can run. */
  wake(session: SessionId): void {
    if (this.#looking.has(session)) {
      this.#looking.set(session, "again")
      return
    }
    this.#looking.set(session, "once")
    void this.#look(session).finally(() => {
      const again = this.#looking.get(session) === "again"
      this.#looking.delete(session)
      if (again) this.wake(session)
    })
  }

  /** Inside a transaction: the session's next turn is dispatched with it, if it can run and the host is there. */
  dispatchAlong(session: SessionId): void {
    if (this.#hosts.of(session).journal() !== null) this.#dispatch(session)
  }

  async #look(session: SessionId): Promise<void> {
    const machine = this.#hosts.of(session)
    try {
      const next = this.#next(session)
      if (next.kind === "wait") this.#wakeAt(session, next.until)
      if (next.kind !== "run") return
      await machine.host.use()
      this.#dispatch(session)
    } catch (error) {
      if (isStorageFailure(error)) return machine.comeBackLater(error)
      this.#context.log.warn({ err: error, session }, "a turn could not be handed over yet")
      machine.host.ensure()
    }
  }

  #openSessions(): readonly SessionId[] {
    return [...new Set(this.#context.ledger.turns.allOpen().map((turn) => turn.session))]
  }

  #next(session: SessionId) {
    return nextInQueue(this.#context.ledger.turns.open(session), this.#context.clock.now())
  }

  #wakeAt(session: SessionId, until: number): void {
    this.#timers.get(session)?.cancel()
    const { clock } = this.#context
    this.#timers.set(
      session,
      clock.after(until - clock.now(), () => this.wake(session)),
    )
  }

  /** Commits that the next turn is on its way; from here on its attempt id is the only one that may run. */
  #dispatch(session: SessionId): void {
    const { ledger, newId } = this.#context
    ledger.transact(() => {
      const next = this.#next(session)
      if (next.kind !== "run") return
      const attempt = newId() as AttemptId
      ledger.turns.dispatch(next.turn.id, attempt)
      this.#handOvers.start(next.turn, attempt)
    })
  }
}
