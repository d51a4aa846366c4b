import type { Ledger } from "../ledger/ledger.ts"
import { PROVIDER_LABEL } from "../runtime/providers.ts"

/** What the owner calls an agent. Before the host has named its agents, the id without its prefix. */
export function providerLabel({ machine }: Pick<Ledger, "machine">, provider: string): string {
  return machine.setting<string>(PROVIDER_LABEL + provider) ?? provider.replace(/^acp:/, "")
}
