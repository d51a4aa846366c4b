/**
 * A lock that the kernel drops when its holder dies: an SQLite file held in an exclusive transaction (advisory file
 * locks underneath), so nothing is ever left to clean up and no native module is needed.
 */
import { readFileSync, rmSync } from "node:fs"
import { DatabaseSync } from "node:sqlite"
import { z } from "zod"
import { writePrivateFile } from "./private-file.ts"
import { isMissing } from "./system-error.ts"

export const LockHolder = z.object({
  pid: z.number().int(),
  startedAt: z.number(),
  purpose: z.string(),
  /** As `process-table.ts` tells it; without it, its pid alone may be another's by now. Older versions wrote none. */
  startTime: z.string().optional(),
})
export type LockHolder = z.infer<typeof LockHolder>

export type Acquired =
  | { readonly kind: "held"; release(): void }
  /** `heldBy` is null while the holder has not yet written who it is. */
  | { readonly kind: "taken"; readonly heldBy: LockHolder | null }

export interface LockRequest {
  /** The lock's file; its directory exists. Who holds it is written beside it, in `<path>.holder`. */
  readonly path: string
  /** What the holder is, for the message of whoever comes second. */
  readonly purpose: string
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Of this process, by `processStart`. */
  readonly startTime?: string | null
}

/** Never waits. @throws when the file cannot be opened at all. */
export function acquireLock({ path, purpose, now, startTime }: LockRequest): Acquired {
  const holderPath = `${path}.holder`
  const database = new DatabaseSync(path, { timeout: 0 })
  try {
    database.exec("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE")
  } catch (error) {
    database.close()
    if (!isBusy(error)) throw error
    return { kind: "taken", heldBy: readHolder(holderPath) }
  }
  const holder: LockHolder = {
    ...{ pid: process.pid, startedAt: now, purpose },
    ...(startTime === undefined || startTime === null ? {} : { startTime }),
  }
  writePrivateFile(holderPath, JSON.stringify(holder))
  return {
    kind: "held",
    release() {
      if (!database.isOpen) return
      rmSync(holderPath, { force: true })
      database.close()
    },
  }
}

/** Who holds the lock, without trying to take it; may name a holder that is gone. */
export function readHolder(holderPath: string): LockHolder | null {
  try {
    return LockHolder.safeParse(JSON.parse(readFileSync(holderPath, "utf8"))).data ?? null
  } catch (error) {
    if (error instanceof SyntaxError || isMissing(error)) return null
    throw error
  }
}

const SQLITE_BUSY = 5

function isBusy(error: unknown): boolean {
  return error instanceof Error && "errcode" in error && error.errcode === SQLITE_BUSY
}
