/** Reads what a configuration is made of: the environment, `DATA_DIR/.env` and `DATA_DIR/config.json`. */
import { readFileSync, statSync } from "node:fs"
import { homedir } from "node:os"
import path from "node:path"
import { parseEnv } from "node:util"
import { locateDataDir, type ParsedConfig, parseConfig } from "../core/config.ts"
import type { ConfigSource, Fault } from "../core/config-fault.ts"
import type { ConfigSources } from "../core/config-sources.ts"

export interface ConfigRequest {
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  /** `--data-dir`. */
  readonly dataDir?: string | undefined
  /** Other options of the command, by environment name: `{ LOCAL_UI_PORT: "0" }`. */
  readonly commandLine?: Readonly<Record<string, string>>
}

/** Never throws for what the owner wrote: every fault is a problem of the result. */
export function loadConfig(request: ConfigRequest): ParsedConfig {
  return parseConfig(readSources(request))
}

function readSources(request: ConfigRequest): ConfigSources {
  const home = request.environment.HOME || homedir()
  const dataDir = locateDataDir({
    commandLine: request.dataDir,
    environment: request.environment,
    home,
    cwd: request.cwd,
  })
  const faults: Fault[] = []
  if (statSync(dataDir.path, { throwIfNoEntry: false })?.isDirectory() === false) {
    faults.push({ kind: "not_a_directory", key: "DATA_DIR", source: dataDir.source, value: dataDir.path })
    return { ...nothing(request, home), dataDir, faults }
  }
  const envPath = path.join(dataDir.path, ".env")
  const filePath = path.join(dataDir.path, "config.json")
  const envText = readOwn(envPath, { kind: "dotenv", path: envPath }, faults)
  const fileText = readOwn(filePath, { kind: "file", path: filePath }, faults)
  return {
    ...nothing(request, home),
    dataDir,
    dotenv: envText === null ? null : { path: envPath, values: parseEnv(envText) },
    file: fileText === null ? null : readJson(filePath, fileText, faults),
    faults,
  }
}

function nothing(request: ConfigRequest, home: string) {
  return {
    commandLine: request.commandLine ?? {},
    environment: request.environment,
    dotenv: null,
    file: null,
    home,
  }
}

/** The text of a file that may hold secrets; null when there is none. */
function readOwn(file: string, source: ConfigSource, faults: Fault[]): string | null {
  try {
    const mode = statSync(file).mode & 0o777
    if (process.platform !== "win32" && (mode & 0o077) !== 0) {
      faults.push({
        kind: "loose_mode",
        key: file,
        source,
        mode: mode.toString(8),
        path: file,
        wanted: "600",
      })
    }
    return readFileSync(file, "utf8").replace(/^\uFEFF/, "")
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error)
    if (code !== "ENOENT") faults.push({ kind: "unreadable", key: file, source, detail: code })
    return null
  }
}

function readJson(file: string, text: string, faults: Fault[]): ConfigSources["file"] {
  try {
    return { path: file, value: JSON.parse(text) }
  } catch (error) {
    faults.push({
      kind: "not_json",
      key: file,
      source: { kind: "file", path: file },
      detail: jsonFault(error, text),
    })
    return null
  }
}

/** Where it is wrong, without the text around it: that may be a token. */
function jsonFault(error: unknown, text: string): string {
  const position = /at position (\d+)/.exec(String(error))?.[1]
  const before = text.slice(0, position === undefined ? text.length : Number(position)).split("\n")
  return `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`
}
