/** Where an agent's processes are kept from the data directory, as far as this machine can do it. */
import { mkdirSync } from "node:fs"
import { dirname, join } from "node:path"
import {
  type Kept,
  type MaskedCommand,
  type MaskPlan,
  type MaskProbe,
  prepareMask,
  probeAgentMask,
} from "../platform/agent-mask.ts"
import { socketPath } from "../platform/socket-path.ts"
import type { Log } from "../providers/provider.ts"

export interface ShieldOptions {
  readonly dataDir: string
  /** Where managed workspaces are made; it may lie in the data directory. */
  readonly workspaceRoot: string
  /** The owner's setting; without it agents see what the owner sees. */
  readonly isWanted: boolean
  readonly log: Log
}

/** What is started instead of an agent's program. */
export type Shield = (program: MaskedCommand & { readonly cwd: string }) => Promise<MaskedCommand>

/** Agents see what the owner sees. */
export const noShield: Shield = async (program) => program

/** One shield for each provider, tried once for all. */
export function createShields(options: ShieldOptions): (stateDir: string) => Shield {
  let probe: Promise<MaskProbe> | null = null
  return (stateDir) => async (program) => {
    if (!options.isWanted) return noShield(program)
    probe ??= probeAndTell(options)
    const found = await probe
    if (found.kind === "unavailable") return noShield(program)
    return found.mask(prepareMask(planOf(options, stateDir)), program)
  }
}

async function probeAndTell({ dataDir, log }: ShieldOptions): Promise<MaskProbe> {
  const probe = await probeAgentMask(process.platform, dataDir)
  if (probe.kind === "unavailable") log.warn({ why: probe.why }, "agents can see the data directory")
  return probe
}

function planOf({ dataDir, workspaceRoot }: ShieldOptions, stateDir: string): MaskPlan {
  const attachments = join(dataDir, "attachments")
  // It is made with the first file, and an agent that runs by then would not see it.
  mkdirSync(attachments, { recursive: true, mode: 0o700 })
  const kept: readonly Kept[] = [
    { path: stateDir, isWritable: true },
    { path: workspaceRoot, isWritable: true },
    // Where workspaces were made until 0.1.
    { path: join(dataDir, "managed"), isWritable: true },
    { path: join(dataDir, "agents"), isWritable: false },
    { path: attachments, isWritable: false },
  ]
  return { hidden: [dataDir, dirname(socketPath(dataDir, "runtime"))], kept }
}
