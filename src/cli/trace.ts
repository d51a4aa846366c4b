import { type CliContext, printJson, printLine } from "./context.ts"
import { exitCode } from "./exit-code.ts"

/** The chain of rows that a message left, from its arrival to its delivery. */
export async function trace(
  context: CliContext,
  message: string,
  options: { readonly json?: true },
): Promise<number> {
  const found = await context.client.call("trace.read", { message })
  if (options.json) {
    printJson(context, found)
    return exitCode.ok
  }
  printLine(context.stdout, context.say("trace.head", { turn: found.turn, session: found.session }))
  for (const { at, step, detail, ids } of found.steps) {
    const names = Object.entries(ids ?? {}).map(([name, id]) => `${name}=${id}`)
    const line = [new Date(at).toISOString(), step.padEnd(13), detail, ...names].join("  ")
    printLine(context.stdout, line.trimEnd())
  }
  return exitCode.ok
}
