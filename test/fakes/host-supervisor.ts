/** The host's own supervisor for tests of adapters, which also says what still runs. */
import { join } from "node:path"
import { Children } from "../../src/host/children.ts"
import { Journal } from "../../src/host/journal/journal.ts"
import { openJournalDatabase } from "../../src/host/journal/schema.ts"
import { noShield } from "../../src/host/shield.ts"
import { createSupervisor } from "../../src/host/supervisor.ts"
import { ReadingValve } from "../../src/host/valve.ts"
import type { Child, Log } from "../../src/providers/provider.ts"
import type { PlainSupervisor } from "./plain-supervisor.ts"

interface Surroundings {
  /** The whole environment of the host; nothing of the test process leaks in. */
  readonly environment: Readonly<Record<string, string>>
  readonly stateDir: string
  readonly log: Log
}

export function createHostSupervisor({ environment, stateDir, log }: Surroundings): PlainSupervisor {
  const journal = new Journal(openJournalDatabase(join(stateDir, "journal.sqlite"), () => "test"))
  const children = new Children(journal, log)
  const valve = new ReadingValve()
  const supervisor = createSupervisor({
    children,
    environment,
    stateDir,
    programDirs: [],
    shield: noShield,
    valve,
    log,
  })
  const started = new Map<number, Child>()
  return {
    run: (spec) => supervisor.run(spec),
    find: (command) => supervisor.find(command),
    async spawn(spec) {
      const child = await supervisor.spawn(spec)
      started.set(child.pid, child)
      return child
    },
    running: () => [...started.keys()].filter(groupExists),
    async ended(pids) {
      await Promise.all(pids.map((pid) => started.get(pid)?.exited))
    },
    async close() {
      await children.endAll(500)
      journal.close()
    },
  }
}

/** Asked of the kernel, so that a process left behind by a child is seen too. */
function groupExists(pid: number): boolean {
  try {
    return process.kill(-pid, 0)
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false
    throw error
  }
}
