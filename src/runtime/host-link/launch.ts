/** Finds the host of a data directory, starting it when it does not run, and connects. */
import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { closeSync, mkdirSync, openSync, renameSync, statSync } from "node:fs"
import { getCompileCacheDir } from "node:module"
import { dirname, join } from "node:path"
import { Readable } from "node:stream"
import { text } from "node:stream/consumers"
import { setTimeout as delay } from "node:timers/promises"
import { z } from "zod"
import { type Environment, hostEnvironment } from "../../platform/child-environment.ts"
import { ownProgram } from "../../platform/installation.ts"
import { linkKey } from "../../platform/link-proof.ts"
import { readHolder } from "../../platform/lock.ts"
import { processStart } from "../../platform/process-table.ts"
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
  /** Where one runs that does not greet, it is ended and another started, whatever `mayStart` says. */
  readonly mayEnd?: boolean
  /** The host's program; the one of this installation unless a test brings its own. */
  readonly hostMain?: string
}

/** How long a host that was just started may take until it listens, in ms. */
const START_LIMIT_MS = 20_000
const TAKEN_RETRY_MS = 50
/** How often it is looked, with that pause, whether a host that was killed is gone. */
const END_TRIES = 100
/** Beyond it the file is set aside for the next host, in place of the one set aside before. */
const MAX_STDERR_BYTES = 1024 * 1024
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
  const { dataDir } = options
  const connection = { ...options, socketPath: socketPath(dataDir, "host"), key: linkKey(dataDir) }
  const until = performance.now() + START_LIMIT_MS
  let { mayStart } = options
  if (options.mayEnd && (await isSilent(connection))) {
    await endHost(dataDir)
    // What it had journaled is told by another.
    mayStart = true
  }
  for (;;) {
    const link = mayStart ? await connectOrNull(connection) : await connectLocal(connection)
    if (link !== null) return retiringStrangers(link, options.version)
    const signal = await startHost(options)
    if (signal.kind === "failed") throw notStarted(signal.reason)
    if (signal.kind === "ready") return connectLocal(connection)
    // Another one holds the lock without listening: it is just starting, or just leaving.
    if (performance.now() > until) throw heldTooLong(signal.pid)
    await delay(TAKEN_RETRY_MS)
  }
}

/** Asked once more, by a greeting of its own. */
async function isSilent(options: LocalOptions): Promise<boolean> {
  try {
    const link = await connectLocal({ ...options, onEvent: () => undefined, onLive: () => undefined })
    link.close()
    return false
  } catch (error) {
    return error instanceof HostLinkError && error.code === "silent"
  }
}

/**
 * Kills the process that wrote itself down as the host, if it is still that process. Its agents are left to the next
 * host, which knows which of them live on by themselves.
 */
async function endHost(dataDir: string): Promise<void> {
  const holder = readHolder(join(dataDir, "host.lock.holder"))
  if (holder?.startTime === undefined || (await processStart(holder.pid)) !== holder.startTime) return
  process.kill(holder.pid, "SIGKILL")
  for (let tries = 0; tries < END_TRIES && (await processStart(holder.pid)) === holder.startTime; tries += 1)
    await delay(TAKEN_RETRY_MS)
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
  return new HostLinkError("silent", "another host holds the data directory", { failure })
}

async function connectOrNull(options: LocalOptions): Promise<HostLink | null> {
  try {
    return await connectLocal(options)
  } catch (error) {
    if (error instanceof HostLinkError && error.code === "unreachable") return null
    throw error
  }
}

async function startHost(options: LaunchOptions): Promise<ReadySignal> {
  let child: ChildProcess | null = null
  try {
    child = spawnHost(options)
    return ReadySignal.parse(JSON.parse(await readySignalOf(child)))
  } catch (cause) {
    throw new HostLinkError("not_started", `the host could not be started: ${reasonOf(cause)}`, { cause })
  } finally {
    child?.unref()
  }
}

function spawnHost({ dataDir, environment, hostMain }: LaunchOptions): ChildProcess {
  const stderr = openErrorFile(dataDir)
  try {
    return spawn(
      process.execPath,
      [...NODE_OPTIONS, hostMain ?? ownProgram("host/main"), "--data-dir", dataDir, "--ready-fd", "3"],
      {
        cwd: "/",
        detached: true,
        env: { ...hostEnvironment(environment), ...compileCache() },
        stdio: ["ignore", "ignore", stderr, "pipe"],
      },
    )
  } finally {
    closeSync(stderr)
  }
}

/**
 * A system without room for another process or descriptor says so in an event, and makes no pipe: the event is listened
 * for before anything else is looked at.
 */
async function readySignalOf(child: ChildProcess): Promise<string> {
  const isStarted = once(child, "spawn")
  const pipe: unknown = child.stdio?.[3]
  if (!(pipe instanceof Readable)) {
    await isStarted
    throw new Error("it got no ready pipe")
  }
  const timer = setTimeout(() => pipe.destroy(new Error("it did not answer in time")), START_LIMIT_MS)
  try {
    const [said] = await Promise.all([text(pipe), isStarted])
    return said
  } finally {
    clearTimeout(timer)
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
  const path = join(logs, "host-stderr.log")
  const size = statSync(path, { throwIfNoEntry: false })?.size ?? 0
  if (size > MAX_STDERR_BYTES) renameSync(path, `${path}.1`)
  return openSync(path, "a", 0o600)
}

/** Nothing readable: it ended before it could say why. */
function reasonOf(cause: unknown): string {
  return cause instanceof SyntaxError || !(cause instanceof Error)
    ? "it ended at once; logs/host-stderr.log says why"
    : cause.message
}
