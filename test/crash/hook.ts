/**
 * Preloaded into runtime and host (`node --import`): ends the process with SIGKILL exactly at a step boundary, that is
 * before or after the n-th commit or socket write from the moment it is armed (SIGUSR2, plan read from a file).
 * Nothing in the product knows of it.
 */
import { readFileSync } from "node:fs"
import { Socket } from "node:net"
import { DatabaseSync, StatementSync } from "node:sqlite"

export interface Plan {
  readonly at: "commit" | "write"
  readonly when: "before" | "after"
  readonly n: number
}

let plan: (Plan & { left: number }) | null = null
let inTransaction = false

const planFile = process.env.CRASH_PLAN
if (planFile) {
  process.on("SIGUSR2", () => {
    const read = JSON.parse(readFileSync(planFile, "utf8")) as Plan
    plan = { ...read, left: read.n }
  })
}

function boundary<T>(at: Plan["at"], step: () => T): T {
  const armed = plan?.at === at ? plan : null
  if (armed) armed.left -= 1
  if (armed?.left === 0 && armed.when === "before") die()
  const result = step()
  if (armed?.left === 0 && armed.when === "after") die()
  return result
}

function die(): never {
  process.kill(process.pid, "SIGKILL")
  // The signal arrives before the next instruction that could do anything outside this process.
  for (;;);
}

const exec = DatabaseSync.prototype.exec
DatabaseSync.prototype.exec = function patched(this: DatabaseSync, sql: string): void {
  if (/BEGIN/.test(sql)) inTransaction = true
  if (!/^COMMIT/.test(sql)) return exec.call(this, sql)
  inTransaction = false
  boundary("commit", () => exec.call(this, sql))
}

const run = StatementSync.prototype.run
StatementSync.prototype.run = function patched(this: StatementSync, ...values: Parameters<typeof run>) {
  return inTransaction ? run.apply(this, values) : boundary("commit", () => run.apply(this, values))
} as typeof run

const write = Socket.prototype.write
Socket.prototype.write = function patched(this: Socket, ...values: Parameters<typeof write>) {
  return boundary("write", () => write.apply(this, values))
} as typeof write
