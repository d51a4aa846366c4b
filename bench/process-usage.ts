/** What a process takes, read from Linux's /proc; null on other systems. */
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { setTimeout as pause } from "node:timers/promises"

export interface Usage {
  /** Resident memory, and the share of it that is this process's alone or counted in parts, in MB. */
  readonly rssMb: number
  readonly pssMb: number
  /** Share of one core over the time looked at. */
  readonly cpuShare: number
}

export async function usageOver(pid: number, ms: number): Promise<Usage | null> {
  if (!existsSync("/proc/self/schedstat")) return null
  const before = cpuMs(pid)
  await pause(ms)
  const cpuShare = (cpuMs(pid) - before) / ms
  const memory = readFileSync(`/proc/${pid}/smaps_rollup`, "utf8")
  const megabytes = (name: string) =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(memory)?.[1]) / 1024
  return { rssMb: megabytes("Rss"), pssMb: megabytes("Pss"), cpuShare }
}

/** proc(5): nanoseconds on a CPU are the first number, of every thread. */
function cpuMs(pid: number): number {
  const tasks = readdirSync(`/proc/${pid}/task`)
  const nanoseconds = tasks.map((task) =>
    Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]),
  )
  return nanoseconds.reduce((sum, each) => sum + each, 0) / 1e6
}
