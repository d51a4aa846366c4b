import { type CliContext, printJson, printLine } from "./context.ts"
import { exitCode } from "./exit-code.ts"
import { isGoneWithin } from "./process-life.ts"

const patienceMs = 20_000

/** Asks the runtime to leave and waits until its process is gone. */
export async function stop(
  context: CliContext,
  options: { readonly json?: true; readonly agents?: true },
): Promise<number> {
  const { pid } = await context.client.call("runtime.stop", { agents: options.agents === true })
  const stopped = await isGoneWithin(pid, patienceMs)
  if (options.json) printJson(context, { pid, stopped })
  else if (stopped) printLine(context.stdout, context.say("stop.done", { pid }))
  else printLine(context.stderr, context.say("stop.slow", { pid, seconds: patienceMs / 1000 }))
  return stopped ? exitCode.ok : exitCode.failed
}
