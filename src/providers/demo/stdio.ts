import { randomUUID } from "node:crypto"
import { createInterface } from "node:readline"
import { AgentServer, type Script } from "./agent-server.ts"

/** Speaks on this process's standard input and output until the input ends. */
export function serveOnStdio(script: Script, stateDir: string): void {
  const server = new AgentServer({
    script,
    stateDir,
    newId: randomUUID,
    now: Date.now,
    write: (line) => process.stdout.write(line),
  })
  const lines = createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY })
  lines.on("line", (line) => server.receive(line))
  lines.on("close", () => process.exit(0))
}
