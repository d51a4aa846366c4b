/** Whether Claude Code can be used on this machine, and what to do when it cannot. */
import { z } from "zod"
import { ProviderError } from "../../core/provider-error.ts"
import type { ProviderStatus, Remedy } from "../../protocol/session.ts"
import type { ProviderContext, RunResult } from "../provider.ts"
import {
  CLAUDE,
  capabilities,
  INSTALL_COMMAND,
  LABEL,
  MINIMUM_VERSION,
  modes,
  UPDATE_COMMAND,
} from "./offer.ts"
import type { Surroundings } from "./surroundings.ts"

const TIMEOUT_MS = 20_000

const install: Remedy = { kind: "install", command: INSTALL_COMMAND }
const update: Remedy = { kind: "update", command: UPDATE_COMMAND, minimum: MINIMUM_VERSION }
const signIn: Remedy = { kind: "sign_in", command: "claude auth login" }

const AuthStatus = z.looseObject({
  loggedIn: z.boolean(),
  authMethod: z.string().optional(),
  email: z.string().nullish(),
  subscriptionType: z.string().nullish(),
})

export async function probeClaude(
  context: ProviderContext,
  surroundings: Surroundings,
): Promise<ProviderStatus> {
  const base = { provider: CLAUDE, label: LABEL, capabilities, modes }
  const command = await context.supervisor.find(context.config.command ?? "claude")
  if (command === null) return { ...base, state: "not_installed", remedies: [install] }
  const run = (args: readonly string[]) =>
    context.supervisor.run({
      command,
      args,
      cwd: context.stateDir,
      ...surroundings.launch,
      label: LABEL,
      timeoutMs: TIMEOUT_MS,
    })
  const version = versionIn(await run(["--version"]))
  if (version === null) {
    return { ...base, state: "broken", detail: "Claude Code does not tell its version.", remedies: [install] }
  }
  if (isOlder(version, MINIMUM_VERSION)) return { ...base, state: "too_old", version, remedies: [update] }
  const missing = surroundings.scrubs ? await missingForSandbox(context) : []
  const sandbox = surroundings.scrubs ? { sandboxUsable: missing.length === 0 } : {}
  // Then it does not start at all, not even to say who is signed in.
  if (missing.length > 0) {
    const remedy: Remedy = { kind: "sandbox", detail: `Missing: ${missing.join(", ")}` }
    return { ...base, state: "broken", version, detail: SCRUB_NEEDS, ...sandbox, remedies: [remedy] }
  }
  const auth = authIn(await run(["auth", "status"]))
  if (auth === null) {
    const detail = "Claude Code does not tell who is signed in."
    return { ...base, state: "broken", version, detail, ...sandbox, remedies: [update] }
  }
  if (!auth.loggedIn) return { ...base, state: "signed_out", version, ...sandbox, remedies: [signIn] }
  const account = auth.email ?? methods[auth.authMethod ?? ""]
  return { ...base, state: "ready", version, ...(account ? { account } : {}), ...sandbox, remedies: [] }
}

const methods: Readonly<Record<string, string>> = { api_key: "API key", oauth_token: "access token" }

const SCRUB_NEEDS = "CLAUDE_CODE_SUBPROCESS_ENV_SCRUB is set, which needs programs that are not installed."

/** Scrubbing the environment of commands puts them into a sandbox; without both programs no command runs at all. */
async function missingForSandbox(context: ProviderContext): Promise<readonly string[]> {
  const programs = ["bwrap", "socat"]
  const found = await Promise.all(programs.map((program) => context.supervisor.find(program)))
  return programs.filter((_, index) => found[index] === null)
}

/** Why it did not start, when its version is the reason; null when it is not, or cannot be told. */
export async function outdated(
  context: ProviderContext,
  { launch }: Surroundings,
): Promise<ProviderError | null> {
  const command = await context.supervisor.find(context.config.command ?? "claude")
  if (command === null) return null
  const args = ["--version"]
  const spec = { command, args, cwd: context.stateDir, ...launch, label: LABEL, timeoutMs: TIMEOUT_MS }
  const version = versionIn(await context.supervisor.run(spec))
  if (version === null || !isOlder(version, MINIMUM_VERSION)) return null
  const detail = `Claude Code ${version} is too old: ${MINIMUM_VERSION} or newer is needed. Update it with: ${UPDATE_COMMAND}`
  return new ProviderError({ class: "bad_request", detail })
}

function versionIn(result: RunResult): string | null {
  return /\b(\d+\.\d+\.\d+)\b/.exec(result.stdout)?.[1] ?? null
}

/** The exit code only repeats `loggedIn`. */
function authIn(result: RunResult): z.infer<typeof AuthStatus> | null {
  try {
    return AuthStatus.parse(JSON.parse(result.stdout))
  } catch {
    return null
  }
}

/** Compares dotted numbers. */
export function isOlder(version: string, minimum: string): boolean {
  const parts = version.split(".").map(Number)
  const wanted = minimum.split(".").map(Number)
  for (const [index, number] of wanted.entries()) {
    const part = parts[index] ?? 0
    if (part !== number) return part < number
  }
  return false
}
