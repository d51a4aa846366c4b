/** Whether Claude Code can be used on this machine, and what to do when it cannot. */
import { z } from "zod"
import { ProviderError } from "../../core/provider-error.ts"
import type { Reason } from "../../protocol/reason.ts"
import type { Failure, ProviderStatus, Remedy } from "../../protocol/session.ts"
import type { ProviderContext, RunResult } from "../provider.ts"
import {
  CLAUDE,
  capabilities,
  INSTALL_COMMAND,
  LABEL,
  MINIMUM_VERSION,
  modes,
  SIGN_IN_COMMAND,
  UPDATE_COMMAND,
} from "./offer.ts"
import { SANDBOX_PROGRAMS, type Surroundings, sandboxNeeds } from "./surroundings.ts"

const TIMEOUT_MS = 20_000

const install: Remedy = { kind: "install", command: INSTALL_COMMAND }
const update: Remedy = { kind: "update", command: UPDATE_COMMAND, minimum: MINIMUM_VERSION }
const signIn: Remedy = { kind: "sign_in", command: SIGN_IN_COMMAND }

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
    const failure = because({ code: "version_unreadable", agent: LABEL, command: INSTALL_COMMAND })
    return { ...base, state: "broken", failure, remedies: [install] }
  }
  if (isOlder(version, MINIMUM_VERSION)) return { ...base, state: "too_old", version, remedies: [update] }
  const missing = surroundings.scrubs ? await missingForSandbox(context) : []
  const sandbox = surroundings.scrubs ? { sandboxUsable: missing.length === 0 } : {}
  // Then it does not start at all, not even to say who is signed in.
  if (missing.length > 0) {
    const reason = sandboxNeeds(missing)
    const remedies: Remedy[] = [{ kind: "sandbox", detail: "", reason }]
    return { ...base, state: "broken", version, failure: because(reason), ...sandbox, remedies }
  }
  const auth = authIn(await run(["auth", "status"]))
  if (auth === null) {
    const failure = because({ code: "sign_in_unreadable", agent: LABEL, command: UPDATE_COMMAND })
    return { ...base, state: "broken", version, failure, ...sandbox, remedies: [update] }
  }
  if (!auth.loggedIn) return { ...base, state: "signed_out", version, ...sandbox, remedies: [signIn] }
  const account = auth.email ?? methods[auth.authMethod ?? ""]
  return { ...base, state: "ready", version, ...(account ? { account } : {}), ...sandbox, remedies: [] }
}

const methods: Readonly<Record<string, string>> = { api_key: "API key", oauth_token: "access token" }

function because(reason: Reason): Failure {
  return { class: "bad_request", reason }
}

/** Scrubbing the environment of commands puts them into a sandbox; without both programs no command runs at all. */
async function missingForSandbox(context: ProviderContext): Promise<readonly string[]> {
  const found = await Promise.all(SANDBOX_PROGRAMS.map((program) => context.supervisor.find(program)))
  return SANDBOX_PROGRAMS.filter((_, index) => found[index] === null)
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
  const needed = { minimum: MINIMUM_VERSION, command: UPDATE_COMMAND }
  return new ProviderError(because({ code: "too_old", agent: LABEL, version, ...needed }))
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
