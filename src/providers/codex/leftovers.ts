/** What Codex leaves behind when a command is killed: processes, and empty directories of its sandbox. */
import { readdirSync, readFileSync } from "node:fs"
import { lstat, rmdir } from "node:fs/promises"
import path from "node:path"
import { errorCode, isMissing } from "../../platform/system-error.ts"
import type { Instant } from "../../protocol/ids.ts"
import type { Clock } from "../provider.ts"
import { wait } from "./wait.ts"

/** While a sandboxed command runs, Codex mounts these, read-only and empty, into every directory it may write to. */
const MOUNT_POINTS = [".git", ".agents", ".codex", ".aws"]

export interface SandboxShape {
  readonly type: string
  readonly writableRoots?: readonly string[]
  readonly excludeSlashTmp?: boolean
}

/** Every directory in which a command of this sandbox has them. */
export function sandboxRoots(workspace: string, policy: SandboxShape): readonly string[] {
  if (policy.type !== "workspaceWrite") return []
  return [workspace, ...(policy.writableRoots ?? []), ...(policy.excludeSlashTmp ? [] : ["/tmp"])]
}

export type Litter = readonly string[]

/** Those that are not there now: what is there later was left behind. */
export async function absentMountPoints(roots: readonly string[]): Promise<Litter> {
  const paths = roots.flatMap((root) => MOUNT_POINTS.map((name) => path.join(root, name)))
  const present = await Promise.all(paths.map(exists))
  return paths.filter((_, at) => !present[at])
}

/** Removes them where they are empty directories, nothing else. */
export async function removeLitter(litter: Litter): Promise<void> {
  await Promise.all(litter.map(removeIfEmpty))
}

async function removeIfEmpty(directory: string): Promise<void> {
  try {
    await rmdir(directory)
  } catch (error) {
    if (!["ENOENT", "ENOTEMPTY", "EEXIST", "ENOTDIR", "EBUSY"].includes(errorCode(error))) throw error
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await lstat(file)
    return true
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

const GONE_WITHIN_MS = 1_000
const POLL_MS = 10

export interface Commands {
  readonly thread: string
  /** Commands that ran before are left alone: a server that an earlier turn was asked to start. */
  readonly since: Instant
}

/**
 * Resolves when no command of the thread runs any more; kills what Codex did not end itself. Found by the variable that
 * Codex gives to every command; where the system does not show environments, Codex' own word is taken.
 */
export async function awaitCommandsGone(commands: Commands, clock: Clock): Promise<void> {
  const until = clock.now() + GONE_WITHIN_MS
  for (;;) {
    const left = runningCommands(commands, clock.now())
    if (left.length === 0) return
    if (clock.now() >= until) return left.forEach(kill)
    await wait(clock, POLL_MS)
  }
}

/**
 * Kills whatever was started with this word, a hanging process being deaf to anything less; returns when it is gone.
 * Where the system does not show command lines, nothing is found.
 */
export async function endProcessesOf(word: string, clock: Clock): Promise<void> {
  const until = clock.now() + GONE_WITHIN_MS
  const find = () => processIds().filter((pid) => readProc(`${pid}/cmdline`).split("\0").includes(word))
  for (let left = find(); left.length > 0 && clock.now() < until; left = find()) {
    left.forEach(kill)
    await wait(clock, POLL_MS)
  }
}

/** proc_pid_stat(5) counts in ticks of 10 ms since boot, so the ages are this exact and no more. */
const TICKS_PER_SECOND = 100
const AGE_SLACK_SECONDS = 0.1

function runningCommands({ thread, since }: Commands, now: Instant): readonly number[] {
  const mark = `CODEX_THREAD_ID=${thread}\0`
  const found = processIds().filter((pid) => readProc(`${pid}/environ`).includes(mark))
  if (found.length === 0) return []
  const uptime = Number(readProc("uptime").split(" ")[0])
  const maxAge = (now - since) / 1000 + AGE_SLACK_SECONDS
  return found.filter((pid) => uptime - startedAt(pid) <= maxAge)
}

/** Seconds after boot. */
function startedAt(pid: number): number {
  const stat = readProc(`${pid}/stat`)
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return Number(fields[19]) / TICKS_PER_SECOND
}

function processIds(): readonly number[] {
  try {
    return readdirSync("/proc")
      .filter((name) => /^\d+$/u.test(name))
      .map(Number)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
}

/** Empty for processes of others and those that are gone. */
function readProc(file: string): string {
  try {
    return readFileSync(`/proc/${file}`, "latin1")
  } catch (error) {
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(errorCode(error))) return ""
    throw error
  }
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL")
  } catch (error) {
    if (!["ESRCH", "EPERM"].includes(errorCode(error))) throw error
  }
}
