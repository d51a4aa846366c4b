/** Where an agent's program is. Services run with a short PATH, so the usual install directories are searched too. */
import { accessSync, constants, readdirSync, statSync } from "node:fs"
import { delimiter, dirname, isAbsolute, join } from "node:path"
import type { Environment } from "../platform/child-environment.ts"

const HOME_DIRS = [
  ...[".local/bin", "bin", ".npm-global/bin", ".claude/local", ".bun/bin", ".cargo/bin", ".volta/bin"],
  ...[".local/share/pnpm", "Library/pnpm", ".opencode/bin", ".deno/bin", "go/bin"],
]
const MACHINE_DIRS = ["/usr/local/bin", "/opt/homebrew/bin", "/usr/bin", "/bin"]

/** An absolute path, or null. */
export function findProgram(
  command: string,
  environment: Environment,
  programDirs: readonly string[],
): string | null {
  const home = environment.HOME
  if (command.startsWith("~/") && home) return executable(join(home, command.slice(2)))
  if (isAbsolute(command)) return executable(command)
  if (command.includes("/")) return null
  for (const directory of searched(environment, programDirs)) {
    const found = executable(join(directory, command))
    if (found) return found
  }
  return null
}

function* searched(environment: Environment, programDirs: readonly string[]): Iterable<string> {
  yield* (environment.PATH ?? "").split(delimiter).filter(isAbsolute)
  yield* programDirs
  yield dirname(process.execPath)
  if (environment.HOME) {
    for (const directory of HOME_DIRS) yield join(environment.HOME, directory)
    yield* nodeVersions(join(environment.HOME, ".nvm/versions/node"))
  }
  yield* MACHINE_DIRS
}

function nodeVersions(directory: string): string[] {
  if (!statSync(directory, { throwIfNoEntry: false })?.isDirectory()) return []
  return readdirSync(directory).map((version) => join(directory, version, "bin"))
}

function executable(path: string): string | null {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile() ? path : null
  } catch (error) {
    if (error instanceof Error && "code" in error) return null
    throw error
  }
}
