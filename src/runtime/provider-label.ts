import type { Ledger } from "../ledger/ledger.ts"
import { PROVIDER_LABEL } from "./providers.ts"

export function isLabelKnown({ machine }: Pick<Ledger, "machine">, provider: string): boolean {
  return machine.setting(PROVIDER_LABEL + provider) !== null
}

/** What the owner calls an agent. Before the host has named its agents, the id without its prefix. */
export function providerLabel({ machine }: Pick<Ledger, "machine">, provider: string): string {
  return machine.setting<string>(PROVIDER_LABEL + provider) ?? provider.replace(/^acp:/, "")
}
