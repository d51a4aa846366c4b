import { linkKey } from "../platform/link-proof.ts"
import { socketPath } from "../platform/socket-path.ts"
import { HostLinkError } from "../runtime/host-link/link.ts"
import { connectLocal } from "../runtime/host-link/local.ts"
import { type CliContext, printJson, printLine } from "./context.ts"
import { NotRunningError } from "./control-client.ts"
import { exitCode } from "./exit-code.ts"
import { isGoneWithin } from "./process-life.ts"

const patienceMs = 20_000

/**
 * Asks the runtime to leave and waits until its process is gone. The agents live on without one: where they are to end
 * and none runs, their host is asked.
 */
export async function stop(
  context: CliContext,
  options: { readonly json?: true; readonly agents?: true },
): Promise<number> {
  const pid = options.agents ? await stopAll(context) : (await stopRuntime(context, { agents: false })).pid
  const stopped = await isGoneWithin(pid, patienceMs)
  if (options.json) printJson(context, { pid, stopped })
  else if (stopped) printLine(context.stdout, context.say("stop.done", { pid }))
  else printLine(context.stderr, context.say("stop.slow", { pid, seconds: patienceMs / 1000 }))
  return stopped ? exitCode.ok : exitCode.failed
}

const stopRuntime = ({ client }: CliContext, how: { readonly agents: boolean }) =>
  client.call("runtime.stop", how)

/** @throws NotRunningError where there is neither a runtime nor a host. */
async function stopAll(context: CliContext): Promise<number> {
  try {
    return (await stopRuntime(context, { agents: true })).pid
  } catch (error) {
    const pid = error instanceof NotRunningError ? await stopHost(context) : null
    if (pid === null) throw error
    return pid
  }
}

/** Null where no host runs. */
async function stopHost({ config: { dataDir }, version }: CliContext): Promise<number | null> {
  try {
    const link = await connectLocal({
      ...{ socketPath: socketPath(dataDir, "host"), key: linkKey(dataDir) },
      ...{ version, journal: null, acked: 0 },
      // Whatever it tells stays with it: nothing is acknowledged.
      onEvent: () => undefined,
      onLive: () => undefined,
    })
    await link.command({ kind: "host.stop" })
    link.close()
    return link.pid
  } catch (error) {
    if (error instanceof HostLinkError && error.code === "unreachable") return null
    throw error
  }
}
