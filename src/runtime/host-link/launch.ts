/** Finds the host of a data directory, starting it when it does not run, and connects. */
import { spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdirSync, openSync } from "node:fs"
import { getCompileCacheDir } from "node:module"
import { dirname, join } from "node:path"
import { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { setTimeout as delay } from "node:timers/promises"
import { z } from "zod"
import { type Environment, hostEnvironment } from "../../platform/child-environment.ts"
import { ownProgram } from "../../platform/installation.ts"
import { linkKey } from "../../platform/link-proof.ts"
import { socketPath } from "../../platform/socket-path.ts"
import type { Failure } from "../../protocol/session.ts"
import { type HostLink, HostLinkError } from "./link.ts"
import { connectLocal, type LocalOptions } from "./local.ts"

export interface LaunchOptions extends Omit<LocalOptions, "socketPath" | "key"> {
  readonly dataDir: string
  /** Our own environment: the host gets it without what is ours alone. */
  readonly environment: Environment
  /** Where no host runs, one is started. Otherwise that is an error, `unreachable`. */
  readonly mayStart: boolean
  /** The host's program; the one of this installation unless a test brings its own. */
  readonly hostMain?: string
}

/** How long a host that was just started may take until it listens, in ms. */
const START_LIMIT_MS = 20_000
const TAKEN_RETRY_MS = 50
/** V8 would keep what it took for all that is new during the start: 8 MB, in a program that mostly waits. */
const NODE_OPTIONS = ["--max-semi-space-size=4", "--disable-sigusr1"]

/** What a host writes to its ready descriptor; see `ReadySignal` of the host. */
const ReadySignal = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("ready") }),
  z.object({ kind: z.literal("taken"), pid: z.number().nullable() }),
  z.object({ kind: z.literal("failed"), reason: z.string() }),
])
type ReadySignal = z.infer<typeof ReadySignal>

/**
 * A host of another version goes on until nothing lives in it, then leaves; the next call starts ours.
 * @throws HostLinkError `not_started`, or as `connectLocal` does.
 */
export async function ensureHost(options: LaunchOptions): Promise<HostLink> {
  const connection = {
    ...options,
    socketPath: socketPath(options.dataDir, "host"),
    key: linkKey(options.dataDir),
  }
  const until = performance.now() + START_LIMIT_MS
  for (;;) {
    const link = options.mayStart ? await connectOrNull(connection) : await connectLocal(connection)
    if (link !== null) return retiringStrangers(link, options.version)
    const signal = await startHost(options)
    if (signal.kind === "failed") throw notStarted(signal.reason)
    if (signal.kind === "ready") return connectLocal(connection)
    // Another one holds the lock without listening: it is just starting, or just leaving.
    if (performance.now() > until) throw heldTooLong(signal.pid)
    await delay(TAKEN_RETRY_MS)
  }
}

async function retiringStrangers(link: HostLink, version: string): Promise<HostLink> {
  if (link.version !== version) await link.command({ kind: "host.retire" })
  return link
}

/** The reason itself names our files: it is for the log. */
function notStarted(reason: string): HostLinkError {
  const code = /ENOSPC|EDQUOT|disk is full/.test(reason) ? "disk_full" : "host_cannot_start"
  const failure: Failure = { class: "unknown", reason: { code } }
  return new HostLinkError("not_started", `the host cannot start: ${reason}`, { failure })
}

function heldTooLong(pid: number | null): HostLinkError {
  const failure: Failure = { class: "unknown", reason: { code: "host_held", pid } }
  return new HostLinkError("not_started", "another host holds the data directory", { failure })
}

async function connectOrNull(options: LocalOptions): Promise<HostLink | null> {
  try {
    return await connectLocal(options)
  } catch (error) {
    if (error instanceof HostLinkError && error.code === "unreachable") return null
    throw error
  }
}

async function startHost({ dataDir, environment, hostMain }: LaunchOptions): Promise<ReadySignal> {
  const stderr = openErrorFile(dataDir)
  const child = spawn(
    process.execPath,
    [...NODE_OPTIONS, hostMain ?? ownProgram("host/main"), "--data-dir", dataDir, "--ready-fd", "3"],
    {
      cwd: "/",
      detached: true,
      env: { ...hostEnvironment(environment), ...compileCache() },
      stdio: ["ignore", "ignore", stderr, "pipe"],
    },
  )
  closeSync(stderr)
  const pipe = child.stdio[3]
  if (!(pipe instanceof Readable)) throw new HostLinkError("not_started", "the host got no ready pipe")
  const timer = setTimeout(() => pipe.destroy(new Error("it did not answer in time")), START_LIMIT_MS)
  try {
    const [said] = await Promise.all([text(pipe), once(child, "spawn")])
    return ReadySignal.parse(JSON.parse(said))
  } catch (cause) {
    throw new HostLinkError("not_started", `the host could not be started: ${reasonOf(cause)}`, { cause })
  } finally {
    clearTimeout(timer)
    child.unref()
  }
}

/** Ours is the host's too; what it starts does not get its environment. */
function compileCache(): Record<string, string> {
  const directory = getCompileCacheDir()
  // Node appends its own version to what it is given, and tells the whole.
  return directory === undefined ? {} : { NODE_COMPILE_CACHE: dirname(directory) }
}

/** What a host says before it has a log, and what kills it afterwards. */
function openErrorFile(dataDir: string): number {
  const logs = join(dataDir, "logs")
  mkdirSync(logs, { recursive: true, mode: 0o700 })
  return openSync(join(logs, "host-stderr.log"), "a", 0o600)
}

/** Nothing readable: it ended before it could say why. */
function reasonOf(cause: unknown): string {
  return cause instanceof SyntaxError || !(cause instanceof Error)
    ? "it ended at once; logs/host-stderr.log says why"
    : cause.message
}
