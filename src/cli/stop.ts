import { setTimeout as pause } from "node:timers/promises"
import { type CliContext, printJson, printLine } from "./context.ts"
import { exitCode } from "./exit-code.ts"

const patienceMs = 20_000

/** Asks the runtime to leave and waits until its process is gone. */
export async function stop(
  context: CliContext,
  options: { readonly json?: true; readonly agents?: true },
): Promise<number> {
  const { pid } = await context.client.stopRuntime(options.agents === true)
  const stopped = await isGone(pid, patienceMs)
  if (options.json) printJson(context, { pid, stopped })
  else if (stopped) printLine(context.stdout, context.say("stop.done", { pid }))
  else printLine(context.stderr, context.say("stop.slow", { pid, seconds: patienceMs / 1000 }))
  return stopped ? exitCode.ok : exitCode.failed
}

async function isGone(pid: number, withinMs: number): Promise<boolean> {
  const deadline = performance.now() + withinMs
  while (isAlive(pid)) {
    if (performance.now() > deadline) return false
    await pause(50)
  }
  return true
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ESRCH") return false
    throw error
  }
}
