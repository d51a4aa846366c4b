/** Where Claude Code is and where it keeps its things, asked once from the environment that it will really have. */
import { homedir } from "node:os"
import path from "node:path"
import { z } from "zod"
import { ProviderError } from "../../core/provider-error.ts"
import type { Reason } from "../../protocol/reason.ts"
import { missingProgram } from "../missing-program.ts"
import type { ChildSpec, ProviderContext } from "../provider.ts"
import { environmentFor, ownVariables } from "./launch.ts"
import { INSTALL_COMMAND, LABEL } from "./offer.ts"

export interface Surroundings {
  /** `~/.claude`, or what CLAUDE_CONFIG_DIR says. */
  readonly configDir: string
  readonly launch: Pick<ChildSpec, "env" | "inherit">
  /** The owner switched on the scrubbing of subprocess environments, which sandboxes every command. */
  readonly scrubs: boolean
}

const SCRUB = "CLAUDE_CODE_SUBPROCESS_ENV_SCRUB"
const Seen = z.record(z.string(), z.string())
type Seen = Readonly<Record<string, string>>
const wanted = ["HOME", "CLAUDE_CONFIG_DIR", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", SCRUB]

export async function discoverSurroundings(context: ProviderContext): Promise<Surroundings> {
  const configured = context.config.env ?? {}
  const seen = await seenEnvironment(context, configured)
  const home = seen.HOME || homedir()
  return {
    configDir: seen.CLAUDE_CONFIG_DIR || path.join(home, ".claude"),
    launch: environmentFor(configured, seen),
    scrubs: seen[SCRUB] === "1",
  }
}

/** What scrubbing runs every command in. */
export const SANDBOX_PROGRAMS: readonly string[] = ["bwrap", "socat"]

export function sandboxNeeds(programs: readonly string[]): Reason {
  return { code: "sandbox_needs_programs", variable: SCRUB, programs: programs.join(", ") }
}

/**
 * @throws ProviderError (`bad_request`) when the program is nowhere.
 */
export async function findClaude(context: ProviderContext): Promise<string> {
  const command = await context.supervisor.find(context.config.command ?? "claude")
  if (command !== null) return command
  const setting = context.config.command ?? null
  throw missingProgram({ label: LABEL, setting, install: INSTALL_COMMAND, key: "providers.claude.command" })
}

/** The supervisor alone knows what a child inherits, so a child is asked. */
async function seenEnvironment(
  context: ProviderContext,
  configured: Readonly<Record<string, string>>,
): Promise<Seen> {
  const script = `const v={};for(const k of ${JSON.stringify(wanted)})if(process.env[k])v[k]=process.env[k];console.log(JSON.stringify(v))`
  const result = await context.supervisor.run({
    command: process.execPath,
    args: ["-e", script],
    cwd: context.stateDir,
    env: { ...configured },
    inherit: ownVariables,
    label: "claude environment",
    timeoutMs: 10_000,
  })
  if (result.code !== 0) {
    throw new ProviderError({ class: "crashed", reason: { code: "not_started", agent: LABEL } })
  }
  return Seen.parse(JSON.parse(result.stdout))
}
