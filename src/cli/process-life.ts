import { setTimeout as pause } from "node:timers/promises"
import { errorCode } from "../platform/system-error.ts"

export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if (errorCode(error) === "ESRCH") return false
    if (errorCode(error) === "EPERM") return true
    throw error
  }
}

/** Whether the process is gone before `withinMs` have passed. */
export async function isGoneWithin(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false
    await pause(50)
  }
  return true
}
