/** Ends a process with all it started, also what left its process group, and never a stranger with a reused pid. */
import { setTimeout as delay } from "node:timers/promises"
import { listProcesses, type ProcessRow } from "./process-table.ts"
import { errorCode } from "./system-error.ts"

export interface TreeRoot {
  /** A process that leads its own group and session (it was started detached). */
  readonly pid: number
  readonly startTime: string
}

const POLL_MS = 25
const KILL_WAIT_MS = 2_000

/** Everything that belongs to the root: itself, its descendants, its group and its session. */
export function treeOf(root: TreeRoot, processes: readonly ProcessRow[]): readonly ProcessRow[] {
  const isReused = processes.some((row) => row.pid === root.pid && row.startTime !== root.startTime)
  if (isReused) return []
  const members = new Map<number, ProcessRow>()
  for (const row of processes) {
    if (row.pid === root.pid || row.group === root.pid || row.session === root.pid) members.set(row.pid, row)
  }
  return [...withDescendants(members, processes).values()]
}

function withDescendants(
  members: Map<number, ProcessRow>,
  processes: readonly ProcessRow[],
): Map<number, ProcessRow> {
  for (let grew = true; grew; ) {
    grew = false
    for (const row of processes) {
      if (members.has(row.pid) || !members.has(row.parent)) continue
      members.set(row.pid, row)
      grew = true
    }
  }
  return members
}

/**
 * Asks the whole tree to end (SIGTERM), kills what is left after `graceMs` (SIGKILL), and resolves when nothing is
 * left or nothing more can be done. What had detached itself from the tree entirely before this call is not found.
 */
export async function endTree(root: TreeRoot, graceMs: number): Promise<void> {
  let known = new Map<number, ProcessRow>()
  const look = async (): Promise<ProcessRow[]> => {
    const processes = await listProcesses()
    const survivors = processes.filter((row) => known.get(row.pid)?.startTime === row.startTime)
    const now = new Map([...treeOf(root, processes), ...survivors].map((row) => [row.pid, row]))
    known = withDescendants(now, processes)
    return [...known.values()]
  }

  const asked = await look()
  signal(asked, "SIGTERM")
  if (asked.length === 0 || (await isEmptyWithin(graceMs, look))) return
  const killUntil = performance.now() + KILL_WAIT_MS
  while (performance.now() < killUntil) {
    const left = await look()
    if (left.length === 0) return
    signal(left, "SIGKILL")
    await delay(POLL_MS)
  }
}

async function isEmptyWithin(ms: number, look: () => Promise<readonly ProcessRow[]>): Promise<boolean> {
  const until = performance.now() + ms
  for (;;) {
    if ((await look()).length === 0) return true
    const left = until - performance.now()
    if (left <= 0) return false
    await delay(Math.min(POLL_MS, left))
  }
}

function signal(processes: readonly ProcessRow[], name: "SIGTERM" | "SIGKILL"): void {
  for (const { pid } of processes) {
    try {
      process.kill(pid, name)
    } catch (error) {
      // EPERM: it runs as another user (sudo), so it is not ours to end.
      if (!["ESRCH", "EPERM"].includes(errorCode(error))) throw error
    }
  }
}
