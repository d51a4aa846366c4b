/** The process around a host: arguments, configuration, signals, exit. */
import { randomUUID } from "node:crypto"
import { closeSync, writeSync } from "node:fs"
import { join } from "node:path"
import { parseArgs } from "node:util"
import type { Config } from "../core/config.ts"
import { secretsOf } from "../core/config-secrets.ts"
import { makeRedactor } from "../core/redact.ts"
import { loadConfig } from "../platform/config-files.ts"
import { ownVersion } from "../platform/installation.ts"
import { createLog } from "../platform/log.ts"
import { errorCode } from "../platform/system-error.ts"
import type { Log, Provider } from "../providers/provider.ts"
import { isDiskTrouble } from "./failures.ts"
import { type Host, type MakeContext, startHost } from "./host.ts"

export type CreateProviders = (config: Config, makeContext: MakeContext) => readonly Provider[]

/** What is written as one line to the descriptor of `--ready-fd`, for who started this process. */
export type ReadySignal =
  | { readonly kind: "ready" }
  | { readonly kind: "taken"; readonly pid: number | null }
  | { readonly kind: "failed"; readonly reason: string }

const MINUTE = 60_000
const DEFAULT_IDLE_MINUTES = 10
const DEFAULT_SESSION_IDLE_MINUTES = 10

/** Exit codes: 0 left in peace, 1 failed, 3 another host holds the data directory. */
export async function runHostProgram(
  args: readonly string[],
  createProviders: CreateProviders,
): Promise<void> {
  process.umask(0o077)
  const { values } = parseArgs({
    args: [...args],
    options: { "data-dir": { type: "string" }, "ready-fd": { type: "string" } },
  })
  const signalReady = readySignal(values["ready-fd"])
  const { config } = loadConfig({ environment: process.env, cwd: process.cwd(), dataDir: values["data-dir"] })
  const log = logFor(config)
  try {
    const started = await startHost({
      ...{ dataDir: config.dataDir, version: ownVersion(), environment: process.env, log },
      secrets: secretsOf(config),
      inherit: config.host.inherit ?? [],
      createProviders: (makeContext) => createProviders(config, makeContext),
      shield: {
        isWanted: config.host.hideDataDirectory ?? true,
        workspaceRoot: config.sessions.workspaceRoot,
      },
      idleMs: (config.host.idleMinutes ?? DEFAULT_IDLE_MINUTES) * MINUTE,
      sessionIdleMs: (config.host.sessionIdleMinutes ?? DEFAULT_SESSION_IDLE_MINUTES) * MINUTE,
    })
    if (started.kind === "taken") {
      const pid = started.heldBy?.pid ?? null
      console.error(`Another host (process ${pid ?? "unknown"}) already runs for this data directory.`)
      signalReady({ kind: "taken", pid })
      process.exitCode = 3
      return
    }
    live(started.host, log)
    signalReady({ kind: "ready" })
    await started.host.left
    process.exit(0)
  } catch (error) {
    log.error({ error }, "the host could not start")
    const reason = error instanceof Error ? error.message : String(error)
    console.error(reason)
    signalReady({ kind: "failed", reason })
    process.exit(1)
  }
}

function live(host: Host, log: Log): void {
  for (const name of ["SIGTERM", "SIGINT", "SIGHUP"] as const)
    process.on(name, () => void host.stop(`got ${name}`))
  const fail = (error: unknown): void => {
    // A full disk is no reason to end every agent: what could not be written is tried again, or told as a failure.
    if (isDiskTrouble(error)) return log.error({ error }, "the disk did not take what had to be written")
    log.error({ error }, "the host fails")
    host.abandon()
    process.exit(1)
  }
  process.on("uncaughtException", fail)
  process.on("unhandledRejection", fail)
}

function logFor(config: Config): Log {
  return createLog({
    path: join(config.dataDir, "logs", "host.log"),
    level: config.logs.level,
    redact: makeRedactor(secretsOf(config)),
    newId: randomUUID,
  })
}

function readySignal(fd: string | undefined): (signal: ReadySignal) => void {
  if (fd === undefined) return () => {}
  return (signal) => {
    try {
      writeSync(Number(fd), `${JSON.stringify(signal)}\n`)
    } catch (error) {
      // Who started us has died meanwhile; the next one finds us listening.
      if (errorCode(error) !== "EPIPE") throw error
    }
    closeSync(Number(fd))
  }
}
