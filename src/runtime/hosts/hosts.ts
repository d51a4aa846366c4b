/** The hosts of all machines, each over a link of its own: none waits for another. */
import type { HandOver } from "../../ledger/hand-overs.ts"
import { HERE, type MachineId, type SessionId } from "../../protocol/ids.ts"
import type { RuntimeContext } from "../context.ts"
import type { Hosts as OwedHosts } from "../hand-over.ts"
import { MachineLink, type MachineLinkOptions } from "./machine-link.ts"

export type HostsOptions = Omit<MachineLinkOptions, "machine" | "isAnyRunnable"> & {
  /** Whether a session of this machine waits for nothing but its host. */
  readonly isAnyRunnable: (machine: MachineId) => boolean
}

export class Hosts implements OwedHosts {
  readonly #context: RuntimeContext
  readonly #links: ReadonlyMap<MachineId, MachineLink>

  constructor(context: RuntimeContext, options: HostsOptions) {
    this.#context = context
    this.#links = new Map(
      context.ledger.machines.all().map((machine) => {
        const isAnyRunnable = () => options.isAnyRunnable(machine.id)
        return [machine.id, new MachineLink(context, { ...options, machine, isAnyRunnable })]
      }),
    )
  }

  /** The machine that this process runs on. */
  get here(): MachineLink {
    return this.#must(HERE)
  }

  /** Where a session lives. */
  of(session: SessionId): MachineLink {
    return this.#must(this.#context.ledger.sessions.machineOf(session) ?? HERE)
  }

  /** Finds the hosts that run, and starts ours if something depends on it. */
  start(): void {
    for (const link of this.#links.values()) link.host.ensure()
  }

  stop(): void {
    for (const link of this.#links.values()) link.host.close()
  }

  journal(machine: MachineId): string | null {
    return this.#must(machine).journal()
  }

  tell(handOver: HandOver): void {
    this.#must(handOver.machine).tell(handOver)
  }

  #must(machine: MachineId): MachineLink {
    const link = this.#links.get(machine)
    if (!link) throw new Error(`the machine ${machine} is not known`)
    return link
  }
}
