/** The ACP provider with the echo agent of the tests behind it. */
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { ProviderId, SessionId } from "../../src/protocol/ids.ts"
import type { SessionSpec } from "../../src/protocol/session.ts"
import type { AcpProfile } from "../../src/providers/acp/profile.ts"
import { profileFor } from "../../src/providers/acp/profiles.ts"
import { createAcpProvider } from "../../src/providers/acp/provider.ts"
import type { Clock, Provider, ProviderConfig } from "../../src/providers/provider.ts"
import type { Consumed } from "../fakes/acp-agent.ts"
import { createSurroundings, type Surroundings } from "./local-context.ts"

const echoAgent = join(import.meta.dirname, "../fakes/acp-agent.ts")

/** As an agent that has to be put into its asking mode. */
export const echoProfile: AcpProfile = {
  ...profileFor("echo"),
  label: "Echo",
  sharedBy: "all",
  approvals: { kind: "mode", ask: "ask" },
}

export interface EchoWorld {
  readonly surroundings: Surroundings
  readonly provider: Provider
  readonly holds: string
  create(): Provider
  spec(nativeId?: string): SessionSpec
  /** Every prompt an agent of this world has taken, in order. */
  consumed(): readonly Consumed[]
}

export function createEchoWorld(
  options: { profile?: AcpProfile; config?: ProviderConfig; clock?: Clock } = {},
): EchoWorld {
  const surroundings = createSurroundings({ hosted: true })
  const state = join(surroundings.root, "echo")
  const id = ProviderId.parse("acp:echo")
  const context = surroundings.context({
    command: process.execPath,
    args: [echoAgent],
    env: { ACP_AGENT_STATE: state },
    ...options.config,
  })
  const create = (): Provider =>
    createAcpProvider(id, options.profile ?? echoProfile, {
      ...context,
      clock: options.clock ?? context.clock,
    })
  return {
    surroundings,
    provider: create(),
    holds: join(state, "holds"),
    create,
    spec: (nativeId) => ({
      session: SessionId.parse("S001"),
      provider: id,
      workspace: surroundings.workspace,
      nativeId: nativeId ?? null,
      settings: {},
    }),
    consumed: () => readFileSync(join(state, "consumed.log"), "utf8").trim().split("\n").map(parseConsumed),
  }
}

function parseConsumed(line: string): Consumed {
  const consumed: Consumed = JSON.parse(line)
  return consumed
}
