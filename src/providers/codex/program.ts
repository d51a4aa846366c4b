/** Finds the owner's Codex and tells what it is. */
import { existsSync } from "node:fs"
import { realpath } from "node:fs/promises"
import { createRequire } from "node:module"
import path from "node:path"
import { ProviderError } from "../../core/provider-error.ts"
import { missingProgram } from "../missing-program.ts"
import type { ProviderContext } from "../provider.ts"

export const LABEL = "Codex"
/** Older ones do not speak all of the protocol we rely on. */
export const MINIMUM_VERSION = "0.163.0"
export const INSTALL_COMMAND = "npm install -g @openai/codex"
export const UPDATE_COMMAND = "npm install -g @openai/codex@latest"
export const SIGN_IN_COMMAND = "codex login --device-auth"

export function notInstalled({ config }: ProviderContext): ProviderError {
  const setting = config.command ?? null
  return missingProgram({ label: LABEL, setting, install: INSTALL_COMMAND, key: "providers.codex.command" })
}

/** Why it did not start, when its version is the reason; null when it is not, or cannot be told. */
export async function outdated(context: ProviderContext): Promise<ProviderError | null> {
  const program = await findCodex(context)
  const version = program === null ? null : await readVersion(context, program).catch(ignoreUnreadable)
  if (version === null || !isTooOld(version)) return null
  const needed = { minimum: MINIMUM_VERSION, command: UPDATE_COMMAND }
  return new ProviderError({
    class: "bad_request",
    reason: { code: "too_old", agent: LABEL, version, ...needed },
  })
}

function ignoreUnreadable(error: unknown): null {
  if (error instanceof ProviderError) return null
  throw error
}

/** Absolute path of the native program, or null when there is none. */
export async function findCodex({ supervisor, config }: ProviderContext): Promise<string | null> {
  const command = await supervisor.find(config.command ?? "codex")
  if (command === null) return null
  const file = await realpath(command)
  return nativeBehind(file) ?? file
}

/**
 * npm's `codex` is a JavaScript launcher that starts the native program of a platform package. Starting that program
 * itself saves a process, and its pid is the one to signal.
 */
function nativeBehind(launcher: string): string | null {
  if (!launcher.endsWith(".js")) return null
  const target = targetTriple()
  if (target === null) return null
  const candidates = [
    ...resolvePackage(launcher, `@openai/codex-${process.platform}-${process.arch}`),
    path.join(path.dirname(launcher), ".."),
  ].map((root) => path.join(root, "vendor", target, "bin", "codex"))
  return candidates.find((candidate) => existsSync(candidate)) ?? null
}

function resolvePackage(from: string, name: string): readonly string[] {
  try {
    return [path.dirname(createRequire(from).resolve(`${name}/package.json`))]
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "MODULE_NOT_FOUND") return []
    throw error
  }
}

function targetTriple(): string | null {
  const cpu = process.arch === "x64" ? "x86_64" : process.arch === "arm64" ? "aarch64" : null
  const system =
    process.platform === "linux"
      ? "unknown-linux-musl"
      : process.platform === "darwin"
        ? "apple-darwin"
        : null
  return cpu === null || system === null ? null : `${cpu}-${system}`
}

/** @throws ProviderError `crashed` when it does not tell its version */
export async function readVersion({ supervisor, config, stateDir }: ProviderContext, program: string) {
  const result = await supervisor.run({
    command: program,
    args: ["--version"],
    cwd: stateDir,
    env: config.env ?? {},
    inherit: INHERITED,
    label: "codex --version",
    timeoutMs: 10_000,
  })
  const version = /(\d+\.\d+\.\d+\S*)/u.exec(result.stdout)?.[1]
  if (version === undefined) {
    throw new ProviderError(
      {
        class: "crashed",
        reason: { code: "version_unreadable", agent: LABEL, command: UPDATE_COMMAND },
      },
      { cause: result },
    )
  }
  return version
}

export function isTooOld(version: string): boolean {
  const [wanted, given] = [MINIMUM_VERSION, version].map((text) => text.split(/[.-]/u).map(Number))
  for (const at of [0, 1, 2]) {
    const difference = (given?.[at] ?? 0) - (wanted?.[at] ?? 0)
    if (difference !== 0) return difference < 0
  }
  return false
}

/** Codex' own settings and the account's; nothing else of the host's environment. */
export const INHERITED = ["CODEX_*", "OPENAI_*"] as const

/** Whether Codex' sandbox can start here. Without user namespaces, as in many containers, it cannot. */
export async function isSandboxUsable(
  { supervisor, config, stateDir, log }: ProviderContext,
  program: string,
): Promise<boolean> {
  const result = await supervisor.run({
    command: program,
    args: ["sandbox", "--", "true"],
    cwd: stateDir,
    env: config.env ?? {},
    inherit: INHERITED,
    label: "codex sandbox",
    timeoutMs: 15_000,
  })
  if (result.code === 0) return true
  log.warn({ code: result.code, stderr: result.stderr.slice(-400) }, "Codex' sandbox cannot start here")
  return false
}
