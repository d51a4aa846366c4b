/**
 * Faults to be found: each breaks a promise in a way that an afternoon's change could. `npm run sim:planted` plants one
 * after the other in a copy of the program and simulates until something is found.
 */
export interface Plant {
  readonly name: string
  /** Texts of the program, each there once, and what stands there instead. */
  readonly changes: readonly { readonly file: string; readonly from: string; readonly to: string }[]
}

const lane = "src/telegram/delivery/lane.ts"
const attempts = "src/host/attempts.ts"
const poller = "src/telegram/intake/poller.ts"

export const plants: readonly Plant[] = [
  {
    name: "updates are acknowledged before they are committed",
    changes: [
      {
        file: poller,
        from: "    if (updates.length > 0) this.#commit(updates, { arrived, waitedMs })\n",
        to: `    if (updates.length > 0) {
      this.#offset = Math.max(...updates.map((update) => update.update_id)) + 1
      setTimeout(() => this.#commit(updates, { arrived, waitedMs }), 15)
    }\n`,
      },
      {
        file: poller,
        from: "    })\n    this.#offset = Math.max(...updates.map((update) => update.update_id)) + 1\n",
        to: "    })\n",
      },
    ],
  },
  {
    name: "what is owed to a chat is written after the commit of what owes it",
    changes: [
      {
        file: "src/runtime/recorder.ts",
        from: "for (const surface of this.#surfaces) this.#tell(surface, fact, about)",
        to: "for (const surface of this.#surfaces) ledger.afterCommit(() => ledger.transact(() => this.#tell(surface, fact, about)))",
      },
    ],
  },
  {
    name: "a further attempt has the id of the first",
    changes: [
      {
        file: "src/runtime/hosts/runner.ts",
        from: "const attempt = newId() as AttemptId",
        to: "const attempt = next.turn.attempt ?? (newId() as AttemptId)",
      },
    ],
  },
  {
    name: "the host acts before it has recorded what it was told",
    changes: [
      {
        file: attempts,
        from: '    this.#options.journal.write("durable", () => this.#options.journal.addAttempt({ ...row, at }))\n    this.#remember(row)\n',
        to: `    this.#remember(row)
    setImmediate(() => this.#options.journal.write("durable", () => this.#options.journal.addAttempt({ ...row, at })))\n`,
      },
    ],
  },
  {
    name: "a message counts as sent before Telegram has said so",
    changes: [
      {
        file: lane,
        from: "ledger.outbox.sending(row.id, clock.now())",
        to: "ledger.outbox.sent(row.id, null, clock.now())",
      },
    ],
  },
  {
    name: "a message whose sending was cut off counts as sent",
    changes: [
      {
        file: lane,
        from: "else this.#settleCutOff({ row, payload })",
        to: "else ledger.outbox.sent(row.id, null, clock.now())",
      },
    ],
  },
  {
    name: "what may have arrived is sent again without a mark",
    changes: [
      {
        file: lane,
        from: "const mark = row.ambiguous > 0 ? texts.resent : null",
        to: "const mark = row.ambiguous > 99 ? texts.resent : null",
      },
    ],
  },
  {
    name: "an update counts as handled before its effect",
    changes: [
      {
        file: "src/telegram/intake/intake.ts",
        from: `    ledger.transact(() => {
      const areNew = rows.map((row) => ledger.inbox.handle(row.id, note, clock.now()))
      if (areNew.every(Boolean)) effect()
    })`,
        to: `    const areNew = ledger.transact(() => rows.map((row) => ledger.inbox.handle(row.id, note, clock.now())))
    ledger.transact(() => {
      if (areNew.every(Boolean)) effect()
    })`,
      },
    ],
  },
  {
    name: "the cursor is committed before the events it stands for",
    changes: [
      {
        file: "src/runtime/event-intake.ts",
        from: `      const { machine } = this.#options
      const cursor = ledger.machines.cursor(machine)`,
        to: `      const { machine } = this.#options
      const cursor = ahead`,
      },
      {
        file: "src/runtime/event-intake.ts",
        from: "  #commit(events: readonly (HostEvent | Passed)[]): void {\n    const { ledger } = this.#context\n",
        to: `  #commit(events: readonly (HostEvent | Passed)[]): void {
    const { ledger } = this.#context
    const ahead = ledger.machines.cursor(this.#options.machine)
    if (ahead) ledger.machines.setCursor(this.#options.machine, { journal: ahead.journal, acked: events.at(-1)?.seq ?? ahead.acked })
`,
      },
    ],
  },
  {
    name: "what is owed to a host is not said again over a new link",
    changes: [
      {
        file: "src/runtime/hosts/machine-link.ts",
        from: "for (const handOver of context.ledger.handOvers.owed(machine)) void this.#teller.tell(link, handOver)",
        to: "for (const handOver of context.ledger.handOvers.owed(machine)) if (handOver.kind !== 'answer') void this.#teller.tell(link, handOver)",
      },
    ],
  },
]
