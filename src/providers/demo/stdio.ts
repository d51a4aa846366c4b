import { randomUUID } from "node:crypto"
import { linesFrom } from "../../platform/lines.ts"
import { AgentServer, type Script } from "./agent-server.ts"

/** Speaks on this process's standard input and output until the input ends. */
export async function serveOnStdio(script: Script, stateDir: string): Promise<never> {
  const server = new AgentServer({
    script,
    stateDir,
    newId: randomUUID,
    now: Date.now,
    write: (line) => process.stdout.write(line),
  })
  for await (const line of linesFrom(process.stdin)) server.receive(line)
  process.exit(0)
}
