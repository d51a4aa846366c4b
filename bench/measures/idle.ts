/** What the program takes while nothing happens. */
import { setTimeout as pause } from "node:timers/promises"
import { type Usage, usageOver } from "../process-usage.ts"
import type { Side } from "./prompts.ts"

export interface Idle {
  readonly runtime: Usage | null
  /** After a prompt: its agent is open and idle. The agent itself is not counted. */
  readonly host: Usage | null
}

const SETTLED_AFTER_MS = 3_000

/** One bot, and no host: none was needed since the start. Null where the system does not tell. */
export async function measureIdleRuntime({ installation }: Side, ms: number): Promise<Usage | null> {
  await pause(SETTLED_AFTER_MS)
  return usageOver(installation.runtimePid, ms)
}

/** With the host and one idle agent: of runtime and host. */
export async function measureIdleHost({ installation }: Side, ms: number): Promise<Idle> {
  await pause(SETTLED_AFTER_MS)
  const { hostPid, runtimePid } = installation
  const [runtime, host] = await Promise.all([
    usageOver(runtimePid, ms),
    hostPid === null ? null : usageOver(hostPid, ms),
  ])
  return { runtime, host }
}
