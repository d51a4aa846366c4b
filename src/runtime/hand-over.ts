/**
 * What hosts are owed: turns to start, prompts to pass on, answers, stops. Each is a row, said when it comes about and
 * over every new link until its outcome is known, always under the same id.
 */
import type { HandOver } from "../ledger/hand-overs.ts"
import type { StoredRequest } from "../ledger/requests.ts"
import type { Turn } from "../ledger/turns.ts"
import { type AttemptId, HERE, type MachineId } from "../protocol/ids.ts"
import type { RuntimeContext } from "./context.ts"

/** Of hosts, only what is needed to owe them something. */
export interface Hosts {
  /** The journal of a machine's host that can be told now; null when none can. */
  journal(machine: MachineId): string | null
  /** Says it over the link there is; without one, over the next. */
  tell(handOver: HandOver): void
}

/** Everything here writes only, and belongs into the transaction that makes it necessary. */
export class HandOvers {
  readonly #context: RuntimeContext
  readonly #hosts: Hosts

  constructor(context: RuntimeContext, hosts: Hosts) {
    this.#context = context
    this.#hosts = hosts
  }

  start({ id: turn, session }: Turn, attempt: AttemptId): void {
    this.#owe({ kind: "start", id: attempt, session, turn, attempt })
  }

  steer({ id: turn, session }: Turn, into: AttemptId): void {
    this.#owe({ kind: "steer", id: this.#context.newId(), session, turn, attempt: into })
  }

  stop({ id: turn, session }: Turn, attempt: AttemptId): void {
    this.#owe({ kind: "stop", id: this.#context.newId(), session, turn, attempt })
  }

  answer({ id: request, session, turn, attempt }: StoredRequest): void {
    this.#owe({ kind: "answer", id: this.#context.newId(), session, turn, attempt, request })
  }

  #owe(what: Owed): void {
    const { ledger, clock } = this.#context
    const machine = ledger.sessions.machineOf(what.session) ?? HERE
    const handOver: HandOver = { ...what, machine, journal: this.#hosts.journal(machine) }
    ledger.handOvers.add(handOver, clock.now())
    ledger.afterCommit(() => this.#hosts.tell(handOver))
  }
}

type Owed = HandOver extends infer H ? (H extends HandOver ? Omit<H, "machine" | "journal"> : never) : never
