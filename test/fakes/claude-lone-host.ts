/**
 * A host to be killed: opens a claude session, hands one prompt over and then only waits. Prints the native id.
 * Arguments: a JSON object with `context` (as in the provider's test world) and `attempt`, `prompt`.
 */
import { randomUUID } from "node:crypto"
import { z } from "zod"
import { ReadingValve } from "../../src/host/valve.ts"
import { AttemptId, SessionId } from "../../src/protocol/ids.ts"
import { createClaudeProvider } from "../../src/providers/claude/provider.ts"
import { createPlainSupervisor } from "./plain-supervisor.ts"

const Order = z.object({
  binary: z.string(),
  stateDir: z.string(),
  workspace: z.string(),
  base: z.record(z.string(), z.string()),
  env: z.record(z.string(), z.string()),
  attempt: AttemptId,
  prompt: z.string(),
})

const order = Order.parse(JSON.parse(process.argv[2] ?? ""))
const ignore = () => undefined
const provider = createClaudeProvider({
  stateDir: order.stateDir,
  valve: new ReadingValve(),
  supervisor: createPlainSupervisor(order.base),
  clock: {
    now: Date.now,
    monotonic: () => performance.now(),
    after(ms, run) {
      const timer = setTimeout(run, ms)
      return { cancel: () => clearTimeout(timer) }
    },
  },
  newId: randomUUID,
  log: { debug: ignore, info: ignore, warn: ignore, error: ignore, keep: () => "" },
  config: { command: order.binary, env: order.env },
})
const session = await provider.open(
  {
    session: SessionId.parse("S001"),
    provider: provider.id,
    workspace: order.workspace,
    nativeId: null,
    settings: {},
  },
  { emit: ignore, delta: ignore, closed: ignore },
)
await session.send({ text: order.prompt, files: [] }, order.attempt)
console.log(session.nativeId)
