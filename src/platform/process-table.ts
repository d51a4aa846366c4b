/** What runs on this machine: read from /proc where there is one, else asked from `ps`. */
import { execFile } from "node:child_process"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { promisify } from "node:util"
import { errorCode } from "./system-error.ts"

export interface ProcessRow {
  readonly pid: number
  readonly parent: number
  readonly group: number
  /** The session it belongs to (`setsid`); 0 where the system does not tell. */
  readonly session: number
  /** Tells this process from a later one with the same pid, also across a reboot. */
  readonly startTime: string
}

export async function listProcesses(): Promise<readonly ProcessRow[]> {
  return hasProc() ? listProc() : listWithPs()
}

/** When the process started, or null when it is gone (a zombie is gone). */
export async function processStart(pid: number): Promise<string | null> {
  if (hasProc()) return readProc(pid, bootId())?.startTime ?? null
  return (await listWithPs(pid))[0]?.startTime ?? null
}

function hasProc(): boolean {
  return existsSync("/proc/self/stat")
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()
}

function listProc(): ProcessRow[] {
  const boot = bootId()
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map((name) => readProc(Number(name), boot))
    .filter((row) => row !== null)
}

/** proc_pid_stat(5). The name in parentheses may itself hold spaces and parentheses, so fields count from the last one. */
function readProc(pid: number, boot: string): ProcessRow | null {
  let stat: string
  try {
    stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  } catch (error) {
    // ESRCH: it ended between opening and reading.
    if (["ENOENT", "ESRCH"].includes(errorCode(error))) return null
    throw error
  }
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  const [state, parent, group, session] = fields
  if (state === "Z" || state === "X") return null
  return {
    pid,
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    startTime: `${boot}:${fields[19]}`,
  }
}

/** ps(1). `lstart` is one of the few columns with a date, and has the same five words on BSD, macOS and Linux. */
async function listWithPs(pid?: number): Promise<ProcessRow[]> {
  const which = pid === undefined ? ["-ax"] : ["-p", String(pid)]
  const { stdout } = await promisify(execFile)("ps", [...which, "-o", "pid=,ppid=,pgid=,stat=,lstart="], {
    env: { PATH: process.env.PATH, LC_ALL: "C" },
    maxBuffer: 16 * 1024 * 1024,
  }).catch((error: unknown) => {
    // `ps -p` ends with 1 when there is no such process.
    if (pid !== undefined && error instanceof Error && "code" in error && error.code === 1)
      return { stdout: "" }
    throw error
  })
  return stdout
    .split("\n")
    .map(parsePsLine)
    .filter((row) => row !== null)
}

export function parsePsLine(line: string): ProcessRow | null {
  const match = /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(\S+)\s+(.+?)\s*$/.exec(line)
  if (!match || match[4]?.startsWith("Z")) return null
  const [, pid, parent, group, , startTime = ""] = match
  return { pid: Number(pid), parent: Number(parent), group: Number(group), session: 0, startTime }
}
