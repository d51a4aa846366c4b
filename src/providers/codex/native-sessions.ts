/** The threads that Codex knows, whoever began them. */
import { readFileSync } from "node:fs"
import { readdir, stat } from "node:fs/promises"
import path from "node:path"
import { isMissing } from "../../platform/system-error.ts"
import type { NativeSession } from "../../protocol/session.ts"
import type { NativeQuery } from "../provider.ts"
import { CLIENT_NAME, type Connection, Refused } from "./connection.ts"
import { isUnknownThread } from "./failure.ts"
import type { Thread } from "./incoming.ts"
import { everyThread } from "./transcript.ts"

const TITLE_LENGTH = 120

export interface Listing {
  readonly connection: Connection
  /** Codex' program, as the owner would start it. */
  readonly program: string
  /** The address of our own server, where it runs and can be joined; else null. */
  readonly address: string | null
}

export async function listNative(
  { connection, program, address }: Listing,
  query: NativeQuery,
): Promise<readonly NativeSession[]> {
  const threads = await readThreads(connection, query)
  const locked = await lockedThreads(connection.codexHome)
  // What this very server has open is open here, not elsewhere.
  const { data: ours } = await connection.request("thread/loaded/list", {})
  return threads
    .filter((thread) => query.workspace === undefined || thread.cwd === query.workspace)
    .map((thread) => {
      const isOurs = ours.includes(thread.id)
      // A thread that is open here is open to nobody else, but a terminal can join it here.
      const join = isOurs && address !== null ? ["--remote", address] : []
      return {
        ...readThread(thread, locked.has(thread.id) && !isOurs),
        terminal: [program, ...join, "resume", thread.id],
      }
    })
}

async function readThreads(connection: Connection, query: NativeQuery): Promise<readonly Thread[]> {
  if (query.nativeId !== undefined) return readOne(connection, query.nativeId)
  const { data } = await connection.request("thread/list", {
    ...everyThread(),
    limit: query.limit,
    ...(query.workspace === undefined ? {} : { cwd: query.workspace }),
  })
  return data
}

async function readOne(connection: Connection, threadId: string): Promise<readonly Thread[]> {
  try {
    return [(await connection.request("thread/read", { threadId })).thread]
  } catch (error) {
    if (error instanceof Refused && isUnknownThread(error.message)) return []
    throw error
  }
}

function readThread(thread: Thread, isElsewhere: boolean): NativeSession {
  return {
    nativeId: thread.id,
    title: titleOf(thread),
    workspace: thread.cwd,
    updatedAt: thread.updatedAt * 1000,
    origin: originOf(thread),
    state: isElsewhere ? "open_elsewhere" : "free",
    settings: {
      ...(thread.model === null ? {} : { model: thread.model }),
      ...(thread.reasoningEffort === null ? {} : { effort: thread.reasoningEffort }),
    },
  }
}

function titleOf({ name, preview }: Thread): string {
  const title = name ?? preview.trim().split("\n")[0] ?? ""
  return title.length <= TITLE_LENGTH ? title : `${[...title].slice(0, TITLE_LENGTH - 1).join("")}…`
}

function originOf({ originator, source }: Thread): NativeSession["origin"] {
  if (originator === CLIENT_NAME) return "ours"
  return source === "cli" || source === "exec" ? "terminal" : "other"
}

/**
 * The threads some process writes to now. Codex holds an flock(2) on a file per thread; who holds one can be seen where
 * there is /proc/locks. Elsewhere it shows when the session is opened.
 */
async function lockedThreads(codexHome: string): Promise<ReadonlySet<string>> {
  const held = heldInodes()
  if (held.size === 0) return new Set()
  const directory = path.join(codexHome, "thread-writer-locks")
  const names = (await orIfMissing(readdir(directory), [])).filter((name) => name.endsWith(".lock"))
  const inodes = await Promise.all(names.map((name) => orIfMissing(stat(path.join(directory, name)), null)))
  const locked = names.filter((_, at) => held.has(inodes[at]?.ino ?? -1))
  return new Set(locked.map((name) => name.slice(0, -".lock".length)))
}

/** proc_locks(5): `1: FLOCK ADVISORY WRITE 10304 fe:00:1548690 0 EOF`. */
function heldInodes(): ReadonlySet<number> {
  try {
    const lines = readFileSync("/proc/locks", "utf8").split("\n")
    return new Set(lines.flatMap((line) => /FLOCK .* \w+:\w+:(\d+) /u.exec(line)?.[1] ?? []).map(Number))
  } catch (error) {
    if (isMissing(error)) return new Set()
    throw error
  }
}

async function orIfMissing<T, U>(result: Promise<T>, otherwise: U): Promise<T | U> {
  try {
    return await result
  } catch (error) {
    if (isMissing(error)) return otherwise
    throw error
  }
}
