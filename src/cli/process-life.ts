import { setTimeout as pause } from "node:timers/promises"
import { processStart } from "../platform/process-table.ts"

/** A process that has ended and that nobody has collected, as happens in containers, is not alive. */
export async function isAlive(pid: number): Promise<boolean> {
  return (await processStart(pid)) !== null
}

/** Whether the process is gone before `withinMs` have passed. */
export async function isGoneWithin(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (await isAlive(pid)) {
    if (performance.now() > deadline) return false
    await pause(50)
  }
  return true
}
